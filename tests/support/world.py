"""A small world for Vigil to look at and to act on, played by the test: ports, not patches."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.hand_clock import HandClock

from vigil.domain.catalogue import (
    Autonomy,
    Catalogue,
    Condition,
    Environment,
    Processes,
    Service,
    ServiceKind,
    Symptom,
    Watch,
)
from vigil.domain.change import Release
from vigil.domain.inventory import Inventory
from vigil.domain.probe import (
    HttpProbe,
    HttpStep,
    Probe,
    ProbeOutcome,
    ProbeRef,
    ProbeResult,
    SqlProbe,
    TcpProbe,
)
from vigil.domain.silence import Silence
from vigil.domain.switch import SwitchState
from vigil.domain.telemetry import (
    BlockingSession,
    ErrorGroup,
    Growth,
    Latency,
    LogTemplate,
    Ratio,
    Usual,
)
from vigil.domain.value import Instant
from vigil.domain.verbs.process import ProcessRestartGrant
from vigil.domain.verbs.release import ReleaseSwitchGrant
from vigil.ports.probes import Probes
from vigil.verify.eyes import Eyes

LETTERS = {"P": ProbeOutcome.PASSING, "F": ProbeOutcome.FAILING, "?": ProbeOutcome.UNKNOWN}
OLD, NEW = "sha256:" + "1" * 64, "sha256:" + "2" * 64

Script = str | Callable[[], str]
"""Letters of LETTERS, one for each look, the last for all that follow; or a letter on demand."""


class ScriptedProbes:
    """Fulfils ``ports.probes.Probes``: each probe sees what the test wrote down for it."""

    def __init__(
        self,
        clock: HandClock,
        scripts: Mapping[str, Script],
        other: str = "P",
        seconds: Mapping[str, float] | None = None,
    ) -> None:
        """``seconds``: what looks say that they took; no time passes."""
        self._clock = clock
        self._scripts = scripts
        self._other = other
        self._seconds = seconds or {}
        self.looks: dict[str, int] = defaultdict(int)

    async def run(self, ref: ProbeRef, probe: Probe) -> ProbeResult:
        script = self._scripts.get(str(ref), self._other)
        letters = script if isinstance(script, str) else script()
        letter = letters[min(self.looks[str(ref)], len(letters) - 1)]
        self.looks[str(ref)] += 1
        return ProbeResult(
            ref=ref,
            outcome=LETTERS[letter],
            text=f"{ref} says {letter}",
            seconds=self._seconds.get(str(ref), 0.01),
            at=self._clock.now(),
        )


@dataclass
class ScriptedTelemetry:
    """Fulfils ``ports.telemetry.Telemetry``; what the test does not say cannot be known."""

    clock: HandClock
    bad: Callable[[], float | None] = lambda: None
    """The share of bad requests now."""
    errors: Callable[[], tuple[ErrorGroup, ...] | None] = lambda: None
    slow: Callable[[Instant, Mapping[str, str]], Latency | None] = lambda since, where: None
    """The latency since a moment, of requests with these labels."""
    usually: Callable[[], Usual | None] = lambda: None
    grown: Callable[[], Growth | None] = lambda: None
    starts: Callable[[], Mapping[str, Instant] | None] = lambda: None

    async def bad_ratio(self, service: str, condition: Condition) -> Ratio | None:
        share = self.bad()
        if share is None:
            return None
        return Ratio(bad=100 * share, total=100, window_s=condition.window_s, at=self.clock.now())

    async def usual(self, service: str, condition: Condition, until: Instant) -> Usual | None:
        return self.usually()

    async def latency(
        self, service: str, since: Instant, where: Mapping[str, str]
    ) -> Latency | None:
        return self.slow(since, where)

    async def growth(self, service: str, metric: str, window_s: float) -> Growth | None:
        return self.grown()

    async def log_errors(self, service: str, since: Instant) -> tuple[ErrorGroup, ...] | None:
        return self.errors()

    async def log_templates(self, service: str, since: Instant) -> tuple[LogTemplate, ...] | None:
        return None

    async def started(self, service: str) -> Mapping[str, Instant] | None:
        return self.starts()


@dataclass
class ScriptedSessions:
    """Fulfils ``ports.sessions.Sessions``."""

    blocking: Callable[[], tuple[BlockingSession, ...] | None] = lambda: None

    async def holding_up(self, service: str) -> tuple[BlockingSession, ...] | None:
        return self.blocking()


@dataclass
class ScriptedInventories:
    """Fulfils ``ports.inventory.Inventories``: what the test says is there, and nothing else."""

    there: Callable[[], Inventory] = Inventory

    async def take(self, services: Sequence[str]) -> Inventory:
        return Inventory(items=tuple(i for i in self.there().items if i.service in services))


@dataclass
class ScriptedSilences:
    """Fulfils ``ports.silences.Silences``."""

    said: Callable[[], tuple[Silence, ...] | None] = tuple

    async def over(self, service: str, symptom: str, at: Instant) -> tuple[Silence, ...] | None:
        return self.said()


@dataclass
class ScriptedChanges:
    """Fulfils ``ports.changes.Changes``."""

    known: tuple[Release, ...] | None = None
    configured: Callable[[], Mapping[str, str] | None] = dict

    async def configuration(self, service: str) -> Mapping[str, str] | None:
        return self.configured()

    async def releases(self, service: str, since: Instant) -> tuple[Release, ...] | None:
        if self.known is None:
            return None
        return tuple(r for r in self.known if r.service == service and r.at >= since)


@dataclass
class HandSwitch:
    """Fulfils ``ports.switch.Switch`` in memory."""

    state: SwitchState = field(default_factory=lambda: SwitchState(stopped=False))

    def read(self) -> SwitchState:
        return self.state

    def set(self, state: SwitchState) -> SwitchState:
        self.state = state
        return state


def http(path: str) -> HttpProbe:
    return HttpProbe(kind="http", steps=(HttpStep(url=f"http://127.0.0.1:1/{path}"),))


def web_service(autonomy: Autonomy = Autonomy.AUTO) -> Service:
    """A web application as the demo's catalogue describes one."""
    return Service(
        kind=ServiceKind.WEB_APPLICATION,
        depends_on=("db",),
        autonomy=autonomy,
        # Most stories begin anew with each trouble; tests/lifecycle/test_recurrence.py tells of the
        # others.
        watch_after_s=0,
        processes=Processes(supervisor="/run/s.sock", names=("web-1", "web-2")),
        probes={"checkout": http("checkout"), "catalogue": http("")},
        symptoms={
            "checkout-errors": Symptom(
                alerts=("CheckoutErrors",),
                probes=("checkout",),
                condition=Condition(metric="requests", bad={"status": "5.."}, above=0.2),
            ),
            "catalogue-errors": Symptom(alerts=("CatalogueErrors",), probes=("catalogue",)),
        },
        grants={
            "release": ReleaseSwitchGrant(
                verb="release.switch", link="/srv/current", releases="/srv/releases"
            ),
            "restart": ProcessRestartGrant(
                verb="process.restart", supervisor="/run/s.sock", processes=("web-1", "web-2")
            ),
        },
    )


