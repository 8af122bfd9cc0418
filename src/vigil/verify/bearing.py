"""Whether the cure bears as many users at once as its service asks for.

A swarm is a load of Vigil's own making: it is sent last, when all else is well, and once. While it
is under way nothing that suffers is held against the plan as something that got worse; what still
suffers when it is over is, by the ordinary rules.
"""

from dataclasses import dataclass
from typing import Protocol

from vigil.domain.journey import JourneyProbe
from vigil.domain.proof import Criterion, Ground
from vigil.domain.swarm import Stop, Stopped, SwarmProgress, SwarmReport, SwarmSpec, SwarmWish
from vigil.ports.clock import Clock
from vigil.ports.swarm import Swarm
from vigil.verify.bystander import Bystander

SWARM_S = 300.0
"""The swarm's own deadline: the longest that may be wished for, and time to walk."""
CALM_S = 60.0
"""How long the service may take to recover from a swarm before it is looked at as usual."""
LOOK_S = 2.0
AGAIN_S = 30.0
"""After it everything is looked at once more, and what the source counts is a while behind."""
MOST_TOLD = 2
"""Kinds of failures that the sentence tells; the report has more of them."""


class Diary(Protocol):
    """What is on record of the swarm of one verification, which a crash may begin anew."""

    async def report(self) -> SwarmReport | None:
        """What became of it, if a former run saw its end."""
        ...

    async def begin(self, spec: SwarmSpec, journey: str) -> str | None:
        """Put on record that it is sent; why it must not be, as half a sentence."""
        ...

    async def hear(self, progress: SwarmProgress) -> Stop | None:
        """How far it has come; a reason to end it that lies in the incident, not in the service."""
        ...

    async def keep(self, report: SwarmReport) -> None:
        """Put on record what became of it."""
        ...


@dataclass(frozen=True)
class Sending:
    """What a swarm is sent with."""

    swarm: Swarm | None
    """None where there are no browsers for one."""
    bystander: Bystander
    diary: Diary
    clock: Clock
    memory_mb: int
    """What its browsers may have together."""


class Bearing:
    """The swarm of one verification."""

    def __init__(self, wish: SwarmWish, journey: JourneyProbe, sending: Sending) -> None:
        self._wish = wish
        self._journey = journey
        self._sending = sending
        self._against: str | None = None
        self.report: SwarmReport | None = None
        """What became of it; None while it was not sent."""
        self.over = sending.swarm is None
        """It was sent, or never will be."""

    @property
    def borne(self) -> bool:
        """Every one of them got through, and nothing suffered."""
        return self.ground.met is True

    @property
    def ground(self) -> Ground:
        """The criterion: not met where a user did not get through or the service suffered; where it
        was not sent, or something else cut it short, nobody can say.
        """
        why = self._against or "all else has to be well first"
        if self._sending.swarm is None:
            why = "there is no browser here for one"
        text = f"No swarm was sent: {why}."
        if self.report is not None:
            text = _told(self.report, self._wish.journey)
        return Ground(criterion=Criterion.SWARM, met=self._met, text=text)

    async def send(self) -> float:
        """Send it, once, and wait until the service has recovered; how many seconds more than
        planned the verification may take for it.

        Where something speaks against it just now it is not sent, and may be tried again.
        """
        began = self._sending.clock.elapsed()
        self.report = await self._sending.diary.report()
        if self.report is None:
            if self._sending.swarm is None or not await self._is_let():
                return 0.0
            self.report = await self._sending.swarm.run(self._spec, self._journey, self._watch)
            await self._sending.diary.keep(self.report)
            await self._until_calm()
        self.over = True
        return self._sending.clock.elapsed() - began + AGAIN_S

    @property
    def _met(self) -> bool | None:
        if self.report is None:
            return None
        if self.report.failed or self.report.hurts is not None:
            return False
        return True if self.report.ok else None

    @property
    def _spec(self) -> SwarmSpec:
        return SwarmSpec(
            sessions=self._wish.sessions,
            rate=self._wish.rate,
            most_s=SWARM_S,
            memory_mb=self._sending.memory_mb,
        )

    async def _is_let(self) -> bool:
        objection = await self._sending.bystander.objection()
        if objection is not None:
            self._against = objection.text
            return False
        self._against = await self._sending.diary.begin(self._spec, self._wish.journey)
        self.over = self._against is not None
        return not self.over

    async def _watch(self, progress: SwarmProgress) -> Stop | None:
        reason = await self._sending.diary.hear(progress)
        return reason or await self._sending.bystander.objection()

    async def _until_calm(self) -> None:
        clock = self._sending.clock
        until = clock.elapsed() + CALM_S
        while clock.elapsed() < until:
            objection = await self._sending.bystander.objection()
            if objection is None or objection.why is not Stopped.HURTS:
                return
            await clock.sleep(LOOK_S)


def _told(report: SwarmReport, journey: str) -> str:
    """What became of it, in sentences."""
    spec, whole = report.spec, report.whole
    said = f"{report.done} of {spec.sessions} users, {spec.rate:g} a second, got through {journey}"
    if whole.count:
        said += f" (p50 {whole.p50:.2f} s, p95 {whole.p95:.2f} s, p99 {whole.p99:.2f} s)"
    others = {
        "failed": report.failed,
        "lost their browser": report.lost,
        "did not come to the end": report.unfinished,
    }
    sentences = [", ".join([said, *(f"{count} {what}" for what, count in others.items() if count)])]
    sentences += [
        f"At step {group.number}, {group.count} times: {group.sample.rstrip('.')}"
        for group in report.failures[:MOST_TOLD]
    ]
    if report.stopped is not None:
        sentences.append(f"It was ended early: {report.stopped.text.rstrip('.')}")
    return f"{'. '.join(sentences)}."
