"""A run order: what the worker asks the runner to do, and what the runner must be able to check."""

from vigil.domain.plan import Plan
from vigil.domain.value import Instant, Sha256, Value


class Fence(Value):
    """A lock that the worker holds: the broker refuses a token lower than one it has seen."""

    resource: str
    token: int


class Lease(Value):
    """Locks that are held, and until when."""

    fences: tuple[Fence, ...]
    until: Instant


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
    fences: tuple[Fence, ...]
    lease_until: Instant
    """The runner kills the sandbox well before this."""


class Health(Value):
    """Whether a part works, and if not what to do about it."""

    part: str
    ok: bool
    text: str
    remedy: str | None = None
