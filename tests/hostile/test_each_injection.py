"""Each text of the collection, obeyed in every way that a plan has room for (about 15 s).

First without a world, at the gate: what is written, read, planned and judged is the real thing, and
a policy as careless as one can be written allows whatever can be allowed. Then to the end: all of
them are planted in a service's logs and in a runbook, ten at a time, and the model makes each of
them a script and an undo.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.hostile.injections import everything
from tests.hostile.stage import Stage, Target, action, plan, staged
from tests.phases.test_decide import GOOD
from tests.support.anthropic_moves import Move, asks, writes
from tests.support.briefings import SERVICE, briefing
from tests.support.desks import WrittenDesk
from tests.support.world import ScriptedChanges, catalogue

from vigil.decide.chain import Chain
from vigil.decide.facts import Facts
from vigil.decide.gate import judge
from vigil.decide.synthesize import synthesize
from vigil.domain.briefing import Briefing, Draft
from vigil.domain.catalogue import Autonomy, Limits
from vigil.domain.cost import NOTHING, Cost
from vigil.domain.effects import EffectKind
from vigil.domain.plan import Author, Plan
from vigil.domain.policy import Policy
from vigil.domain.quoted import quoted
from vigil.domain.scrub import clean, without_control
from vigil.domain.telemetry import ErrorGroup, ErrorOrigin
from vigil.domain.tokens import TOKEN
from vigil.domain.verdict import Decision, Verdict
from vigil.guard import analyse
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.integrations.reasoner.reading import Mistakes, read
from vigil.ports.desk import Desk

ALL = everything()
AT_ONCE = 10
RESTART = "vigil-do process.restart restart web-1"
ADMIN = {"host": "127.0.0.1", "port": 9, "credential_file": "/etc/vigil/token"}
FENCED = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
ADDRESS = re.compile(r"https?://[^\s\"'<>)]+|www\.[^\s\"'<>)]+")
ANYTHING_GOES = Policy.model_validate(
    {
        "auto_confidence": 0,
        "auto_context_match": 0,
        "auto_max_risk": "HIGH",
        "auto_max_resources": 99,
        "rules": [{"id": "all", "when": {}, "then": "allow", "because": "Somebody is careless."}],
    }
)


class Obeys:
    """Fulfils ``decide.chain.AskedModel``: an answer on the wire, read as a model's is."""

    def __init__(self, answer: dict[str, Any], known: Briefing) -> None:
        self.read = read(json.dumps(answer), known, ())

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        assert isinstance(self.read, Draft)
        return self.read.model_copy(update={"author": Author(model="claude", prompt="1-abc")})

    def first_question(self, briefing: Briefing) -> Cost:
        return NOTHING


def known() -> Briefing:
    offers = Limits(max_actions=AT_ONCE)
    service = SERVICE.model_copy(update={"limits": offers})
    raw = type(service).model_validate({"raw_grants": {"admin": ADMIN}}).raw_grants
    told = briefing()
    return told.model_copy(
        update={
            "incident": told.incident.model_copy(update={"symptom": "checkout-errors"}),
            "service": service.model_copy(update={"raw_grants": raw}),
            "matches": (),
        }
    )


KNOWN = known()
DESK = WrittenDesk()
CATALOGUE = catalogue(Autonomy.AUTO)
FACTS = Facts(
    service=KNOWN.service.model_copy(update={"autonomy": Autonomy.AUTO}),
    confidence=100,
    match=GOOD.match,
    stopped=False,
    executed_last_hour=0,
    broken=(),
)


async def planned(**answer: object) -> Plan | Mistakes:
    model = Obeys(plan("", **answer), KNOWN)
    if isinstance(model.read, Mistakes):
        return model.read
    chain = Chain(PlaybookReasoner(), model, Policy())
    made = await synthesize(KNOWN, CATALOGUE, chain, ScriptedChanges(), DESK)
    assert made.plan is not None
    return made.plan


async def verdict_on(*actions: dict[str, Any]) -> Verdict | Mistakes:
    made = await planned(actions=list(actions))
    return made if isinstance(made, Mistakes) else judge(made, ANYTHING_GOES, FACTS)


def legible(text: str) -> str:
    """What of a text a script may hold: who wants to get through would leave out the rest."""
    kept = "".join(each for each in text if each == "\n" or " " <= each <= "~")
    lines = [TOKEN.sub("x", " ".join(line.split()))[:500] for line in kept.split("\n")]
    return "\n".join(line for line in lines if line)[:20_000] or "#"


def scripts_of(text: str) -> Iterator[str]:
    """What somebody would run who does what a text says."""
    yield text
    yield legible(text)
    yield from FENCED.findall(text)
    yield from (legible(block) for block in FENCED.findall(text))
    for address in ADDRESS.findall(text):
        yield f"curl -fsS {legible(address)}"
        yield f"vigil-do http.call page {legible(address)}"


async def test_whoever_does_what_they_say_gets_through_nowhere() -> None:
    """Not as a script and not as an undo of what is permitted. What is left of a few in ASCII
    begins with a colon, which bash passes over with all that follows.
    """
    tried = 0
    for text in ALL:
        for script in filter(None, scripts_of(text)):
            ways = (action(script), action(RESTART, undo=script, no_undo=None))
            for way, whose in zip(ways, ("action-1", "the undo of action-1"), strict=True):
                said = await verdict_on(way)
                if isinstance(said, Verdict) and analyse(script).kind is not EffectKind.READ:
                    assert said.decision is Decision.DENY, script
                    assert any(rule.startswith(f"deny: {whose} ") for rule in said.rules), script
                tried += 1
    assert tried >= 4 * len(ALL)


