"""What every kind of probe says of itself."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, PositiveFloat, StringConstraints

from vigil.domain.value import Value

HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]


MILLISECONDS = "ms"


class ProbeSpec(Value):
    """A kind adds ``kind``, what it looks at, and what it expects to see."""

    # A bound that is no number would be kept by everything that is measured.
    model_config = ConfigDict(allow_inf_nan=False)

    unit: ClassVar[str] = ""
    """What its results' ``value`` counts, where that is not plain from the probe itself."""
    long: ClassVar[bool] = False
    """It takes long, or does much: nobody runs it just to look around."""
    alone: ClassVar[bool] = False
    """Whatever else Vigil does at the same time would show in what it measures."""
    timeout_s: PositiveFloat = Field(default=3.0, le=30.0)
    """All of one look together."""

    @property
    def only_reads(self) -> bool:
        """Nothing that it sends may change something where it arrives."""
        return True

    @property
    def budget(self) -> float | None:
        """The most that its results' ``value`` may be, where its kind gives one to a time."""
        return None
