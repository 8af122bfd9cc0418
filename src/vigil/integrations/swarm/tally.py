"""What became of the sessions so far."""

from vigil.domain.strain import Strain
from vigil.domain.swarm import (
    Spread,
    StepSpread,
    Stop,
    SwarmProgress,
    SwarmReport,
    SwarmSpec,
    grouped,
)


class Tally:
    """Counts of one swarm, and how long everything took."""

    def __init__(self, spec: SwarmSpec, texts: tuple[str, ...]) -> None:
        """``texts``: the steps in words."""
        self._spec = spec
        self._texts = texts
        self._steps: dict[int, list[float]] = {}
        self._whole: list[float] = []
        self._failures: list[tuple[int, str]] = []
        self._browsers_mb = self._own_mb = 0.0
        self.strain = Strain()
        self.open = self.open_at_once = 0
        self.held = self.held_at_once = 0
        self.failed = self.lost = 0

    @property
    def done(self) -> int:
        """Sessions in which all went well."""
        return len(self._whole)

    def begin(self) -> None:
        """One more session is there."""
        self.open += 1
        self.open_at_once = max(self.open_at_once, self.open)

    def took(self, number: int, seconds: float) -> None:
        """A step went well."""
        self._steps.setdefault(number, []).append(seconds)
        self.strain.took(number, seconds)

    def wait(self) -> None:
        """One more session is held."""
        self.held += 1
        self.held_at_once = max(self.held_at_once, self.held)

    def well(self, seconds: float) -> None:
        """A whole walk went well."""
        self._whole.append(seconds)
        self.strain.ended(well=True)

    def ill(self, number: int, text: str, *, lost: bool) -> None:
        """A session ended at a step."""
        self._failures.append((number, text))
        self.lost += lost
        self.failed += not lost
        self.strain.ended(well=False)

    def weigh(self, browsers_mb: float, own_mb: float) -> None:
        """What everything takes now."""
        self._browsers_mb = max(self._browsers_mb, browsers_mb)
        self._own_mb = max(self._own_mb, own_mb)

    def progress(self, seconds: float, browsers_mb: float, own_mb: float) -> SwarmProgress:
        """How far it has come."""
        return SwarmProgress(
            seconds=seconds,
            open=self.open,
            held=self.held,
            done=self.done,
            failed=self.failed,
            lost=self.lost,
            rate=self.done / seconds if seconds else 0.0,
            browsers_mb=browsers_mb,
            own_mb=own_mb,
            whole=Spread.of(self._whole),
        )

    def report(self, seconds: float, stopped: Stop | None) -> SwarmReport:
        """What became of all of them."""
        ended = self.done + self.failed + self.lost
        return SwarmReport(
            spec=self._spec,
            done=self.done,
            failed=self.failed,
            lost=self.lost,
            unfinished=self._spec.sessions - ended,
            open_at_once=self.open_at_once,
            held_at_once=self.held_at_once,
            seconds=seconds,
            steps=tuple(
                StepSpread(number=number, text=text, spread=Spread.of(self._steps.get(number, ())))
                for number, text in enumerate(self._texts, start=1)
            ),
            whole=Spread.of(self._whole),
            failures=grouped(self._failures),
            browsers_mb=self._browsers_mb,
            own_mb=self._own_mb,
            stopped=stopped,
        )
