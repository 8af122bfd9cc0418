"""The swarm of one verification, on record before it is sent and after it is over.

Whoever takes over after a crash finds what became of it, or that nobody saw its end. Then it is
sent once more and not again: it may be what Vigil was ended by.
"""

from vigil.domain.journey import JourneyProbe
from vigil.domain.plan import Plan
from vigil.domain.swarm import Stop, Stopped, SwarmProgress, SwarmReport, SwarmSpec
from vigil.story.parts import Parts
from vigil.story.progress import Progress
from vigil.story.recorded import SENT, SWARM, Sent
from vigil.story.telling import tell_sent, tell_swarm, tell_swarm_so_far
from vigil.verify.bearing import Bearing, Sending
from vigil.verify.bystander import Bystander

MOST_SENT = 2
TELL_S = 10.0
"""Between two words of how far it has come."""


def bearing_of(parts: Parts, progress: Progress, plan: Plan) -> Bearing | None:
    """The swarm that a cure of the plan's service has to bear; None where it asks for none."""
    service = parts.catalogue.services.get(plan.service)
    wish = service.swarm if service is not None else None
    journey = service.probes.get(wish.journey) if service is not None and wish else None
    if wish is None or not isinstance(journey, JourneyProbe):
        return None
    bystander = Bystander(
        plan.service,
        parts.catalogue,
        parts.senses.probes,
        parts.senses.telemetry,
        parts.switch,
    )
    sending = Sending(
        swarm=parts.swarm,
        bystander=bystander,
        diary=SwarmDiary(progress),
        clock=parts.senses.clock,
        memory_mb=parts.swarm_memory_mb,
    )
    return Bearing(wish, journey, sending)


class SwarmDiary:
    """Fulfils ``verify.bearing.Diary`` on the record of an incident."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._sessions = 0
        self._told_s = 0.0

    async def report(self) -> SwarmReport | None:
        """What became of it, if a former run saw its end."""
        return await self._progress.recorded.swarm()

    async def begin(self, spec: SwarmSpec, journey: str) -> str | None:
        """Put on record that it is sent; why it must not be."""
        self._sessions = spec.sessions
        before = [n for n in range(1, MOST_SENT + 1) if await self._progress.recorded.sent(n)]
        if len(before) == MOST_SENT:
            return f"Vigil did not live to see the end of it {MOST_SENT} times"
        name, sent = f"{SENT}{len(before) + 1}", Sent(spec=spec, journey=journey)
        if not await self._progress.keep(name, sent, tell_sent(spec, journey), begins=True):
            return str(await self._progress.recorded.cancellation())
        return None

    async def hear(self, progress: SwarmProgress) -> Stop | None:
        """Tell how far it has come, now and then; somebody may have called the incident off."""
        if progress.seconds - self._told_s >= TELL_S:
            self._told_s = progress.seconds
            await self._progress.append(tell_swarm_so_far(progress, self._sessions))
        cancelled = await self._progress.recorded.cancellation()
        return Stop(why=Stopped.TOLD, text=str(cancelled)) if cancelled is not None else None

    async def keep(self, report: SwarmReport) -> None:
        """Put on record what became of it."""
        await self._progress.keep(SWARM, report, tell_swarm(report))
