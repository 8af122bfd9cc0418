"""A service as thin as a scenario needs: some instances behind one door, neighbours, and what is
counted. Its clock is the test's, and its chances are a seed's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from tests.phases.values import executed, plan
from tests.support.hand_clock import START, HandClock
from tests.support.world import (
    LETTERS,
    ScriptedInventories,
    ScriptedSilences,
    ScriptedTelemetry,
    catalogue,
)

from vigil.domain.catalogue import Catalogue
from vigil.domain.inventory import Inventory, Item, Key, Kind
from vigil.domain.plan import Action, Plan
from vigil.domain.probe import Probe, ProbeRef, ProbeResult
from vigil.domain.proof import Proof
from vigil.domain.silence import Silence
from vigil.domain.telemetry import Band, Usual
from vigil.verify.baseline import Baseline, take_baseline
from vigil.verify.eyes import Eyes
from vigil.verify.verify import verify

CATALOGUE: Catalogue = catalogue()
CHECKOUT = "web/checkout"
NEIGHBOURS = ("web/catalogue", "db/accepts", "db/lock-waiters")
WINDOW_S = 15
"""Of the condition: its source counts the requests of so many seconds."""
QUICK_S = 0.02

Course = Callable[[float], float]
"""The share that fails, 0 to 1, by the seconds since the plan acted."""


def always(share: float) -> Course:
    """From then on."""
    return lambda _: share


def until(seconds: float, share: float = 1.0, then: float = 0.0) -> Course:
    """So long, and then something else."""
    return lambda since: share if since < seconds else then


@dataclass
class Thin:
    """The world of one run: how it was, and what the plan makes of it."""

    seed: str
    share: float = 1.0
    """Of the requests of the symptom that fail before the plan acts, 0 to 1."""
    counted: bool = True
    """Somebody counts them."""
    symptom: Course = field(default=always(0.0))
    """How they fare after it."""
    others: dict[str, Course] = field(default_factory=dict)
    """Neighbours that fail after it, beside what they do by chance."""
    takes_s: dict[str, float] = field(default_factory=dict)
    """Neighbours that take so long after it."""
    blind: set[str] = field(default_factory=set)
    """Probes that cannot look after it."""
    before_it: dict[Key, Item] = field(default_factory=dict)
    """What was there in another way than usual before it."""
    after_it: dict[Key, Item | None] = field(default_factory=dict)
    """What is there in another way after it; None: gone."""
    silenced: bool = False
    """After it."""
    metrics_go: bool = False
    """Nobody counts requests after it."""
    rows_go: bool = False
    """They become fewer and fewer after it."""
    noise: Mapping[str, float] = field(default_factory=dict)
    """How often each neighbour fails by chance, before and after."""

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)  # noqa: S311 - variety, not secrecy
        self.clock = HandClock()
        self.acted: float | None = None
        self.instances = self.chance.randint(2, 6)
        self.restart_s = self.chance.choice([0.0, 1.0, 3.0, 8.0, 20.0, 45.0])
        self.noise = {name: self.chance.choice([0.0, 0.0, 0.01, 0.03]) for name in NEIGHBOURS}

    # --- time -------------------------------------------------------------------------------

    @property
    def since(self) -> float | None:
        """Seconds since the plan acted; None before."""
        return None if self.acted is None else self.clock.elapsed() - self.acted

    async def proven(self, *actions: Action) -> tuple[Proof, Plan, float]:
        """Look, act and look for a proof; how long that took at last.

        A symptom that is not seen is not acted on, so the first looks are taken until it is.
        """
        planned = plan(CATALOGUE, *actions)
        baseline = await self.baseline(planned)
        self.acted = began = self.clock.elapsed()
        proof = await verify(planned, executed(planned), baseline, self.eyes)
        return proof, planned, self.clock.elapsed() - began

    async def baseline(self, planned: Plan) -> Baseline:
        for _ in range(20):
            baseline = await take_baseline(planned, self.eyes, START)
            if baseline.still_failing(planned.proving):
                return baseline
        raise AssertionError("the symptom was never seen")

    @property
    def eyes(self) -> Eyes:
        return Eyes(
            catalogue=CATALOGUE,
            probes=self,
            telemetry=ScriptedTelemetry(self.clock, bad=self.bad, usually=_usual),
            inventories=ScriptedInventories(self.there),
            clock=self.clock,
            silences=(ScriptedSilences(self._silences),),
        )

    # --- what there is to see -----------------------------------------------------------------

    async def run(self, ref: ProbeRef, probe: Probe) -> ProbeResult:
        """Fulfils ``ports.probes.Probes``."""
        since, name = self.since, str(ref)
        fails = self._failing(name, since)
        letter = "F" if self.chance.random() < fails else "P"
        if since is not None and name in self.blind:
            letter = "?"
        seconds = QUICK_S if since is None else self.takes_s.get(name, QUICK_S)
        return ProbeResult(
            ref=ref,
            outcome=LETTERS[letter],
            text=f"{name} says {letter}",
            seconds=seconds * self.chance.uniform(0.8, 1.2),
            at=self.clock.now(),
        )

    def _failing(self, name: str, since: float | None) -> float:
        if name == CHECKOUT:
            return self.share if since is None else self.symptom(since)
        worse = self.others.get(name) if since is not None else None
        return max(self.noise.get(name, 0.0), worse(since or 0.0) if worse else 0.0)

    def bad(self) -> float | None:
        """The bad share as its source counts it: over a window that reaches back."""
        since = self.since
        if not self.counted or (self.metrics_go and since is not None):
            return None
        seconds = [WINDOW_S if since is None else since - second for second in range(WINDOW_S)]
        if since is None:
            return self.share
        return sum(self.symptom(s) if s >= 0 else self.share for s in seconds) / WINDOW_S

    def there(self) -> Inventory:
        items = {item.key: item for item in self._usually_there()}
        for key, item in (self.before_it if self.since is None else self.after_it).items():
            items.pop(key, None)
            if item is not None:
                items[key] = item
        return Inventory(items=tuple(items.values()))

    def _usually_there(self) -> list[Item]:
        """Whatever is restarted is gone for a while; pages have their news, and rows grow."""
        since = self.since
        up = since is None or since >= self.restart_s
        found = [instance(f"web-{n}", there=up or n > 1) for n in range(1, self.instances + 1)]
        found += [endpoint(f"10.0.0.{n}:80") for n in range(1, self.instances + 1)]
        news = [frozenset({f"a href /news/{self.chance.randrange(1000)}"}) for _ in ROUTES]
        found += [
            page(path, marks | new, f"{path} {self.chance.random()}")
            for (path, marks), new in zip(ROUTES.items(), news, strict=True)
        ]
        gone = 2000 + 10 * since if self.rows_go and since is not None else 0
        found.append(rows(9000 + self.clock.elapsed() - gone))
        found += [probe(name, "as it was") for name in ("checkout", "catalogue")]
        found.append(watched("checkout-errors", "as it was"))
        return found

    def _silences(self) -> tuple[Silence, ...]:
        if not self.silenced or self.since is None:
            return ()
        return (Silence(service="web", because="quiet, please"),)


ROUTES: Mapping[str, frozenset[str]] = {
    "/": frozenset({"title Shop", "h1 Catalogue", "form action /basket", "a href /about"}),
    "/checkout": frozenset({"title Pay", "h1 Checkout", "form action /orders", "input name card"}),
    "/about": frozenset({"title About", "h1 About us", "a href /", "a href /jobs"}),
}
SORRY = frozenset({"title We will be back", "h1 Maintenance"})


def instance(name: str, *, there: bool = True) -> Item:
    return Item(kind=Kind.INSTANCE, service="web", name=name, there=there)


def endpoint(name: str, *, there: bool = True, of: str | None = None) -> Item:
    return Item(kind=Kind.ENDPOINT, service="web", name=name, there=there, instance=of)


def page(path: str, marks: frozenset[str], digest: str, *, there: bool = True) -> Item:
    opened_by = frozenset({"checkout"} if path == "/checkout" else set())
    return Item(
        kind=Kind.ROUTE,
        service="web",
        name=path,
        there=there,
        marks=marks,
        digest=digest,
        page=True,
        opened_by=opened_by,
    )


def broken(path: str) -> Item:
    return page(path, frozenset({"h1 500"}), "500", there=False)


def rows(count: float) -> Item:
    return Item(kind=Kind.ROWS, service="web", name="orders", there=True, count=count)


def probe(name: str, digest: str) -> Item:
    return Item(kind=Kind.PROBE, service="web", name=name, there=True, digest=digest)


def watched(name: str, digest: str) -> Item:
    return Item(kind=Kind.SYMPTOM, service="web", name=name, there=True, digest=digest)


def _usual() -> Usual:
    return Usual(
        bad=Band(median=0.0, spread=0.0, windows=9),
        seconds=None,
        until=START,
    )