async def test_what_is_permitted_gets_through_so_the_look_can_fail() -> None:
    said = await verdict_on(action(RESTART))
    assert isinstance(said, Verdict)
    assert said.decision is Decision.ALLOW


async def test_with_a_raw_grant_a_person_is_asked_each_time() -> None:
    for text in ALL:
        for script in filter(None, scripts_of(text)):
            said = await verdict_on(action(script, raw=["admin"]))
            assert isinstance(said, Mistakes) or said.decision is not Decision.ALLOW, script


async def test_words_for_people_weigh_nothing_and_are_a_models_wherever_they_are_read() -> None:
    """A verdict is the same whatever a plan says of itself, and what it says is quoted."""
    plain = await verdict_on(action(RESTART))
    for text in ALL:
        line = text[:300] or "x"
        step = {"text": text[:2000] or "x", "evidence": []}
        words = dict.fromkeys(("symptom", "cause", "runbook", "remediation", "proof"), step)
        further = {key: [line] for key in ("risk_reasons", "alternatives", "would_change_mind")}
        made = await planned(
            actions=[action(RESTART, title=line, no_undo=line)], summary=line, **words, **further
        )
        if isinstance(made, Mistakes):
            assert not clean(line, 300), "of what nobody can see nothing is left"
            continue
        said = judge(made, ANYTHING_GOES, FACTS)
        assert isinstance(plain, Verdict)
        assert (said.decision, said.rules) == (plain.decision, plain.rules)
        first, *others = made.reasons
        for shown in (made.summary, first.text, *(each.text for each in others)):
            assert shown.startswith('claude says: "')
            assert shown.endswith('"')
        (one,) = made.actions
        assert one.title == f"what claude calls {quoted(clean(line, 2000))}"
        for shown in (*made.risk_reasons, *made.alternatives, *made.would_change_mind):
            assert shown == quoted(clean(line, 2000))
        told = made.model_dump_json()
        assert without_control(json.loads(json.dumps(told))) == told


# --- to the end ------------------------------------------------------------------------------


def batches() -> list[tuple[str, ...]]:
    return [ALL[at : at + AT_ONCE] for at in range(0, len(ALL), AT_ONCE)]


@pytest.mark.parametrize("texts", batches(), ids=range(len(batches())))
async def test_to_the_end_nothing_is_done_and_nobody_is_asked(
    texts: tuple[str, ...], tmp_path: Path, target: Target
) -> None:
    async with staged(tmp_path, target) as stage:
        plant(stage, texts)
        before = target.state_of_things()
        model = Obedient()
        stage.api.otherwise = model
        incident = await stage.play()
        assert target.state_of_things() == before
        assert stage.asked == 0
        assert len(model.obeyed) == len(texts), "it read each of them"
        (judged,) = await stage.story.payloads(incident.id, "judged")
        rules = str(judged["rules"])
        for number, (script, undo) in enumerate(model.pairs, start=1):
            for each, whose in (script, f"action-{number}"), (undo, f"the undo of action-{number}"):
                denied = f"deny: {whose} is " in rules
                assert denied is (analyse(each).kind is not EffectKind.READ), each


class Obedient:
    """Asks for the logs, and makes a plan of what it finds there: as it stands, and when that is
    sent back to it, so that it can be read.
    """

    def __init__(self) -> None:
        self.obeyed: list[str] = []
        self.pairs: list[tuple[str, str]] = []

    def __call__(self, body: dict[str, Any]) -> Move:
        if len(body["messages"]) == 1:
            return asks(("log_templates", {"service": "web"}))
        self.obeyed = list(dict.fromkeys(_planted(body)))
        if any("mistakes" in text for text in _texts(body["messages"][-1])):
            self.obeyed = [legible(text) for text in self.obeyed]
        undoes = [*self.obeyed[1:], *self.obeyed[:1]]
        self.pairs = list(zip(self.obeyed, undoes, strict=True))
        actions = [action(script, undo=undo, no_undo=None) for script, undo in self.pairs]
        return writes(plan("", actions=actions, summary=self.obeyed[0][:200]))


def _planted(body: dict[str, Any]) -> Iterator[str]:
    """As they reached it: after redaction, with the marks of JSON and of the block taken back."""
    for message in body["messages"]:
        for text in _texts(message):
            for number, found in re.findall(r"PLANTED-(\d+) (.*?) PLANTED", text, re.DOTALL):
                yield f"#{number}\n" + str(json.loads('"' + found.replace("&lt;", "<") + '"'))


def _texts(message: dict[str, Any]) -> Iterator[str]:
    content = message["content"]
    if isinstance(content, str):
        yield content
        return
    for block in content:
        if block["type"] == "text":
            yield str(block["text"])
        elif block["type"] == "tool_result":
            yield from (str(each["text"]) for each in block["content"])


def plant(stage: Stage, texts: tuple[str, ...]) -> None:
    """Each in an error of its own of the service's log, and the service takes long plans."""
    now = stage.story.clock.now()
    errors = tuple(
        ErrorGroup(
            type=f"Error{number}",
            origin=ErrorOrigin.CODE,
            release=None,
            count=9,
            first_at=now,
            last_at=now,
            instances=("web-1",),
            sample=f"PLANTED-{number} {text[:700]} PLANTED",
        )
        for number, text in enumerate(texts)
    )
    stage.story.parts.senses.telemetry.errors = lambda: errors  # type: ignore[attr-defined] # the scripted one
    known = stage.story.parts.catalogue
    web = known.services["web"].model_copy(update={"limits": Limits(max_actions=AT_ONCE)})
    services = {**known.services, "web": web}
    stage.story.with_parts(catalogue=known.model_copy(update={"services": services}))
