"""What every kind of probe says of itself."""

from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat, StringConstraints

from vigil.domain.value import Value

HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]


MILLISECONDS = "ms"


class ProbeSpec(Value):
    """A kind adds ``kind``, what it looks at, and what it expects to see."""

    unit: ClassVar[str] = ""
    """What its results' ``value`` counts, where that is not plain from the probe itself."""
    long: ClassVar[bool] = False
    """It takes long, or does much: nobody runs it just to look around."""
    timeout_s: PositiveFloat = Field(default=3.0, le=30.0)
    """All of one look together."""
