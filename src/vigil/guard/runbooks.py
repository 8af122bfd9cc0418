"""What the guard says of a runbook before it is ever used: its scripts, bound to sample values."""

import re
from collections.abc import Iterator

from vigil.domain.effects import RISK_OF, EffectKind, Effects
from vigil.domain.parameters import ITEM, SAMPLES, Missing, Parameters, bind
from vigil.domain.runbook import Runbook, Step
from vigil.domain.runbook_file import Mistake, Parsed
from vigil.guard.analysis import analyse, analyse_action
from vigil.guard.rules import DEFAULT_RULES, Rules

_STRICT = re.compile(r"\s*(?:#[^\n]*\s+)*set -(?:e|eu|ue|euo pipefail)(?:\s|;|$)")


def lint_scripts(parsed: Parsed, rules: Rules = DEFAULT_RULES) -> tuple[Mistake, ...]:
    """Every step whose script or undo cannot be judged, or is not what the step says."""
    runbook = parsed.runbook
    if runbook is None:
        return ()
    return tuple(
        Mistake(path=runbook.path, line=line, text=f"step '{step.title}': {text}", remedy=remedy)
        for step, line in zip(runbook.steps, parsed.step_lines, strict=True)
        for text, remedy in _said(runbook, step, rules)
    )


def _said(runbook: Runbook, step: Step, rules: Rules) -> Iterator[tuple[str, str]]:
    script = _sample(step.script)
    undo = None if step.undo is None else _sample(step.undo)
    effects = analyse_action(script, undo, rules)
    if step.raw:
        yield from _of_free_form(runbook, step, effects)
        return
    yield from _unreadable("script", script, effects)
    called = {call.verb for call in effects.calls}
    if effects.kind is not EffectKind.UNKNOWN and called != set(step.verbs):
        calls = ", ".join(sorted(called)) or "none"
        yield f"it names other verbs than its script calls ({calls})", "correct `- verbs:`"
    if undo is not None:
        undone = analyse(undo, rules)
        yield from _unreadable("undo", undo, undone)
        if undone.kind is EffectKind.READ:
            yield "its undo changes nothing", "write the calls that restore the former state"
    risk = RISK_OF[effects.kind]
    if effects.kind is not EffectKind.UNKNOWN and risk.rank > runbook.risk_level.rank:
        text = f"its effects are {effects.kind}, a risk of {risk}; declared is {runbook.risk_level}"
        yield text, f"write `risk_level: {risk}`"


def _of_free_form(runbook: Runbook, step: Step, effects: Effects) -> Iterator[tuple[str, str]]:
    """Nobody can say what it does; but what it calls of the broker it has to name."""
    called = {call.verb for call in effects.calls}
    if called != set(step.verbs):
        calls = ", ".join(sorted(called)) or "none"
        yield f"it names other verbs than its script calls ({calls})", "correct `- verbs:`"
    risk = RISK_OF[EffectKind.UNKNOWN]
    if runbook.risk_level is not risk:
        text = f"with a raw grant it is of free form, a risk of {risk}"
        yield f"{text}; declared is {runbook.risk_level}", f"write `risk_level: {risk}`"


def _unreadable(name: str, script: str, effects: Effects) -> Iterator[tuple[str, str]]:
    for effect in effects.effects:
        if effect.kind is EffectKind.UNKNOWN:
            text = f"line {effect.line} of its {name}: {effect.reason}"
            yield text, "write only what `vigil guard check` can judge"
    if len(effects.calls) > 1 and _STRICT.match(script) is None:
        text = f"its {name} goes on after a failed call"
        yield text, "begin it with `set -eu`"


def _sample(template: str) -> str:
    parameters = Parameters(values={**SAMPLES, ITEM: SAMPLES["processes"][:1]})
    bound = bind(template, parameters)
    return template if isinstance(bound, Missing) else bound
