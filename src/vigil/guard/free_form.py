"""Scripts of free form: what holds a raw grant may be written in any way, and so is never known."""

from collections.abc import Sequence

from vigil.domain.effects import Effect, EffectKind, Effects
from vigil.domain.raw_grant import resource_of
from vigil.guard.invariants import Breach, Invariant, breaches
from vigil.guard.survey import survey
from vigil.guard.tools import Tools

_HELD_BY_THE_WALL = frozenset({Invariant.STAYS_WITHIN_GRANTS, Invariant.SENDS_NOTHING_OUT})
_REASON = "of free form, with a raw grant: nobody can say beforehand what it does there"


def with_raw(effects: Effects, names: Sequence[str]) -> Effects:
    """The same effects for a script that holds these raw grants, each of which it touches.

    The calls stay what they are: the broker allows no others to a script of free form either.
    """
    if not names:
        return effects
    reached = (
        Effect(kind=EffectKind.UNKNOWN, resource=resource_of(name), reason=_REASON, line=1)
        for name in names
    )
    return effects.model_copy(
        update={"kind": EffectKind.UNKNOWN, "effects": (*effects.effects, *reached)}
    )


def breaches_in(script: str, tools: Tools) -> tuple[Breach, ...]:
    """The promises that a script of free form would break, which no person can lift either.

    That it stays within its grants, and sends nothing elsewhere, is not read out of its text but
    held by the wall around it: it reaches the granted host and port, and nothing else.
    """
    found = breaches(survey(script, "bash", tools).findings, frozenset())
    return tuple(breach for breach in found if breach.invariant not in _HELD_BY_THE_WALL)
