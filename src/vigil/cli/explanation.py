"""An incident in plain words, made from what its timeline, its plan and its proof say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from vigil.cli.advice import About, Advice, advise, without_plan
from vigil.cli.sentences import MEANING, heard_from
from vigil.domain.account import Account
from vigil.domain.value import Value

HEADLINES = {
    "verified": "It is fixed, and proven.",
    "false_alarm": "Nothing was wrong, so nothing was done.",
    "nothing_to_check": "Nothing was done, because nobody could say whether it is true, or whether "
    "a cure would help. A person has to look.",
    "not_executed": "Nothing was done. A person has to look.",
    "not_fixed": "It is not proven that it is fixed. A person has to look.",
    "regressed": "Something got worse after it acted. A person has to look.",
}
ANSWERS = {
    "approved": "{by} agreed to the plan.",
    "rejected": "{by} said no to the plan.",
    "withdrawn": "Nobody had answered yet when the symptom was gone, so Vigil took the plan back.",
    "expired": "Nobody answered the plan in time, and no answer means no.",
    "cancelled": "{by} took the incident in hand and told Vigil to begin nothing more.",
}
NO = "The gate said no: "
WORTH_TELLING = 0.01
"""Likelihood of an explanation that was not the leading one; less than this was ruled out."""
SYMPTOM = "symptom"


class Thought(Value):
    """One explanation; ``evidence_for`` and ``evidence_against`` are what was seen, in words."""

    text: str
    likelihood: float
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]


class Explanation(Value):
    """Lists of sentences, each in the order in which to read it."""

    schema_: str = Field(default="vigil.explain/1", serialization_alias="schema")
    incident: str
    headline: str
    happened: tuple[str, ...]
    thought: tuple[Thought, ...]
    before: tuple[str, ...]
    """What became of incidents like this one."""
    models: tuple[str, ...] = ()
    """Which models were asked and what it cost, or what was saved as none had to be."""
    alternatives: tuple[str, ...] = ()
    """What whoever wrote the plan, or the model that would write none, weighed besides."""
    would_change_mind: tuple[str, ...] = ()
    """What would have to be seen for another proposal."""
    acted: bool
    actions: tuple[str, ...]
    """What was done, or would have been."""
    why: tuple[str, ...]
    to_change: tuple[str, ...]
    proof: tuple[str, ...]
    accounts: tuple[Account, ...] = ()
    """Of each attempt: the criteria, each probe before and after, and what is in place."""
    ended: tuple[str, ...] = ()
    """What came of acting, where that is no proof."""
    learned: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    """While a person is asked: line by line what would be run, and what would undo it."""
    left_to_do: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What the API says of one incident."""

    incident: dict[str, Any]
    events: list[dict[str, Any]]
    proof: dict[str, Any] | None = None
    accounts: tuple[Account, ...] = ()

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Payloads of one kind, oldest first; an erased one says nothing any more."""
        return [e["payload"] for e in self.events if e["kind"] == kind and e["payload"]]

    def last(self, kind: str) -> dict[str, Any]:
        """The newest payload of one kind, or nothing."""
        found = self.all(kind)
        return found[-1] if found else {}

    @property
    def acted(self) -> bool:
        """Whether anything was started."""
        return bool(self.all("executed"))

    @property
    def remedy(self) -> dict[str, Any]:
        """The last plan that was meant to cure it."""
        cures = [plan for plan in self.all("planned") if plan["kind"] == "remedy"]
        return cures[-1] if cures else {}

    @property
    def proposal(self) -> dict[str, Any]:
        """What the model said last: it is part of its plan, and stands alone where it has none."""
        return self.remedy or self.last("thought")

    @property
    def about(self) -> About:
        """What the gate's rules are about here."""
        recalled = self.last("runbooks")
        runbook = next(
            (m for m in recalled.get("matches", ()) if m["id"] == self.remedy.get("runbook")), None
        )
        likelihood = float(recalled.get("likelihood", 0.0))
        return About(self.incident["service"], runbook, likelihood)


def explain_incident(told: Told) -> Explanation:
    """The whole of it."""
    advice = tuple(_advice(told))
    return Explanation(
        incident=told.incident["id"],
        headline=_headline(told),
        happened=tuple(_happened(told)),
        thought=tuple(_thoughts(told)),
        before=tuple(_before(told)),
        models=tuple(p["text"] for p in told.all("thought")),
        alternatives=tuple(told.proposal.get("alternatives", ())),
        would_change_mind=tuple(told.proposal.get("would_change_mind", ())),
        acted=told.acted,
        actions=tuple(_actions(told)),
        why=tuple(_why(told, advice)),
        to_change=_to_change(told, advice),
        proof=(*_proof(told), *_ended(told)),
        accounts=told.accounts,
        ended=tuple(_ended(told)),
        learned=tuple(p["text"] for p in told.all("learned")),
        scripts=tuple(_scripts(told)),
        left_to_do=tuple(_left_to_do(told)),
    )


def _headline(told: Told) -> str:
    incident = told.incident
    if incident["waiting_on"] == "approval":
        return "There is a plan, and it waits for a person."
    if incident["waiting_on"]:
        return "There is a plan, and it waits until another incident is done with what it touches."
    if incident["closed_at"] is None:
        return f"It is being worked on: {MEANING[incident['stage']]}."
    if told.all("recurred"):
        return "It was proven fixed, and came back."
    return HEADLINES[incident["outcome"]]


