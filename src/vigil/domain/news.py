"""Word that incidents have changed: how far they have come, and nothing of what happened."""

from vigil.domain.value import Value


class News(Value):
    """How far the record of one incident has come.

    ``seq`` numbers its newest event; ``version`` is raised by each change of its row, so that what
    was read at a version is known to be out of date at the next.
    """

    incident: str
    seq: int
    version: int


class Gap(Value):
    """Anything may have changed unheard until now: who wants to know looks at the record."""

    all_heard: bool
    """Whether, until the next gap, the changes of all processes are heard, or of this one only."""
