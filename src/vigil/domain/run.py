"""A run order: what the worker asks the runner to do, and what the runner must be able to check."""

from collections.abc import Mapping
from operator import not_
from typing import Annotated

from pydantic import Field, StringConstraints

from vigil.domain.plan import Plan
from vigil.domain.private import MAX_CHARS, MAX_VALUES
from vigil.domain.value import Instant, Sha256, Value


class Fence(Value):
    """A lock that the worker holds: the broker refuses a token lower than one it has seen."""

    resource: str
    token: int


class Lease(Value):
    """Locks that are held, and until when.

    A moment and a length, because clocks are set and messages are late: each bounds the other.
    """

    fences: tuple[Fence, ...]
    until: Instant
    seconds: float
    """From when it was asked for."""


class RunOrder(Value):
    """Run one action of a plan that was judged.

    ``approved_digest`` is what gate or person named; the runner computes the digest of ``plan``
    itself and refuses when they differ. ``run_key`` is the idempotency key of the whole run and
    the prefix of that of each of its calls: the same key never causes the same effect twice.
    """

    run_key: str
    plan: Plan
    approved_digest: Sha256
    action: str
    lease: Lease
    """The runner kills the sandbox well before its end, and begins no call near it."""
    only_if_known: bool = False
    """It was called off: say what became of it, and begin nothing."""
    private: Mapping[str, Annotated[str, StringConstraints(max_length=MAX_CHARS)]] = Field(
        default={}, max_length=MAX_VALUES, repr=False, exclude_if=not_
    )
    """What the tokens that the action reads stand for. On no record, and not for a runner that is
    elsewhere."""


class Health(Value):
    """Whether a part works, and if not what to do about it."""

    part: str
    ok: bool
    text: str
    remedy: str | None = None
    vital: bool = True
    """Whether Vigil is not ready without it; what is not vital is told and does not count."""

    @property
    def missed(self) -> bool:
        """It does not work, and Vigil needs it."""
        return self.vital and not self.ok
