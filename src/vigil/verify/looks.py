"""Every look at the probes of a plan since its actions ran, and what a row of looks says."""

from collections import defaultdict
from typing import NamedTuple

from vigil.domain.plan import Plan
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.proof import ProbeChange
from vigil.verify.baseline import CHANCE_LOOKS, FAILING, Baseline
from vigil.verify.neighbours import WELL, well, worse
from vigil.verify.starting import Starting

WINDOW_S = 10.0
PASSES = 6
"""Looks in a row: with the waits between them they last about as long as the window."""
STEADIER = 24
"""Looks in a row that a probe has to pass which came and went before: of two instances of which one
is broken, six good looks in a row are no rarity; of four with one broken, 24 are one in a thousand.
They come twice as quickly as others.
Of 2,000 plans without effect, of which nothing but such a probe tells, these were taken for a cure:
1 where it fails two looks in three, none where half, 2 where a third, 21 where a quarter.
"""
FOR_EACH_UNSEEN = 2
"""More good looks for each one that was not taken before the plan acted, because it fails slowly:
nobody knows then whether it came and went."""
SPELLS = 2
"""What was well for a while and failed again, since the plan acted, has to be well for so many
times as long: a process that serves for 20 s and dies anew passes many quick looks in between."""
WALKS = 2
"""Walks of each journey in a row that have to end well."""
SURE_WALKS = 5
"""So many where it came and went, or where no quick probe saw the symptom: of journeys that fail
every other time for ever two in a row are no rarity."""
MOST_WALKS = 8
"""A journey does things, such as placing orders; it is not tried for ever."""


class Streak(NamedTuple):
    """How often a probe has passed in a row by now, and how often it has to."""

    ref: ProbeRef
    passes: int
    needed: int


class Looks:
    """The looks of one verification, beside the baseline."""

    def __init__(
        self,
        plan: Plan,
        baseline: Baseline,
        walked: tuple[ProbeRef, ...],
        starting: Starting,
        began: float,
    ) -> None:
        """``walked`` are the proving probes that are journeys; the others are quick. ``began`` is
        when the plan had acted, by a clock that cannot jump.
        """
        self._plan = plan
        self._starting = starting
        self._began = began
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

    @property
    def steady(self) -> bool:
        """Quick probes pass over the window, and every neighbour is as well as before.

        A neighbour that nobody could look at before has to pass now: who knows what it was. So has
        one that shows the cause, however it looked before.
        """
        return self.symptom_gone and not self.ailing

    @property
    def symptom_gone(self) -> bool:
        """The quick proving probes have passed often enough, for long enough."""
        return not self.unsteady

    @property
    def unsteady(self) -> tuple[Streak, ...]:
        """How far those quick proving probes have come that have not come far enough."""
        streaks = (Streak(ref, self._in_a_row(ref), self._needed(ref)) for ref in self._quick)
        return tuple(s for s in streaks if s.passes < s.needed or not self._lasts(s.ref))

    @property
    def doubted(self) -> tuple[ProbeRef, ...]:
        """Those of them that pass by now and have to do so more often than others."""
        return tuple(s.ref for s in self.unsteady if s.passes and s.needed > PASSES)

    @property
    def ailing(self) -> tuple[ProbeRef, ...]:
        """The neighbours that are not yet as well as they have to be."""
        return tuple(ref for ref in self._plan.neighbours if not self._well(ref))

    @property
    def walked_well(self) -> bool:
        """Each journey ended well several times in a row; over the window, if they are all."""
        return all(
            self._in_a_row(ref) >= self._walks(ref) and (bool(self._quick) or self._lasts(ref))
            for ref in self._walked
        )

    @property
    def walks(self) -> int:
        """How many walks in a row prove the journey that has to end well most often."""
        return max(map(self._walks, self._walked), default=WALKS)

    def _walks(self, ref: ProbeRef) -> int:
        came_and_went = bool(self._spells(ref)) or ref in self._baseline.comes_and_goes
        seen = any(FAILING in self._baseline.outcomes(quick) for quick in self._quick)
        alone = not seen and FAILING in self._baseline.outcomes(ref)
        return SURE_WALKS if came_and_went or alone else WALKS

    @property
    def stuck(self) -> ProbeResult | None:
        """The newest walk that did not end well."""
        ends = (self._of[ref][-1] for ref in self._walked if self._of[ref])
        return next((end for end in ends if not end.passes), None)

    @property
    def worse(self) -> str | None:
        """The first neighbour that has got worse by more than chance or a restart explain, and how,
        as a sentence.
        """
        for ref in self._plan.neighbours:
            why = worse(self._baseline.looks_at(ref), self._of[ref])
            if why is not None and not self._may_be_starting(ref):
                return f"{ref} {why}"
        return None

    def _may_be_starting(self, ref: ProbeRef) -> bool:
        return self._when[ref][-1] - self._began < self._starting.within_s(ref.service)

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
                again=self._baseline.looks_at(ref)[1:],
                after=tuple(self._of[ref]),
            )
            for ref in (*self._plan.proving, *self._plan.neighbours)
        )

    def _in_a_row(self, ref: ProbeRef) -> int:
        """How many of the newest looks pass in a row."""
        count = 0
        for result in reversed(self._of[ref]):
            if not result.passes:
                break
            count += 1
        return count

    def _streak(self, ref: ProbeRef) -> float:
        """Seconds from the first to the last of the newest passing looks."""
        count, when = self._in_a_row(ref), self._when[ref]
        return when[-1] - when[-count] if count else 0.0

    def _needed(self, ref: ProbeRef) -> int:
        """How many good looks in a row prove it.

        More where it came and went, before or since, or where few looks would have shown it.
        """
        if self._spells(ref) or ref in self._baseline.comes_and_goes:
            return STEADIER
        unseen = max(CHANCE_LOOKS - len(self._baseline.looks_at(ref)), 0)
        return PASSES + FOR_EACH_UNSEEN * unseen

    def _spells(self, ref: ProbeRef) -> list[float]:
        """Each time that it passed and failed again since the plan acted: seconds in between."""
        spells: list[float] = []
        began: float | None = None
        for result, when in zip(self._of[ref], self._when[ref], strict=True):
            if result.outcome is ProbeOutcome.PASSING and began is None:
                began = when
            elif result.outcome is ProbeOutcome.FAILING and began is not None:
                spells.append(when - began)
                began = None
        return spells

    def _well(self, ref: ProbeRef) -> bool:
        """It is not worse, were it by a restart alone; what shows the cause has to be better."""
        before, since = self._baseline.looks_at(ref), self._of[ref]
        if ref in self._plan.of_the_cause and self._in_a_row(ref) < WELL:
            return False
        return well(before, since) and worse(before, since) is None

    def _lasts(self, ref: ProbeRef) -> bool:
        longest = max(self._spells(ref), default=0.0)
        return self._streak(ref) >= max(WINDOW_S, SPELLS * longest)
