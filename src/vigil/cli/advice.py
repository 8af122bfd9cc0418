"""Each rule of the gate as a sentence for a person, with what to change to make it otherwise."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vigil.decide.confidence import confidence
from vigil.domain.hypothesis import percent
from vigil.domain.runbook import Record

MOST_TRIALS = 500
"""Beyond so many proven runs in a row more of them make no difference that anybody waits for."""


@dataclass(frozen=True)
class Advice:
    """``change`` is empty where nothing should be changed."""

    said: str
    change: str = ""


@dataclass(frozen=True)
class About:
    """What the sentences are about: a service, and the runbook's entry in the timeline if any."""

    service: str
    runbook: dict[str, Any] | None = None
    likelihood: float = 0.0


Say = Callable[[re.Match[str], About], Advice]


def advise(rule: str, about: About) -> Advice:
    """A rule in words; one that is not known here speaks for itself."""
    decision, _, text = rule.partition(": ")
    for pattern, say in _RULES.get(decision, ()):
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return say(found, about)
    return Advice(rule)


def _only_watches(word: str) -> Say:
    def say(_: re.Match[str], about: About) -> Advice:
        return Advice(
            f"The autonomy of {about.service} is `{word}`: Vigil says what it would do there, and "
            "does nothing.",
            f"To let it act when a person agrees, set `autonomy: approve` on {about.service} in "
            "vigil.yaml and start `vigil serve` again.",
        )

    return say


def _always_asks(_: re.Match[str], about: About) -> Advice:
    return Advice(
        f"The autonomy of {about.service} is `approve`: a person has to agree to every plan.",
        f"To let it act unasked where it is sure, set `autonomy: auto` on {about.service} in "
        "vigil.yaml. Where it is not sure it asks all the same.",
    )


def _not_sure(found: re.Match[str], about: About) -> Advice:
    """Which of the two factors is the weak one, and how it becomes stronger."""
    least = int(found[2])
    said = f"Its confidence was {found[1]}, and {least} is the least to act unasked."
    if about.runbook is None:
        return Advice(said, "Only a plan from a runbook with a record can become that sure.")
    record = Record.model_validate(about.runbook["record"])
    name = about.runbook["id"]
    tried = (
        f"Runbook {name} was never tried on this kind of service"
        if record.trials == 0
        else f"Runbook {name} was proven {record.successes} of {record.trials} times"
    )
    said += f" {tried}; the cause is {percent(about.likelihood)} likely."
    needed = _needed(least, about.likelihood, record)
    if needed is None:
        return Advice(
            said,
            "No record makes up for a cause that is in doubt: give Vigil more to see of "
            f"{about.service} (logs, metrics, release log, probes of what it needs).",
        )
    return Advice(
        said,
        f"After {needed} more proven runs in a row, with a cause as clear as this one, it would be "
        "sure enough. Until then approve its plans where you agree.",
    )


def _needed(least: int, likelihood: float, record: Record) -> int | None:
    """How many further successes would do; None when no number would."""
    for more in range(1, MOST_TRIALS + 1):
        grown = Record(trials=record.trials + more, successes=record.successes + more)
        if confidence(likelihood, grown) >= least:
            return more
    return None


def _fits_badly(found: re.Match[str], about: About) -> Advice:
    reasons = "; ".join(about.runbook["reasons"]) if about.runbook else "no runbook was used"
    return Advice(
        f"The runbook fits by {found[1]} of 100, and {found[2]} is the least to act unasked: "
        f"{reasons}.",
        "If it is the right runbook, let it name this kind of service and this failure type in its "
        "front matter; a check that did not pass speaks against it.",
    )


def _says(text: str, change: str = "") -> Say:
    """Words with places for what the rule says (1, 2, ...) and for the service."""

    def say(found: re.Match[str], about: About) -> Advice:
        places = (found[0], *found.groups())
        return Advice(
            text.format(*places, service=about.service),
            change.format(*places, service=about.service),
        )

    return say


_STEP = r"((?:the undo of )?action-\d+)"
_BY_RULE = r"rule '(\S+)' on (.+?): (.*)"

