"""The own watcher: from a row of looks at one symptom to an alert, and later its end.

Only the judgement lives here; looking, and how often, is `watcher.py`'s business.
"""

from datetime import timedelta

from vigil.domain.alert import Alert, AlertStatus
from vigil.domain.catalogue import Symptom
from vigil.domain.identity import content_digest
from vigil.domain.probe import ProbeOutcome, ProbeResult
from vigil.domain.telemetry import Ratio
from vigil.domain.value import Instant, Value

SOURCE = "watch"
WELL = timedelta(seconds=30)
WELL_LOOKS = 12
"""How long, and in how many looks, a symptom must be gone before a plan that waits for a person is
taken back: where one of two instances is broken, a few good looks in a row are no rarity."""
AGAIN = timedelta(minutes=1)
"""How often trouble that goes on is told of: if it was closed wrongly, it is opened again."""


def is_bad(symptom: Symptom, results: tuple[ProbeResult, ...], ratio: Ratio | None) -> bool | None:
    """One look at a symptom: bad when any probe fails or the condition holds; None when blind."""
    if any(r.outcome is ProbeOutcome.FAILING for r in results):
        return True
    holds = ratio.exceeds(symptom.condition.above) if symptom.condition and ratio else None
    if holds:
        return True
    if results and all(r.outcome is ProbeOutcome.PASSING for r in results):
        return False
    return holds


class Watched(Value):
    """What the watcher remembers of one symptom: a value that moves forward with each look."""

    service: str
    symptom: str
    streak: int = 0
    """Looks in a row that disagree with ``firing``."""
    since: Instant | None = None
    """The first look of the streak, or of the trouble while firing."""
    firing: bool = False
    told_at: Instant | None = None
    """When the trouble was last told of; it is told again while it goes on."""
    well_since: Instant | None = None
    """The first look of an unbroken row of good ones, up to the newest."""
    well_looks: int = 0
    """How many looks that row has."""

    def seen(
        self, at: Instant, *, bad: bool | None, failures: int
    ) -> tuple["Watched", AlertStatus | None]:
        """After one more look; one that saw nothing changes nothing, but nobody can say "well"."""
        row = self._row_of_good_ones(at, bad=bad)
        if bad is None:
            return row, None
        if bad is self.firing:
            calm = row.model_copy(update={"streak": 0})
            if bad and (self.told_at is None or at - self.told_at >= AGAIN):
                return calm.model_copy(update={"told_at": at}), AlertStatus.FIRING
            return calm, None
        onset = at if self.streak == 0 and not self.firing else self.since
        streak = self.streak + 1
        if streak < failures:
            return row.model_copy(update={"streak": streak, "since": onset}), None
        turned = row.model_copy(update={"streak": 0, "since": onset, "firing": bad, "told_at": at})
        return turned, AlertStatus.FIRING if bad else AlertStatus.RESOLVED

    def _row_of_good_ones(self, at: Instant, *, bad: bool | None) -> "Watched":
        if bad is not False:
            return self.model_copy(update={"well_since": None, "well_looks": 0})
        looks = self.well_looks + 1
        return self.model_copy(update={"well_since": self.well_since or at, "well_looks": looks})

    def is_well(self, at: Instant) -> bool:
        """Every look has been good for so long, and there were so many, that it is not chance."""
        since = self.well_since
        return since is not None and self.well_looks >= WELL_LOOKS and at - since >= WELL

    def alert(self, status: AlertStatus, symptom: Symptom, summary: str, now: Instant) -> Alert:
        """The alert for a turn."""
        return Alert(
            source=SOURCE,
            name=self.symptom,
            service=self.service,
            status=status,
            fingerprint=content_digest([self.service, self.symptom])[7:23],
            severity=symptom.severity,
            summary=summary,
            starts_at=self.since or now,
        )
