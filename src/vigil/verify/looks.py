"""Every look at the probes of a plan since its actions ran, and what a row of looks says."""

from collections import defaultdict

from vigil.domain.plan import Plan
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.proof import ProbeChange
from vigil.verify.baseline import Baseline

WINDOW_S = 10.0
PASSES = 6
"""Looks in a row: with the waits between them they last about as long as the window."""
STEADIER = 24
"""Looks in a row that a probe has to pass which came and went before: of two instances of which one
is broken, six good looks in a row are no rarity; of four with one broken, 24 are one in a thousand.
"""
WALKS = 2
"""Walks of each journey in a row that have to end well."""
MOST_WALKS = 6
"""A journey does things, such as placing orders; it is not tried for ever."""
WORSE = 4
OF = 8
"""A neighbour that passed before and now does not pass in this many of its newest looks has got
worse; less than that is the restart itself."""


class Looks:
    """The looks of one verification, beside the baseline."""

    def __init__(self, plan: Plan, baseline: Baseline, walked: tuple[ProbeRef, ...]) -> None:
        """``walked`` are the proving probes that are journeys; the others are quick."""
        self._plan = plan
        self._baseline = baseline
        self._walked = walked
        self._quick = tuple(ref for ref in plan.proving if ref not in walked)
        self._of: dict[ProbeRef, list[ProbeResult]] = defaultdict(list)
        self._when: dict[ProbeRef, list[float]] = defaultdict(list)

    def add(self, row: Baseline, elapsed: float) -> None:
        """One more look at some of the probes, and when that was, by a clock that cannot jump."""
        for result in row.results:
            self._of[result.ref].append(result)
            self._when[result.ref].append(elapsed)

    def last(self, ref: ProbeRef) -> ProbeResult:
        """The newest look at a probe that was looked at."""
        return self._of[ref][-1]

    @property
    def steady(self) -> bool:
        """Quick probes pass over the window, and every neighbour passes again, or fails as before.

        A neighbour that nobody could look at before has to pass now: who knows what it was.
        """
        return all(
            self._lasts(ref) and self._passes(ref) >= self._needed(ref) for ref in self._quick
        ) and all(
            self._passes(ref) >= WORSE for ref in self._plan.neighbours if not self._failed(ref)
        )

    @property
    def walked_well(self) -> bool:
        """Each journey ended well several times in a row; over the window, if they are all."""
        return all(
            self._passes(ref) >= WALKS and (bool(self._quick) or self._lasts(ref))
            for ref in self._walked
        )

    @property
    def stuck(self) -> ProbeResult | None:
        """The newest walk that did not end well."""
        ends = (self._of[ref][-1] for ref in self._walked if self._of[ref])
        return next((end for end in ends if end.outcome is not ProbeOutcome.PASSING), None)

    @property
    def worse(self) -> ProbeRef | None:
        """The first neighbour that passed before and often has not passed lately."""
        for ref in self._plan.neighbours:
            ill = sum(r.outcome is not ProbeOutcome.PASSING for r in self._of[ref][-OF:])
            if ill >= WORSE and self._passed_before(ref):
                return ref
        return None

    @property
    def may_walk(self) -> bool:
        """The journeys have not been walked too often."""
        return all(len(self._of[ref]) < MOST_WALKS for ref in self._walked)

    @property
    def window_s(self) -> float:
        """How long the proving probes have been passing; journeys count if they are all."""
        return min((self._streak(ref) for ref in self._quick or self._walked), default=0.0)

    def changes(self) -> tuple[ProbeChange, ...]:
        """Each probe before and after."""
        return tuple(
            ProbeChange(
                ref=ref,
                proves=ref in self._plan.proving,
                before=self._baseline.of(ref),
                after=tuple(self._of[ref]),
            )
            for ref in (*self._plan.proving, *self._plan.neighbours)
        )

    def _passes(self, ref: ProbeRef) -> int:
        """How many of the newest looks pass in a row."""
        count = 0
        for result in reversed(self._of[ref]):
            if result.outcome is not ProbeOutcome.PASSING:
                break
            count += 1
        return count

    def _streak(self, ref: ProbeRef) -> float:
        """Seconds from the first to the last of the newest passing looks."""
        count, when = self._passes(ref), self._when[ref]
        return when[-1] - when[-count] if count else 0.0

    def _needed(self, ref: ProbeRef) -> int:
        """How many good looks in a row prove it; more where it came and went, before or since."""
        outcomes = [result.outcome for result in self._of[ref]]
        passed = outcomes.index(ProbeOutcome.PASSING) if ProbeOutcome.PASSING in outcomes else None
        relapsed = passed is not None and ProbeOutcome.FAILING in outcomes[passed:]
        return STEADIER if relapsed or ref in self._baseline.comes_and_goes else PASSES

    def _failed(self, ref: ProbeRef) -> bool:
        before = self._baseline.of(ref)
        return before is not None and before.outcome is ProbeOutcome.FAILING

    def _lasts(self, ref: ProbeRef) -> bool:
        return self._streak(ref) >= WINDOW_S

    def _passed_before(self, ref: ProbeRef) -> bool:
        before = self._baseline.of(ref)
        return before is not None and before.outcome is ProbeOutcome.PASSING
