"""What an owner says that a service consists of (``inventory`` in ``vigil.yaml``)."""

from pydantic import Field

from vigil.domain.probes.base import HttpUrl
from vigil.domain.value import Name, Value


class Canary(Value):
    """A query whose number only grows while nothing is taken away, such as how many orders there
    are; asked with a role that only reads.
    """

    dsn: str
    query: str = Field(min_length=1, max_length=4000)


class InventorySource(Value):
    """What a service consists of, beside what its processes, metrics and probes say already."""

    routes: tuple[HttpUrl, ...] = Field(default=(), max_length=50)
    """Pages and answers that have to go on being what they are; asked for with GET."""
    rows: dict[Name, Canary] = Field(default={}, max_length=20)
