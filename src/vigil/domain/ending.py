"""How an incident ends, written down before it is closed."""

from vigil.domain.proof import Outcome
from vigil.domain.value import Value


class Ending(Value):
    """``resolved`` closes it; otherwise a person is told, with what to look at next."""

    resolved: bool
    outcome: Outcome
    text: str
    look_next: tuple[str, ...] = ()