def _happened(told: Told) -> Iterator[str]:
    """That it came back comes first: whoever reads it as new trouble looks in the wrong place."""
    yield from (p["text"] for kind in ("came_back", "recurred") for p in told.all(kind))
    incident = told.incident
    sources = heard_from(
        dict.fromkeys(p["source"] for k in ("opened", "alert_joined") for p in told.all(k))
    )
    yield f"{incident['service']}: {incident['symptom']}, reported by {sources or 'nobody known'}."
    if incident["title"] != f"{incident['symptom']} on {incident['service']}":
        yield incident["title"]
    yield from (p["text"] for p in told.all("evidence") if p["investigator"] == SYMPTOM)


def _thoughts(told: Told) -> Iterator[Thought]:
    """What was believed, and the rivals that were not ruled out."""
    seen = {p["id"]: p["text"] for p in told.all("evidence")}
    ranked = told.last("hypotheses").get("ranked", [])
    rivals = [h for h in ranked[1:] if h["likelihood"] >= WORTH_TELLING]
    for each in [*ranked[:1], *rivals]:
        yield Thought(
            text=each["text"],
            likelihood=each["likelihood"],
            evidence_for=tuple(seen.get(i, i) for i in each["supported_by"]),
            evidence_against=tuple(seen.get(i, i) for i in each["contradicted_by"]),
        )


def _before(told: Told) -> Iterator[str]:
    for past in told.last("runbooks").get("past", ()):
        became = past["outcome"].replace("_", " ")
        if past.get("came_back_as"):
            became = f"proven, and back as incident {past['came_back_as']}"
        done = "; ".join(past["actions"])
        said = f"{became} ({done})" if done else f"{became}; nothing was done"
        yield f"{past['at'][:10]}, incident {past['incident']}: {said}. {past['hypothesis']}"


def _actions(told: Told) -> Iterator[str]:
    for action in told.remedy.get("actions", ()):
        effects = action["effects"]
        touched = sorted({e["resource"] for e in effects["effects"] if e["kind"] != "read"})
        undo = "it can be undone" if action["undo"] else f"no undo: {action['no_undo']}"
        what = f"{effects['kind']}: {', '.join(touched)}" if touched else effects["kind"]
        yield f"{action['title']} ({what}; {undo})"


def _advice(told: Told) -> Iterator[Advice]:
    """What the gate said of the cure, and of it just before acting if that was another word."""
    verdicts = [v for v in told.all("judged") if v["plan_digest"] == told.remedy.get("digest")]
    rules = [rule for verdict in verdicts for rule in verdict["rules"]]
    return (advise(rule, told.about) for rule in dict.fromkeys(rules))


def _why(told: Told, advice: tuple[Advice, ...]) -> Iterator[str]:
    yield from (each.said for each in advice)
    for answer, sentence in ANSWERS.items():
        yield from (sentence.format(by=p.get("by")) for p in told.all(answer))
    yield from (p["text"] for p in told.all("not_executed"))
    closed = told.last("closed").get("text", "")
    # A denial is told rule by rule above, and what came of acting is told with the proof.
    if closed and NO not in closed and not told.acted:
        yield closed


def _to_change(told: Told, advice: tuple[Advice, ...]) -> tuple[str, ...]:
    changes = [each.change for each in advice if each.change]
    if not told.remedy:
        reasons = " ".join(r["text"] for r in told.all("reasoned") if r["step"] == "proof")
        changes += without_plan(reasons, told.about)
    return tuple(dict.fromkeys(changes))


def _proof(told: Told) -> Iterator[str]:
    for proof in told.all("proof"):
        yield f"{proof['outcome'].replace('_', ' ')}: {proof['text']}"
    for change in (told.proof or {}).get("probes", ()):
        if change["proves"] and change["before"] and change["after"]:
            ref = f"{change['ref']['service']}/{change['ref']['probe']}"
            last = change["after"][-1]
            yield (
                f"{ref}: {change['before']['outcome']} before ({change['before']['text']}), "
                f"{last['outcome']} after ({last['text']})"
            )


def _ended(told: Told) -> Iterator[str]:
    closed = told.last("closed")
    if told.acted and closed and closed["outcome"] != "verified":
        yield closed["text"]


def _left_to_do(told: Told) -> Iterator[str]:
    incident = told.incident
    if incident["waiting_on"] == "approval":
        answer = f"{incident['id']} --plan {incident['plan_digest']}"
        yield f"Read the plan, then: vigil approve {answer}"
        yield f"or: vigil reject {answer}"
        yield f"or take it in hand yourself: vigil cancel {incident['id']}"
        if incident["expires_at"]:
            yield f"No answer until {incident['expires_at']} means no."
    yield from told.last("closed").get("look_next", ())


def _scripts(told: Told) -> Iterator[str]:
    """What a plan says of itself is no ground to agree to it."""
    if told.incident["waiting_on"] != "approval":
        return
    for action in told.remedy.get("actions", ()):
        for script, runs in (("script", "runs"), ("undo", "would be undone by")):
            lines = str(action[script] or "").split("\n")
            yield from (f"{action['id']} {runs}: {line}" for line in lines if line.strip())