def catalogue(
    autonomy: Autonomy = Autonomy.AUTO, environment: Environment = Environment.LAB
) -> Catalogue:
    """A web application and the database that it needs."""
    lock_waiters = SqlProbe(
        kind="sql", dsn="host=/run/pg", query="select 0", max=0, means="database_lock"
    )
    database = Service(
        kind=ServiceKind.DATABASE,
        probes={
            "accepts": TcpProbe(kind="tcp", host="127.0.0.1", port=5432),
            "lock-waiters": lock_waiters,
        },
    )
    return Catalogue(
        version=1,
        environment=environment,
        watch=Watch(interval_s=0.05, failures=3),
        services={"web": web_service(autonomy), "db": database},
    )


def watching(seconds: int, known: Catalogue | None = None) -> Catalogue:
    """This shop, or the usual one, whose cures are watched for so long."""
    known = known or catalogue()
    web = known.services["web"].model_copy(update={"watch_after_s": seconds})
    return known.model_copy(update={"services": {**known.services, "web": web}})


def eyes(
    known: Catalogue,
    probes: Probes,
    clock: HandClock,
    telemetry: ScriptedTelemetry | None = None,
    inventories: ScriptedInventories | None = None,
    silences: tuple[ScriptedSilences, ...] = (),
) -> Eyes:
    """What a proof is looked for with; what the test does not say cannot be known."""
    return Eyes(
        catalogue=known,
        probes=probes,
        telemetry=telemetry or ScriptedTelemetry(clock),
        inventories=inventories or ScriptedInventories(),
        clock=clock,
        silences=silences,
    )
