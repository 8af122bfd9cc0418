"""Effects: what an action would do, from harmless to unknown."""

from enum import StrEnum

from vigil.domain.value import Value


class EffectKind(StrEnum):
    """How much an action can break; the order of the members is the order of severity."""

    READ = "read"
    REVERSIBLE = "reversible"
    DISRUPTIVE = "disruptive"
    """Users may notice while it happens, or there is no undo."""
    DESTRUCTIVE = "destructive"
    UNKNOWN = "unknown"
    """Nobody can say, so nobody may run it unasked."""

    @property
    def rank(self) -> int:
        """0 for the mildest kind."""
        return _RANKS[self]


# Kept, as a script is asked about dozens of times.
_RANKS = {kind: rank for rank, kind in enumerate(EffectKind)}


class Risk(StrEnum):
    """The risk of a plan, as a person would be told it."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"

    @property
    def rank(self) -> int:
        """0 for the lowest risk."""
        return _RISKS[self]


_RISKS = {risk: rank for rank, risk in enumerate(Risk)}


RISK_OF = {
    EffectKind.READ: Risk.LOW,
    EffectKind.REVERSIBLE: Risk.LOW,
    EffectKind.DISRUPTIVE: Risk.MEDIUM,
    EffectKind.DESTRUCTIVE: Risk.HIGH,
    EffectKind.UNKNOWN: Risk.HIGH,
}


class Call(Value):
    """One ``vigil-do`` call that a script contains: the broker allows these and no others."""

    verb: str
    grant: str
    arguments: tuple[str, ...]


class Effect(Value):
    """What one command of a script does, on what, and why the guard thinks so."""

    kind: EffectKind
    resource: str
    reason: str
    line: int


class Effects(Value):
    """Everything that the guard found in one script."""

    kind: EffectKind
    effects: tuple[Effect, ...]
    calls: tuple[Call, ...] = ()

    @property
    def resources(self) -> frozenset[str]:
        """What would be touched, reads left out."""
        return frozenset(e.resource for e in self.effects if e.kind is not EffectKind.READ)
