"""VERIFYING: only probes that failed before and go on passing now are a proof.

Exit code 0 is not "fixed". The proving probes come from the catalogue, are compared with the
baseline and must pass several times in a row over a stabilisation window. What shows the cause has
to pass too, nothing that was well before may have got worse, what the source of the alert counts
has to be where it usually is, and nothing may have been taken away. Then the journeys are walked,
as a user would, and have to end well, and where the service asks for it a swarm of users is sent
through. What cannot be seen never counts as healthy.
"""

import asyncio

from vigil.domain.plan import Execution, Plan
from vigil.domain.probe import ProbeRef
from vigil.domain.proof import Outcome, Proof
from vigil.verify.baseline import Baseline, journeys, look, quick_ones
from vigil.verify.bearing import Bearing
from vigil.verify.counting import SURE, Counting
from vigil.verify.eyes import Eyes
from vigil.verify.grounds import Seen, cut_short, grounds, missing, only_unborne
from vigil.verify.looks import Looks
from vigil.verify.metric import Metric, metric
from vigil.verify.starting import Starting

INTERVAL_S = 2.0
LAST_S = 12.0
"""So long before patience ends it is counted what is there, also where the symptom stays."""


async def verify(
    plan: Plan,
    execution: Execution,
    baseline: Baseline,
    eyes: Eyes,
    bearing: Bearing | None = None,
) -> Proof:
    """Look until it is proven, has got worse, or patience ends.

    ``bearing`` is the swarm that the service asks for; None where it asks for none.
    """
    verification = _Verification(plan, execution, baseline, eyes, bearing)
    if not execution.results:
        text = execution.refused or "No action was started."
        return verification.proof(Outcome.NOT_EXECUTED, text)
    if not plan.proving:
        text = "No probe of the catalogue maps to this symptom, so nothing can prove the cure."
        return verification.proof(Outcome.NOTHING_TO_CHECK, text)
    return await verification.until_proven()


class _Verification:
    """One row of looks after a plan was run, and what they say together."""

    def __init__(
        self,
        plan: Plan,
        execution: Execution,
        baseline: Baseline,
        eyes: Eyes,
        bearing: Bearing | None,
    ) -> None:
        self._plan = plan
        self._execution = execution
        self._baseline = baseline
        self._eyes = eyes
        self._walked = journeys(plan, eyes.catalogue)
        began, starting = eyes.clock.elapsed(), Starting(plan, eyes.catalogue)
        self._patience_s = starting.patience_s
        self._looks = Looks(plan, baseline, self._walked, starting, began)
        self._counting = Counting(plan, baseline.inventory, starting, began)
        self._metric: Metric | None = None
        self._bearing = bearing if execution.succeeded else None

    async def until_proven(self) -> Proof:
        """Journeys are long and do things: they are walked last, when all else is well, one walk at
        a time, and everything else is looked at again after each. So it is after a swarm, which
        is sent when all of that was well.
        """
        clock, looks = self._eyes.clock, self._looks
        quick = quick_ones(self._plan, self._eyes.catalogue)
        until = clock.elapsed() + self._patience_s
        while clock.elapsed() < until:
            looks.add(await look(quick, self._eyes), clock.elapsed())
            if looks.worse is not None:
                return self.proof(Outcome.REGRESSED, f"{looks.worse}.")
            well = await self._all_well(last=until - clock.elapsed() < LAST_S)
            if self._counting.lost:
                return self.proof(Outcome.REGRESSED, self._counting.text)
            through = well and looks.walked_well
            if through:
                if self._bearing is None or self._bearing.over:
                    return self._proven()
                until += await self._bearing.send()
            walked = self._walked if well and not through and looks.may_walk else ()
            await self._between_looks(walked)
        return await self._out_of_patience()

    async def _between_looks(self, walked: tuple[ProbeRef, ...]) -> None:
        """An interval, with a walk, or another look at what has to pass more often than the rest.

        Not at the neighbours: the more often they are asked, the likelier is one worse by chance.
        """
        clock, looks = self._eyes.clock, self._looks
        if walked:
            row, _ = await asyncio.gather(look(walked, self._eyes), clock.sleep(INTERVAL_S))
            looks.add(row, clock.elapsed())
            return
        await clock.sleep(INTERVAL_S / 2)
        looks.add(await look(looks.doubted, self._eyes), clock.elapsed())
        await clock.sleep(INTERVAL_S / 2)

    async def _out_of_patience(self) -> Proof:
        """Where looks took long, what is missing is counted until it is sure that it is lost."""
        for _ in range(SURE - 1):
            if self._counting.doubtful:
                await self._eyes.clock.sleep(INTERVAL_S)
                await self._counting.again(self._eyes)
        if self._counting.lost:
            return self.proof(Outcome.REGRESSED, self._counting.text)
        text = cut_short(self._execution) + missing(self._seen())
        return self.proof(Outcome.NOT_FIXED, text)

    async def _all_well(self, *, last: bool) -> bool:
        """All but the journeys. What costs more than a look is asked when the looks are good."""
        steady = self._looks.steady and self._baseline.still_failing(self._plan.proving)
        if steady or last:
            usual, bad = self._baseline.usual, self._baseline.bad
            self._metric = await metric(self._plan, self._eyes, usual, bad)
            await self._counting.again(self._eyes)
        back = self._metric is not None and self._metric.back is not False
        return steady and back and self._counting.whole

    def _proven(self) -> Proof:
        """The symptom is gone; that proves the plan only if the plan was run to its end."""
        if not self._execution.succeeded:
            text = (
                "The symptom went away, but the plan was not run to its end; a person should look."
            )
            return self.proof(Outcome.NOT_FIXED, text)
        if self._bearing is not None and not self._bearing.borne:
            return self.proof(Outcome.NOT_FIXED, self._bearing.ground.text)
        _, *found = grounds(self._seen())
        return self.proof(Outcome.VERIFIED, " ".join(ground.text for ground in found))

    def proof(self, outcome: Outcome, text: str) -> Proof:
        """What was seen so far, as a proof of this outcome."""
        looked = bool(self._execution.results and self._plan.proving)
        found = grounds(self._seen()) if looked else ()
        return Proof(
            outcome=outcome,
            text=text,
            grounds=found,
            bad_before=self._baseline.bad,
            bad_after=self._metric.bad if self._metric else None,
            lost=self._counting.missing,
            counted=self._counting.counted,
            swarm=self._bearing.report if self._bearing else None,
            probes=self._looks.changes(),
            window_s=self._looks.window_s,
            interrupted=self._execution.interrupted or only_unborne(found),
            decided_at=self._eyes.clock.now(),
        )

    def _seen(self) -> Seen:
        return Seen(
            self._plan,
            self._execution,
            self._baseline,
            self._looks,
            self._counting,
            self._metric,
            bool(self._walked),
            self._patience_s,
            self._bearing.ground if self._bearing else None,
        )
