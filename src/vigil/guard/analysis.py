"""The guard's judgement: what a script would do, and the calls that the broker may then allow."""

import re
from collections import Counter
from collections.abc import Sequence

from vigil.domain.effects import Call, Effect, EffectKind, Effects
from vigil.domain.verbs.base import NAME
from vigil.guard.reading import Command, Obstacle, read, read_plain
from vigil.guard.rules import DEFAULT_RULES, Rules

_PRINTABLE = re.compile(r"[\x20-\x7e\t\n]*")
_CALL = "vigil-do"
_MIN_CALL_WORDS = 3


def analyse(script: str, rules: Rules = DEFAULT_RULES) -> Effects:
    """What this script would do; ``calls`` are its literal calls in order.

    Never raises. A script that contains anything the rules do not know is ``unknown``, whatever
    else it contains.
    """
    illegible = _illegible(script, rules)
    if illegible is not None:
        return Effects(kind=EffectKind.UNKNOWN, effects=(illegible,))
    reading = read(script)
    effects = [_unknown(o.line, o.reason) for o in reading.obstacles]
    calls: list[Call] = []
    if not (effects or reading.commands):
        effects.append(_unknown(1, "no command in it; write what it should do"))
    if len(reading.commands) > rules.max_commands:
        effects.append(_unknown(1, f"more than {rules.max_commands} commands; split the script"))
    for command in reading.commands[: rules.max_commands]:
        effect, call = _judge(command, rules)
        effects.append(effect)
        if call is not None:
            calls.append(call)
    return Effects(kind=_worst(effects), effects=tuple(effects), calls=tuple(calls))


def surely_unknown(script: str, rules: Rules = DEFAULT_RULES) -> bool:
    """Whether a first look is enough to see that ``analyse`` calls this script unknown.

    It is far quicker, as it gives no reasons. False promises nothing.
    """
    if _illegible(script, rules) is not None:
        return True
    plain = read_plain(script)
    return isinstance(plain, Obstacle) or not all(_is_known(c.words[0], rules) for c in plain)


def _is_known(name: str, rules: Rules) -> bool:
    return name == _CALL or rules.read(name) is not None


def analyse_action(script: str, undo: str | None, rules: Rules = DEFAULT_RULES) -> Effects:
    """What an action would do, its undo considered.

    Without an undo that can be read and has what takes back each call, nothing that changes
    something is better than disruptive. Whether its words are the right ones, nobody can tell here.
    """
    effects = analyse(script, rules)
    reason = _not_undone(effects.calls, undo, rules)
    if reason is None or effects.kind is not EffectKind.REVERSIBLE:
        return effects
    raised = tuple(
        e.model_copy(update={"kind": EffectKind.DISRUPTIVE, "reason": f"{e.reason}; {reason}"})
        if e.kind is EffectKind.REVERSIBLE
        else e
        for e in effects.effects
    )
    return effects.model_copy(update={"kind": EffectKind.DISRUPTIVE, "effects": raised})


def _not_undone(calls: Sequence[Call], undo: str | None, rules: Rules) -> str | None:
    if undo is None:
        return "there is no undo"
    back = analyse(undo, rules)
    if back.kind is EffectKind.UNKNOWN:
        return "the guard cannot read the undo"
    undone_by = {verb.name: verb.undone_by for verb in rules.verbs}
    needed = Counter(name for call in calls if (name := undone_by[call.verb]))
    there = Counter(call.verb for call in back.calls if call not in calls)
    missing = needed - there
    return f"the undo lacks {', '.join(sorted(missing))}" if missing else None


def _illegible(script: str, rules: Rules) -> Effect | None:
    if len(script) > rules.max_bytes:
        return _unknown(1, f"longer than {rules.max_bytes} bytes; split the script")
    legible = _PRINTABLE.match(script)
    end = legible.end() if legible else 0
    if end == len(script):
        return None
    line = script.count("\n", 0, end) + 1
    return _unknown(line, f"the character {script[end]!a}; write plain ASCII")


def _worst(effects: list[Effect]) -> EffectKind:
    return max((e.kind for e in effects), key=lambda kind: kind.rank, default=EffectKind.READ)


def _unknown(line: int, reason: str) -> Effect:
    return Effect(kind=EffectKind.UNKNOWN, resource="?", reason=reason, line=line)


def _judge(command: Command, rules: Rules) -> tuple[Effect, Call | None]:
    name, *arguments = command.words
    if name == _CALL:
        return _judge_call(command, rules)
    rule = rules.read(name)
    if rule is None:
        known = ", ".join([_CALL, *sorted(r.name for r in rules.reads)])
        remedy = f"use the word {_CALL} alone" if name.endswith(f"/{_CALL}") else f"known: {known}"
        return _unknown(command.line, f"the command '{name}' is not known ({remedy})"), None
    if re.fullmatch(rule.words, "\n".join(arguments)) is None:
        return _unknown(command.line, f"'{name}' may only be used as: {rule.usage}"), None
    read_only = Effect(
        kind=EffectKind.READ, resource="-", reason=f"{name} changes nothing", line=command.line
    )
    return read_only, None


def _judge_call(command: Command, rules: Rules) -> tuple[Effect, Call | None]:
    if len(command.words) < _MIN_CALL_WORDS:
        return _unknown(command.line, f"write {_CALL} VERB GRANT ARGUMENT..."), None
    _, verb, grant, *rest = command.words
    rule = rules.verb(verb)
    if rule is None:
        known = ", ".join(sorted(r.name for r in rules.verbs))
        return _unknown(command.line, f"the verb '{verb}' is not known (known: {known})"), None
    if re.fullmatch(NAME, grant) is None:
        return _unknown(command.line, f"'{grant}' cannot be the name of a grant"), None
    arguments = tuple(rest)
    if not rule.admits(arguments):
        usage = f"{_CALL} {verb} {grant} {rule.usage}".rstrip()
        return _unknown(command.line, f"these are not the arguments of: {usage}"), None
    effect = Effect(
        kind=rule.kind,
        resource=rule.resource_of(grant, arguments),
        reason=rule.reason,
        line=command.line,
    )
    return effect, Call(verb=verb, grant=grant, arguments=arguments)
