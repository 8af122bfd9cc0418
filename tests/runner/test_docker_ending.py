"""What the end of a container is called, by what is known of it."""

import pytest

from vigil.domain.plan import PeakUse
from vigil.runner.docker.ending import Found, Report
from vigil.runner.isolation import End
from vigil.runner.limits import Limits
from vigil.runner.output import Tail


def found(
    *,
    cut: End | None = None,
    report: Report | None = None,
    starved: bool = False,
    removed: bool = True,
) -> Found:
    return Found(cut, report, starved, removed=removed, tail=Tail(Limits()))


def reported(code: int | None, killed: int | None = 0) -> Report:
    return Report(code=code, out_of_memory=killed, memory_bytes=7, processes=3, cpu_s=0.5)


@pytest.mark.parametrize(
    ("known", "end", "exit_code"),
    [
        (found(report=reported(0)), End.EXITED, 0),
        (found(report=reported(7)), End.EXITED, 7),
        (found(report=reported(7, killed=None)), End.EXITED, 7),
        (found(report=reported(0, killed=2)), End.EXITED, 0),
        (found(report=reported(1, killed=2)), End.OUT_OF_MEMORY, None),
        (found(cut=End.TIMED_OUT, report=reported(None)), End.TIMED_OUT, None),
        (found(cut=End.KILLED, report=reported(0)), End.KILLED, None),
        # Everything in it is dead: that its name is still on the engine's list changes nothing.
        (found(report=reported(0), removed=False), End.EXITED, 0),
        # Process 1 thought that the runner was gone.
        (found(report=reported(None)), End.LOST, None),
        (found(cut=End.TIMED_OUT), End.TIMED_OUT, None),
        (found(cut=End.TIMED_OUT, removed=False), End.LOST, None),
        (found(starved=True), End.OUT_OF_MEMORY, None),
        (found(starved=True, removed=False), End.LOST, None),
        (found(), End.LOST, None),
    ],
)
def test_the_end(known: Found, end: End, exit_code: int | None) -> None:
    assert (known.end, known.exit_code) == (end, exit_code)
    assert ("nobody knows" in known.output) == (end is End.LOST)


def test_what_is_not_known_of_its_use_is_not_told() -> None:
    limits = Limits()
    assert found(report=reported(0)).peak(limits) == PeakUse(memory_bytes=7, processes=3, cpu_s=0.5)
    assert found(starved=True).peak(limits) == PeakUse(memory_bytes=limits.memory_bytes)
    assert found().peak(limits) == PeakUse()
