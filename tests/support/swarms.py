"""A swarm in the test's hand, and a service that asks for one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.support.hand_clock import HandClock

from vigil.domain.catalogue import Catalogue
from vigil.domain.journey import JourneyProbe
from vigil.domain.swarm import (
    FailureGroup,
    Spread,
    StepSpread,
    Stop,
    SwarmProgress,
    SwarmReport,
    SwarmSpec,
    SwarmWish,
)
from vigil.ports.swarm import Watch

WALK = JourneyProbe.model_validate({"steps": [{"open": "http://127.0.0.1:1/"}]})
WISH = SwarmWish(journey="customer", sessions=20, rate=10)


def asking(known: Catalogue, wish: SwarmWish = WISH) -> Catalogue:
    """The same catalogue, in which `web` asks for a swarm."""
    web = known.services["web"]
    changed = web.model_copy(update={"probes": {**web.probes, "customer": WALK}, "swarm": wish})
    return known.model_copy(update={"services": {**known.services, "web": changed}})


def report(
    spec: SwarmSpec,
    *,
    failed: int = 0,
    lost: int = 0,
    unfinished: int = 0,
    stop: Stop | None = None,
    steps: tuple[StepSpread, ...] = (),
) -> SwarmReport:
    """What became of it, where the others got through."""
    sample = "it answered 503"
    done = spec.sessions - failed - lost - unfinished
    return SwarmReport(
        spec=spec,
        done=done,
        failed=failed,
        lost=lost,
        unfinished=unfinished,
        open_at_once=spec.sessions,
        held_at_once=0,
        seconds=9.0,
        steps=steps,
        whole=Spread(count=done, p50=1.0, p95=2.0, p99=3.0),
        failures=tuple(
            FailureGroup(number=7, shape="it answered #", count=count, sample=sample)
            for count in (failed,)
            if count
        ),
        browsers_mb=50.0,
        own_mb=100.0,
        stopped=stop,
    )


@dataclass
class ScriptedSwarm:
    """Fulfils ``ports.swarm.Swarm``: takes its time, asks its watch, and ends as the test says."""

    clock: HandClock
    ends: Callable[[SwarmSpec], SwarmReport] = report
    looks: int = 3
    """Times that the watch is asked, ten seconds apart."""
    during: Callable[[], Awaitable[None] | None] = lambda: None
    """Something that happens each time; may raise."""
    sent: list[SwarmSpec] = field(default_factory=list)

    async def run(self, spec: SwarmSpec, journey: JourneyProbe, watch: Watch) -> SwarmReport:
        assert journey == WALK
        self.sent.append(spec)
        for number in range(1, self.looks + 1):
            self.clock.advance(10)
            if (happening := self.during()) is not None:
                await happening
            stop = await watch(_so_far(10.0 * number, spec))
            if stop is not None:
                return report(spec, unfinished=spec.sessions, stop=stop)
        return self.ends(spec)


@dataclass
class Notebook:
    """Fulfils ``verify.bearing.Diary`` in memory."""

    kept: SwarmReport | None = None
    against: str | None = None
    called_off: Stop | None = None
    begun: list[tuple[SwarmSpec, str]] = field(default_factory=list)
    heard: list[SwarmProgress] = field(default_factory=list)

    async def report(self) -> SwarmReport | None:
        return self.kept

    async def begin(self, spec: SwarmSpec, journey: str) -> str | None:
        if self.against is None:
            self.begun.append((spec, journey))
        return self.against

    async def hear(self, progress: SwarmProgress) -> Stop | None:
        self.heard.append(progress)
        return self.called_off

    async def keep(self, report: SwarmReport) -> None:
        self.kept = report


def _so_far(seconds: float, spec: SwarmSpec) -> SwarmProgress:
    return SwarmProgress(
        seconds=seconds,
        open=spec.sessions,
        held=0,
        done=0,
        failed=0,
        lost=0,
        rate=0.0,
        browsers_mb=50.0,
        own_mb=100.0,
        whole=Spread.of([]),
    )
