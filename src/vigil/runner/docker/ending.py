"""What is known of a container that has ended, and what its end is called."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vigil.domain.plan import PeakUse
from vigil.runner.isolation import End
from vigil.runner.limits import Limits
from vigil.runner.output import Tail


class Report(BaseModel):
    """What process 1 said at the end; it is ours, and still read strictly."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: int | None = Field(ge=0, le=255)
    """None when the script was cut off."""
    out_of_memory: int | None = Field(ge=0)
    """How many processes the kernel killed for the sandbox's memory."""
    memory_bytes: int | None = Field(ge=0)
    processes: int | None = Field(ge=0)
    cpu_s: float | None = Field(ge=0)


def read_report(said: bytes) -> Report | None:
    """None when process 1 was killed before it could report, or while it did."""
    try:
        return Report.model_validate_json(said)
    except ValidationError:
        return None


class Found(NamedTuple):
    """All that is known when a container is gone, or cannot be reached any more."""

    cut: End | None
    """Why the runner ended it, if it did."""
    report: Report | None
    starved: bool
    """The engine says that there was no memory left; it is asked where there is no report."""
    removed: bool
    tail: Tail

    @property
    def end(self) -> End:
        """Nothing but that it is lost is said of a container that may still run."""
        if self.report is None:
            if not self.removed:
                return End.LOST
            return self.cut or (End.OUT_OF_MEMORY if self.starved else End.LOST)
        if self.cut is not None:
            return self.cut
        if self.report.code is None:
            return End.LOST
        return End.OUT_OF_MEMORY if self.report.code and self.report.out_of_memory else End.EXITED

    @property
    def exit_code(self) -> int | None:
        """Of a script that came to its own end."""
        return self.report.code if self.report is not None and self.end is End.EXITED else None

    def peak(self, limits: Limits) -> PeakUse:
        """What the control groups counted, as far as anybody told."""
        if self.report is None:
            # The kernel kills for memory only when all of it is used; here process 1 fell too.
            return PeakUse(memory_bytes=limits.memory_bytes if self.starved else None)
        return PeakUse(
            memory_bytes=self.report.memory_bytes,
            processes=self.report.processes,
            cpu_s=self.report.cpu_s,
        )

    @property
    def output(self) -> str:
        """The tail of what it printed, and that it was lost if it was."""
        if self.end is not End.LOST:
            return self.tail.text
        lost = "[the Docker engine lost the sandbox: nobody knows how far the script came]"
        return "\n".join(filter(None, [self.tail.text, lost]))
