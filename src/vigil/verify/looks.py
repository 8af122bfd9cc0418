"""Every look at the probes of a plan since its actions ran, and what a row of looks says."""

from collections import defaultdict

from vigil.domain.plan import Plan
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.proof import ProbeChange
from vigil.verify.baseline import Baseline
from vigil.verify.neighbours import worse

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
WELL = 4
"""Looks in a row after which a neighbour is well again."""


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

    @property
    def steady(self) -> bool:
        """Quick probes pass over the window, and every neighbour passes again, or fails as before.

        A neighbour that nobody could look at before has to pass now: who knows what it was. So has
        one that shows the cause, however it looked before.
        """
        return self.symptom_gone and not self.ailing

    @property
    def symptom_gone(self) -> bool:
        """The quick proving probes have passed often enough, for long enough."""
        return all(
            self._lasts(ref) and self._passes(ref) >= self._needed(ref) for ref in self._quick
        )

    @property
    def ailing(self) -> tuple[ProbeRef, ...]:
        """The neighbours that are not yet as well as they have to be."""
        return tuple(
            ref
            for ref in self._plan.neighbours
            if self._passes(ref) < WELL
            and (ref in self._plan.of_the_cause or not self._failed(ref))
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
    def worse(self) -> str | None:
        """The first neighbour that has got worse by more than chance, and how, as a sentence."""
        for ref in self._plan.neighbours:
            why = worse(self._baseline.looks_at(ref), self._of[ref])
            if why is not None:
                return f"{ref} {why}"
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
        """It failed before, and nobody ever saw it pass."""
        outcomes = {look.outcome for look in self._baseline.looks_at(ref)}
        return ProbeOutcome.FAILING in outcomes and ProbeOutcome.PASSING not in outcomes

    def _lasts(self, ref: ProbeRef) -> bool:
        return self._streak(ref) >= WINDOW_S
