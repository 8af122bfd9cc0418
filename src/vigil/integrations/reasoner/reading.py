"""What a model answered, read strictly: a draft, or every mistake in it at once.

It is a stranger's text. It has to be one JSON object of the form and nothing besides, to say the
same thing throughout, and to cite and name only what is there.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from vigil.domain.briefing import Briefing, Draft, DraftAction
from vigil.domain.effects import Risk
from vigil.domain.plan import Reason
from vigil.domain.scrub import clean
from vigil.domain.tokens import TOKEN
from vigil.integrations.reasoner.answer import MOST_TEXT, ActionForm, AnswerForm, StepForm

MOST_ANSWER = 200_000
"""Characters of one answer that are read."""
MOST_MISTAKES = 20
MOST_LINE = 500
"""Characters of one line of a script."""
_PLAIN = re.compile(r"[\x20-\x7e\t\n]*")
_OUT_OF_SIGHT = re.compile(rf"[ \t]{{40}}|(?:[ \t]*\n){{6}}|[^\n]{{{MOST_LINE + 1}}}")


class Mistakes(NamedTuple):
    """Why an answer cannot be used, as sentences."""

    sentences: tuple[str, ...]


class _NotOneObject(ValueError):
    """Why it cannot be read as one object that means one thing."""


def read(text: str, briefing: Briefing, asked: Sequence[str]) -> Draft | Mistakes:
    """The draft in an answer; ``asked`` are the ids of what the desk has answered."""
    try:
        form = _form(text)
    except ValidationError as error:
        return Mistakes(tuple(_told(error))[:MOST_MISTAKES])
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, _NotOneObject) else "it is not one JSON object"
        return Mistakes((f"{why}; write the JSON object and nothing around it",))
    mistakes = tuple(_contradictions(form, briefing, asked))[:MOST_MISTAKES]
    return Mistakes(mistakes) if mistakes else _draft(form)


def _form(text: str) -> AnswerForm:
    if len(text) > MOST_ANSWER:
        raise _NotOneObject(f"it is longer than {MOST_ANSWER} characters")
    found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    return AnswerForm.model_validate(found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NotOneObject("a key stands twice in one object")
    return found


def _no_constant(word: str) -> object:
    raise ValueError(word)


def _told(error: ValidationError) -> Iterator[str]:
    """Where and what, without the value: it is the model's own, and may be long."""
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        where = ".".join(map(str, each["loc"])) or "the answer"
        yield f"{clean(where, 120)}: {each['msg']}"


def _contradictions(form: AnswerForm, briefing: Briefing, asked: Sequence[str]) -> Iterator[str]:
    """What does not fit together in it, or does not fit the incident."""
    if not _said(form.summary):
        yield "summary: nothing of it can be seen"
    if form.decision == "act" and not form.actions:
        yield "actions: `act` needs an action at least; otherwise the decision is `escalate`"
    if form.decision == "escalate" and form.actions:
        yield "actions: with `escalate` there are none; nothing is done while a person decides"
    most = briefing.service.limits.max_actions
    if len(form.actions) > most:
        yield f"actions: {len(form.actions)}, and a plan for this service has {most} at most"
    if form.follows_runbook is not None and briefing.match(form.follows_runbook) is None:
        yield "follows_runbook: no runbook with this id was given; write null if none is followed"
    yield from _unknown_evidence(form, briefing, asked)
    for number, action in enumerate(form.actions):
        yield from _of_action(f"actions.{number}", action, briefing)


def _unknown_evidence(form: AnswerForm, briefing: Briefing, asked: Sequence[str]) -> Iterator[str]:
    known = {*asked, *(each.id for each in briefing.evidence)}
    for name, step in _steps(form):
        unknown = [each for each in step.evidence if each not in known]
        if unknown:
            yield f"{name}.evidence: {len(unknown)} of these ids are of nothing that you were given"


def _of_action(where: str, action: ActionForm, briefing: Briefing) -> Iterator[str]:
    if (action.undo is None) == (_no_undo(action) is None):
        yield f"{where}: give exactly one of `undo` and `no_undo`; the other is null"
    if not _said(action.title):
        yield f"{where}.title: nothing of it can be seen"
    if any(each not in briefing.service.raw_grants for each in action.raw):
        yield f"{where}.raw: the service has no raw grant of this name"
    for name, script in (("script", action.script), ("undo", action.undo or "")):
        # A person who approves it has to see what it says.
        if _PLAIN.fullmatch(script) is None:
            yield (
                f"{where}.{name}: it has characters that cannot be seen, or may be taken for "
                "others; write printable ASCII"
            )
        if _OUT_OF_SIGHT.search(script):
            yield (
                f"{where}.{name}: part of it is out of sight, behind many blanks or on a line of "
                f"more than {MOST_LINE} characters; write short lines one below the other"
            )
        if TOKEN.search(script):
            # Nobody puts back what it stands for: it would be done to something of this very name.
            yield f"{where}.{name}: it has a word that stands for something private"


def _steps(form: AnswerForm) -> tuple[tuple[str, StepForm], ...]:
    """The five steps by the names that the form has for them."""
    return (
        ("symptom", form.symptom),
        ("cause", form.cause),
        ("runbook", form.runbook),
        ("remediation", form.remediation),
        ("proof", form.proof),
    )


_RECORDED = {"remediation": "actions"}
"""What a step of the form is called on record, where that is another word."""


def _draft(form: AnswerForm) -> Draft:
    return Draft(
        runbook=form.follows_runbook,
        summary=_said(form.summary),
        reasons=tuple(
            Reason(
                step=_RECORDED.get(name, name),
                text=_said(step.text),
                evidence=tuple(dict.fromkeys(step.evidence)),
            )
            for name, step in _steps(form)
        ),
        actions=tuple(_action(each) for each in form.actions),
        declared_risk=Risk(form.risk),
        verify_with=tuple(dict.fromkeys(form.verify_with)),
        risk_reasons=tuple(map(_said, form.risk_reasons)),
        alternatives=tuple(map(_said, form.alternatives)),
        would_change_mind=tuple(map(_said, form.would_change_mind)),
    )


def _action(form: ActionForm) -> DraftAction:
    return DraftAction(
        title=_said(form.title),
        script=form.script,
        undo=form.undo,
        no_undo=_no_undo(form),
        raw=tuple(dict.fromkeys(form.raw)),
    )


def _no_undo(form: ActionForm) -> str | None:
    """A reason that nobody can see is none."""
    return _said(form.no_undo or "") or None


def _said(text: str) -> str:
    """As people are shown it."""
    return clean(text, MOST_TEXT)
