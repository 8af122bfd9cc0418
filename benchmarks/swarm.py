"""How many customers at once, in real browser sessions, does the shop's whole checkout bear?

A real lab shop, with its own visitors. In one run: a swarm in which all sessions are held together
with a filled checkout form and then go on, ten sessions of the same kind, and the same ten in
Chromium, driven by the same CDP code. Shop, browsers and Vigil share this machine, so a second of a
walk is a second of all of them. A swarm that is stopped because the shop suffers is not good.

    python benchmarks/swarm.py --json OUT --seed 1
"""

import asyncio
import sys
import tempfile
from argparse import Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress
from tests.support.browsers import chromium, descendants

from vigil.bootstrap import open_swarm, open_switch
from vigil.domain.journey import JourneyProbe
from vigil.domain.swarm import Stop, SwarmProgress, SwarmReport, SwarmSpec, hold_point
from vigil.domain.switch import SwitchState
from vigil.integrations._clients.places import origins_of
from vigil.integrations.swarm.crowd import Crowd
from vigil.integrations.swarm.link import Link
from vigil.integrations.swarm.reasons import Reasons
from vigil.integrations.swarm.tally import Tally
from vigil.integrations.swarm.walker import Walker
from vigil.lab.lab import Lab
from vigil.settings import Settings, load_catalogue
from vigil.verify.bystander import Bystander

SESSIONS, FEW = 1000, 10
RATE, FEW_RATE = 10.0, 2.0
MOST_MB = 2500.0
"""What was promised of all browsers of the big swarm."""
MOST_S = 900.0
JOURNEY = "customer"

Watch = Callable[[SwarmProgress], Awaitable[Stop | None]]


class Chromium:
    """One Chromium, with a context for each session."""

    def __init__(self, endpoint: str, pids: tuple[int, ...]) -> None:
        self._place = urlsplit(endpoint)
        self._before = pids

    @property
    def pids(self) -> tuple[int, ...]:
        """All of its processes: those that this one has started since it was not there yet."""
        return tuple(pid for pid in descendants() if pid not in self._before)

    async def link(self, number: int) -> Link:
        """A connection of its own for each session."""
        del number
        return await Link.to_port("127.0.0.1", self._place.port or 0, self._place.path)

    async def lives(self, number: int) -> bool:
        """Nobody ends it meanwhile."""
        del number
        return True


async def in_chromium(spec: SwarmSpec, journey: JourneyProbe, watch: Watch) -> SwarmReport:
    """The same as in Lightpanda."""
    walker, before = Walker(journey), tuple(descendants())
    tally = Tally(spec, walker.texts)
    with chromium() as endpoint:
        browser = Chromium(endpoint, before)
        crowd = Crowd(spec, walker, origins_of(journey), browser, tally)
        loop = asyncio.get_running_loop()
        began = loop.time()
        stopped = await Reasons(spec, browser, tally, watch).first_before(crowd.go())
        return tally.report(loop.time() - began, stopped)


def watching(name: str, bystander: Bystander) -> Watch:
    """As ``vigil swarm`` does, and says how far it has come."""
    said = 0.0

    async def watch(now: SwarmProgress) -> Stop | None:
        nonlocal said
        if now.seconds - said >= 5:  # noqa: PLR2004 - seconds between two lines
            said = now.seconds
            progress(
                f"{name} {now.seconds:.0f} s: {now.walking} walking, {now.held} held, {now.done} "
                f"done, {now.failed} failed, {now.lost} lost, {now.browsers_mb:.0f} MB"
            )
        return await bystander.objection()

    return watch


def noting(name: str, bystander: Bystander, borne: list[str]) -> Watch:
    """The same, but an objection is written down and nothing is stopped: few are to be compared,
    whatever they do to the shop.
    """
    watch = watching(name, bystander)

    async def note(now: SwarmProgress) -> Stop | None:
        stop = await watch(now)
        if stop is not None:
            borne.append(stop.text)
        return None

    return note


def told(report: SwarmReport) -> dict[str, Any]:
    """What goes into the result: all of it, and what is worth comparing."""
    compared = {
        "ok": report.ok,
        "a_second": round(report.a_second, 2),
        "mb_a_session": round(report.mb_a_session, 2),
    }
    return {**compared, **report.model_dump(mode="json")}


async def measured(options: Namespace, lab: Lab, state: Path) -> dict[str, Any]:
    """The three of them, one after the other, on one shop."""
    settings = Settings(vigil_state_dir=state, _env_file=None)
    open_switch(settings).set(SwitchState(stopped=False))
    catalogue, web = load_catalogue(lab.files.catalogue), lab.config.names.web
    journey = catalogue.services[web].probes[JOURNEY]
    if not isinstance(journey, JourneyProbe):
        sys.exit(f"'{JOURNEY}' is no journey here")
    whole = SwarmSpec(
        sessions=options.sessions,
        rate=options.rate,
        hold_before=hold_point(journey),
        processes=options.processes,
        most_s=MOST_S,
    )
    few = whole.model_copy(update={"sessions": FEW, "rate": FEW_RATE, "processes": 1})
    async with open_swarm(settings, catalogue, web) as (swarm, bystander):
        big = await swarm.run(whole, journey, watching("lightpanda", bystander))
        progress(f"lightpanda: {big}")
        same = await swarm.run(few, journey, watching("lightpanda_few", bystander))
        progress(f"lightpanda_few: {same}")
        borne: list[str] = []
        beside = await in_chromium(few, journey, noting("chromium_few", bystander, borne))
        progress(f"chromium_few: {beside}")
    return {
        "lightpanda": told(big),
        "lightpanda_few": told(same),
        "chromium_few": {**told(beside), "objections": borne},
    }


def main() -> None:
    """Open a shop, measure, say what was met, and write."""
    known = parser(__doc__)
    known.add_argument("--sessions", type=int, default=SESSIONS)
    known.add_argument("--rate", type=float, default=RATE)
    known.add_argument("--processes", type=int, default=4)
    options = known.parse_args()
    measurement = Measurement("swarm")
    with tempfile.TemporaryDirectory(prefix="vs-") as folder:
        lab = Lab.up(Path(folder) / "lab", seed=options.seed)
        try:
            (Path(folder) / "state").mkdir(mode=0o700)
            found = asyncio.run(measured(options, lab, Path(folder) / "state"))
        finally:
            lab.down()
    big = found["lightpanda"]
    met = {
        "all_ended_well": big["ok"],
        "none_lost": big["lost"] == 0,
        "all_held_at_once": big["held_at_once"] == options.sessions,
        "memory": big["browsers_mb"] <= MOST_MB,
    }
    asked = {"seed": options.seed, "most_mb": MOST_MB}
    measurement.write(options.json, {**asked, "met": met, **found})
    progress(f"met: {met}")
    sys.exit(0 if all(met.values()) else 1)


if __name__ == "__main__":
    main()