_RULES: dict[str, tuple[tuple[str, Say], ...]] = {
    "deny": (
        (
            "the stop switch is on",
            _says("The stop switch was on.", "`vigil resume` lets Vigil act again."),
        ),
        (r"autonomy is 'observe'.*", _only_watches("observe")),
        (r"autonomy is 'suggest'.*", _only_watches("suggest")),
        (
            r"risk (\w+) is above (\w+)",
            _says(
                "Its risk is {1}, and above {2} nothing may run here, whoever agrees.",
                "`ask_max_risk` in policy.yaml sets that limit.",
            ),
        ),
        (
            r"(\d+) actions, more than the (\d+) allowed",
            _says(
                "It has {1} actions, and {service} allows {2}.",
                "`limits: {{max_actions: {1}}}` on {service} in vigil.yaml would allow it.",
            ),
        ),
        (
            rf"{_STEP} is (destructive|unknown): (.*)",
            _says(
                "The effects of {1} are {2}: {3}.",
                "No setting allows that. Write the step with the broker's verbs; `vigil guard "
                "check SCRIPT` says what a script would do.",
            ),
        ),
        (
            r"(\S+) holds a credential: (.*)",
            _says(
                "{1} has a credential in its script: {2}.",
                "No setting allows that: scripts are shown and recorded. The broker's verbs need "
                "none.",
            ),
        ),
        (
            r"(\S+) may hold a credential: (.*)",
            _says(
                "{1} may have a credential in its script: it is {2}.",
                "No setting allows that. Split the script, so that it can be looked through.",
            ),
        ),
        (
            rf"{_STEP} needs the grant '(.*)' for (\S+)",
            _says(
                "{1} needs a grant '{2}' with the verb {3}, which {service} does not offer.",
                "To offer it, add it to the grants of {service} in vigil.yaml.",
            ),
        ),
        (
            rf"{_STEP} would act on what Vigil itself stands on: (.*)",
            _says(
                "{1} would act on what Vigil itself needs: {2}.",
                "No setting allows that: Vigil could not see how it ends. Let a person do it, or "
                "give Vigil a place of its own.",
            ),
        ),
        (
            rf"{_STEP} has characters that nobody sees: (.*)",
            _says(
                "{1} has characters in its script that nobody sees: {2}.",
                "No setting allows that: whoever agrees has to see what is run. Write it anew.",
            ),
        ),
        (
            _BY_RULE,
            _says(
                "Rule `{1}` of policy.yaml forbids {2}: {3}.",
                "Whoever wrote that rule can change it in policy.yaml.",
            ),
        ),
        (
            "a step of the rollback was not part of the plan that was judged",
            _says("A step of the undo was not part of the plan that was judged before."),
        ),
    ),
    "ask": (
        ("autonomy is 'approve'", _always_asks),
        (r"confidence (\d+) is below (\d+)", _not_sure),
        (r"context match (\d+) is below (\d+)", _fits_badly),
        (
            r"risk (\w+) is above (\w+)",
            _says(
                "Its risk is {1}, and {2} is the highest to act unasked.",
                "`auto_max_risk` in policy.yaml sets that limit.",
            ),
        ),
        (
            r"it touches (\d+) resources, more than (\d+)",
            _says(
                "It touches {1} things, and {2} is the most to touch unasked.",
                "`auto_max_resources` in policy.yaml sets that limit.",
            ),
        ),
        (
            "no probe could prove it",
            _says(
                "No probe could prove that it helped.",
                "Map a probe of {service} to this symptom in vigil.yaml.",
            ),
        ),
        (
            "a change freeze is on",
            _says(
                "A change freeze is on, so a person has to agree.",
                "`freeze: false` in policy.yaml ends it.",
            ),
        ),
        (
            r"(\d+) plans were executed in the last hour, the breaker is at (\d+)",
            _says(
                "{1} plans were executed within an hour, and from {2} on a person has to agree.",
                "See what keeps breaking. `max_executions_per_hour` in policy.yaml sets that "
                "limit.",
            ),
        ),
        (
            rf"{_STEP} has letters that may be taken for others: (.*)",
            _says(
                "{1} has letters in its script that may look like others: {2}.",
                "Written in plain ASCII it can be read without doubt.",
            ),
        ),
        (
            _BY_RULE,
            _says(
                "Rule `{1}` of policy.yaml wants a person to agree to {2}: {3}.",
                "Whoever wrote that rule can change it in policy.yaml.",
            ),
        ),
        (
            r"no rule of the policy fits (.*)",
            _says(
                "policy.yaml has rules, and none of them fits {1}, so a person has to agree.",
                "A rule with `then: allow` that fits it would let it run unasked.",
            ),
        ),
        (
            r"people have it in hand: (.*)",
            _says(
                "People have it in hand ({1}), so a person has to agree.",
                "Ask them first: two who repair the same thing break it.",
            ),
        ),
        (
            r"(\S+?)(?:, which \S+ depends on,)? is silenced(.*?): (.*)",
            _says(
                "{1} is silenced{2} ({3}), so a person has to agree.",
                "`maintenance` of {1} in vigil.yaml and the silences of Alertmanager say when that "
                "is.",
            ),
        ),
        (
            r"nobody knows whether (\S+) is silenced: no answer",
            _says(
                "Alertmanager did not say whether {1} is silenced, so a person has to agree.",
                "See that it runs: `ALERTMANAGER_URL` says where Vigil looks for it.",
            ),
        ),
        (
            r"rule '(\S+)' let (\d+) plans through in the last hour, its breaker is at (\d+)",
            _says(
                "Rule `{1}` let {2} plans through within an hour, and from {3} on a person has to "
                "agree.",
                "See what keeps breaking. `most_per_hour` of that rule in policy.yaml sets that "
                "limit.",
            ),
        ),
        (
            (
                r"the same trouble came back (.*?) after runbook '(\S+)' was proven to have cured "
                r"it in incident (\S+)"
            ),
            _says(
                "Runbook {2} was proven to have cured this in incident {3}, and {1} later it was "
                "back, so it is not used again for this without a person.",
                "See what brings it back: what holds for so short a time is no cure. "
                "`watch_after_s` on {service} in vigil.yaml says how long that is looked at.",
            ),
        ),
        (
            (
                r"the last plan of (\w+) '(\S+)' held only until what it had cured in incident "
                r"(\S+) came back as incident (\S+); .*? until (.*?), .*"
            ),
            _says(
                "What the last plan of {1} {2} had cured (incident {3}) came back as incident {4}, "
                "so until {5} a person has to agree.",
                "See what brings it back. A plan that you approve and that is proven ends this at "
                "once.",
            ),
        ),
        (
            r"the last plan of (\w+) '(\S+)' was (\S+) in incident (\S+); .*? until (.*?), .*",
            _says(
                "The last plan of {1} {2} was {3} (incident {4}), so until {5} a person has to "
                "agree.",
                "See what went wrong there. A plan that you approve and that is proven ends this "
                "at once.",
            ),
        ),
    ),
    "allow": (
        (_BY_RULE, _says("Rule `{1}` of policy.yaml allows {2}: {3}.")),
        (
            "every step is an undo that was judged with its plan",
            _says("Every step of the undo was judged together with the plan that it undoes."),
        ),
        (r"confidence .*", _says("All that acting unasked needs was there: {0}.")),
    ),
}


_NO_PLAN = (
    (
        r"no grant with the verb (\S+?);",
        "To let Vigil do that, add a grant with the verb {1} to {service} in vigil.yaml.",
    ),
    (
        r"No runbook was found|does not cover|No runbook cures|no remediation steps",
        "If you know what cures this, write a runbook and `vigil ingest runbooks DIRECTORY`.",
    ),
    (
        r"contradicted by its diagnosis checks",
        "The checks say that the runbook is the wrong one here: somebody has to look.",
    ),
)


def without_plan(why: str, about: About) -> tuple[str, ...]:
    """What to change when there was no plan, by the sentence that says why."""
    return tuple(
        change.format("", *found.groups(), service=about.service)
        for pattern, change in _NO_PLAN
        if (found := re.search(pattern, why))
    )
