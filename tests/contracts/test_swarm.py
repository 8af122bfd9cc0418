"""The promises of ``ports.swarm``, over real browsers and a thin real server (about 30 s)."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.support.browsers import children
from tests.support.http_server import Answer, Request, Server, serving
from tests.support.programs import wait_until

from vigil.domain.journey import JourneyProbe
from vigil.domain.swarm import Stop, Stopped, SwarmProgress, SwarmReport, SwarmSpec, hold_point
from vigil.integrations._clients.lightpanda import NotStarted
from vigil.integrations.swarm import pace, pool, reasons
from vigil.integrations.swarm import walk as steps
from vigil.integrations.swarm.embedded import LightpandaSwarm
from vigil.ports.swarm import Watch

SECRET = "correct horse battery"
HTML = (("content-type", "text/html"),)
FORM = "<h1>Checkout</h1><form method=post action=/pay><input id=name name=name><button>x</button>"
SEEN = """<p id=seen></p><script>document.querySelector('#seen').textContent =
  'cookie ' + document.cookie + ' storage ' + localStorage.getItem('who');
  document.cookie = 'who=me'; localStorage.setItem('who', 'me');</script>"""
HOSTILE = """<h1>Hostile</h1><script>
const other = '{other}';
for (const t of [
  () => fetch(other + '/fetch', { mode: 'no-cors', method: 'POST', body: 'x' }),
  () => fetch('/elsewhere', { mode: 'no-cors' }),
  () => navigator.sendBeacon(other + '/beacon', 'x'),
  () => { new Image().src = other + '/image'; },
  () => new WebSocket(other.replace('http', 'ws') + '/socket'),
  () => new (Object.getPrototypeOf(WebSocket.prototype).constructor)(
    other.replace('http', 'ws') + '/socket'),
  () => new Worker(other + '/worker'),
  () => window.open(other + '/popup'),
]) { try { Promise.resolve(t()).catch(() => 0); } catch {} }
</script><script src='{other}/script'></script><link rel=stylesheet href='{other}/style'>"""
PAGES = {
    "/": "<h1>Catalogue</h1><a id=away href='{other}/away'>x</a>",
    "/form": FORM,
    "/seen": SEEN,
    "/hostile": HOSTILE,
    "/endless": "<h1>Endless</h1><script>for (;;) {}</script>",
    "/floods": """<h1>Flood</h1><script>const s = 'x'.repeat(1e4);
        const f = () => { for (let i = 0; i < 99; i++) console.error(s + i); setTimeout(f, 0) };
        f()</script>""",
    "/asks": """<h1>Ask</h1><p></p><script>let i = 0; for (; i < 1000; i++) confirm('sure?' + i);
        document.querySelector('p').textContent = 'Asked ' + i + ' times'</script>""",
    "/hidden": "<style>#b { display: none }</style><button id=b>x</button>",
}
STEPS: tuple[dict[str, Any], ...] = (
    {"open": "/"},
    {"expect": {"text": "Catalogue", "selector": "h1"}},
    {"open": "/form"},
    {"fill": {"#name": SECRET}},
    {"click": "button"},
    {"expect": {"url": "/order"}},
    {"expect": {"text": "Order"}},
    {"note": "h1"},
)


class Shop:
    """A server of pages, and who asked for them."""

    def __init__(self, other: Server) -> None:
        self._other = other
        self.tries = 0
        self.broken = False
        """Whether an order is answered with an error."""

    def answer(self, request: Request) -> Answer:
        path = request.path.partition("?")[0]
        if path == "/elsewhere":
            return Answer(307, headers=(("location", self._other.url("/redirected")),))
        if path == "/pay":
            return Answer(303, headers=(("location", "/order"),))
        if path == "/order":
            self.tries += 1
            said = "no horse battery here" if self.broken else "<h1>Order K-17</h1>"
            return Answer(500 if self.broken else 200, said.encode(), HTML)
        page = PAGES.get(path, "").replace("{other}", self._other.url(""))
        return Answer(200 if page else 404, page.encode(), HTML)


@pytest_asyncio.fixture
async def other() -> AsyncIterator[Server]:
    """A place that no journey here names."""
    async with serving(lambda _: Answer(body=b"not for you", headers=HTML)) as server:
        yield server


@pytest_asyncio.fixture
async def shop(other: Server) -> Shop:
    return Shop(other)


@pytest_asyncio.fixture
async def site(shop: Shop) -> AsyncIterator[Server]:
    async with serving(shop.answer) as server:
        yield server


def journey(site: Server, *steps: dict[str, Any], timeout_s: float = 15.0) -> JourneyProbe:
    at_site = [
        {**step, "open": site.url(step["open"])} if "open" in step else step
        for step in steps or STEPS
    ]
    return JourneyProbe.model_validate({"steps": at_site, "timeout_s": timeout_s})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elements that are not there at once are not waited for."""
    monkeypatch.setattr(steps, "ELEMENT_S", 0.3)


class Watched:
    """Looks on, and ends it when it is asked to."""

    def __init__(self, stop: Stop | None = None) -> None:
        self.seen: list[SwarmProgress] = []
        self.stop = stop

    async def __call__(self, progress: SwarmProgress) -> Stop | None:
        self.seen.append(progress)
        return self.stop


async def run(walk: JourneyProbe, watch: Watch | None = None, **spec: Any) -> SwarmReport:  # noqa: ANN401 - fields of a value
    asked = SwarmSpec(**{"sessions": 6, "rate": 50.0, "processes": 2, **spec})
    return await LightpandaSwarm().run(asked, walk, watch or Watched())


# 1. every session is a new user ------------------------------------------------------------------


async def test_1_each_session_is_a_new_user(site: Server) -> None:
    new = {"expect": {"text": "cookie storage null", "selector": "#seen"}}
    known = {"expect": {"text": "cookie who=me storage me", "selector": "#seen"}}
    walk = journey(site, {"open": "/seen"}, new, {"open": "/seen"}, known)
    report = await run(walk, sessions=8)
    assert report.ok, report.failures


# 2. no faster than allowed ------------------------------------------------------------------------


async def test_2_sessions_begin_in_turn_slowly_at_first() -> None:
    turns, loop = pace.Pace(100.0), asyncio.get_running_loop()
    began, came = loop.time(), []
    for _ in range(30):
        await turns.turn()
        came.append(loop.time() - began)
    # At the slowest a fifth of the rate: 50 ms between two. A busy machine only adds to it.
    slow, quick = 1 / (100 * pace.SLOWEST), 1 / 100
    assert came[-1] >= 29 * quick
    assert came[5] >= 4 * slow
    assert all(later >= sooner for sooner, later in pairwise(came))


async def test_2_a_crowd_that_comes_at_once_slows_down_as_soon_as_it_has_to() -> None:
    asked = 0

    def share() -> float:
        nonlocal asked
        asked += 1
        return 1.0 if asked < 4 else 0.1

    turns, loop = pace.Pace(400.0, share), asyncio.get_running_loop()
    known: list[int] = []

    async def one() -> None:
        await turns.turn()
        known.append(asked)

    began = loop.time()
    await asyncio.gather(*(one() for _ in range(8)))
    assert known == list(range(1, 9)), "nobody's turn is settled before it comes"
    assert loop.time() - began >= 4 * 10 / 400


async def test_2_never_more_than_asked_for_and_in_turn_after_a_hold(
    site: Server, shop: Shop
) -> None:
    watch = Watched()
    walk = journey(site)
    report = await run(walk, watch, sessions=10, rate=20.0, hold_before=hold_point(walk))
    assert report.ok, report.failures
    assert max(progress.open for progress in watch.seen) <= 10
    # Twice in turn: 10 sessions at 20 a second, at a fifth of that at first.
    assert report.seconds > 2 * 9 / 20
    assert shop.tries == 10


# 3. a failure is one session's own, and the counts add up -----------------------------------------


async def test_3_failures_are_grouped_and_the_counts_add_up(site: Server, shop: Shop) -> None:
    shop.broken = True
    report = await run(journey(site), sessions=2)
    assert (report.done, report.failed, report.lost, report.unfinished) == (0, 2, 0, 0)
    (group,) = report.failures
    assert (group.number, group.count) == (5, 2)
    assert "answered 500" in group.sample
    assert [step.spread.count for step in report.steps] == [2, 2, 2, 2, 0, 0, 0, 0]
    assert not report.ok


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"click": "#no"}, "'#no' is not there to be clicked"),
        ({"fill": {"#no": "x"}}, "nothing to fill at '#no'"),
        ({"fill": {"h1": "x"}}, "'h1' cannot be filled in"),
        ({"submit": "#no"}, "no form at '#no'"),
        ({"submit": "h1"}, "'h1' is no form"),
        ({"note": "#no"}, "nothing at '#no'"),
        ({"click": "p["}, "SyntaxError"),
        ({"expect": {"text": "Never", "within_s": 0.4}}, "not within 0.4 s"),
        ({"expect": {"element": "h1", "there": False, "within_s": 0.4}}, "not within 0.4 s"),
        ({"measure": {"within_ms": 0.001}}, "more than 0.001 ms"),
        ({"open": "/missing"}, "it answered 404"),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_3_what_is_missed_is_said(site: Server, step: dict[str, Any], words: str) -> None:
    report = await run(journey(site, {"open": "/"}, step), sessions=1)
    (group,) = report.failures
    assert (group.number, report.failed) == (2, 1)
    assert words in group.sample


async def test_3_what_is_there_is_found(site: Server) -> None:
    steps = (
        *({"open": "/form"}, {"expect": {"element": "#name"}}, {"fill": {"#name": "x"}}),
        *({"submit": "form"}, {"expect": {"text": "Order", "reload": True}}),
        *({"measure": {"within_ms": 9000}}, {"expect": {"console": "clean"}}),
        {"screenshot": "text"},
    )
    report = await run(journey(site, *steps), sessions=2)
    assert report.ok, report.failures


@pytest.mark.usefixtures("impatient")
async def test_3_what_a_stylesheet_hides_cannot_be_clicked(site: Server) -> None:
    walk = journey(site, {"open": "/hidden"}, {"click": "#b"})
    assert (await run(walk, sessions=1)).failed == 1


async def test_3_a_page_that_never_ends_to_talk(site: Server) -> None:
    steps = ({"open": "/asks"}, {"expect": {"text": "Asked 1000 times"}}, {"open": "/floods"})
    clean = {"expect": {"console": "clean"}}
    report = await run(journey(site, *steps, {"note": "h1"}, clean), sessions=2)
    assert [(group.number, group.count) for group in report.failures] == [(5, 2)]
    assert "its scripts complained: 'xxx" in report.failures[0].sample


async def test_3_a_browser_that_dies_takes_only_its_own_sessions(
    site: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "WATCH_S", 0.1)
    walk = journey(site)
    killed: list[int] = []

    async def kill(progress: SwarmProgress) -> Stop | None:
        if progress.held >= 3 and not killed:
            killed.append(next(iter(children())))
            os.kill(killed[0], signal.SIGKILL)
        return None

    report = await run(walk, kill, sessions=8, rate=15.0, hold_before=hold_point(walk))
    assert killed
    assert report.lost >= 1
    assert (report.done + report.lost, report.failed) == (8, 0), report.failures
    assert "browser" in report.failures[0].sample


async def test_3_a_script_without_end_is_bounded(
    site: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "WATCHDOG_S", 1.0)
    walk = journey(site, {"open": "/endless"}, {"expect": {"text": "Never"}}, timeout_s=4)
    report = await run(walk, sessions=2)
    assert (report.done, report.failed, report.lost) == (0, 2, 0), report.failures


# 4. it ends early, and says why ------------------------------------------------------------------


async def test_4_when_its_watch_says_so(site: Server) -> None:
    stop = Stop(why=Stopped.HURTS, text="probe shop/checkout is failing")
    report = await run(journey(site), Watched(stop), sessions=100, rate=2.0)
    assert report.stopped == stop
    assert report.hurts == "probe shop/checkout is failing"
    assert report.unfinished > 0


async def test_4_when_its_watch_does_not_answer(
    site: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "WATCH_WITHIN_S", 0.2)

    async def hang(_: SwarmProgress) -> Stop | None:
        await asyncio.Event().wait()
        return None

    report = await run(journey(site), hang, sessions=100, rate=2.0)
    assert report.hurts is not None
    assert "could not be seen" in report.hurts


async def test_4_when_its_own_sessions_fail(site: Server, shop: Shop) -> None:
    shop.broken = True
    report = await run(journey(site), sessions=200, rate=10.0)
    assert report.hurts is not None
    assert "newest" in report.hurts
    assert report.unfinished > 0


@pytest.mark.parametrize(
    ("bound", "why"),
    [({"most_s": 0.5}, Stopped.TIME), ({"memory_mb": 1}, Stopped.MEMORY)],
)
async def test_4_when_a_bound_is_reached(site: Server, bound: dict[str, Any], why: Stopped) -> None:
    report = await run(journey(site), sessions=100, rate=2.0, **bound)
    assert report.stopped is not None
    assert report.stopped.why is why


async def test_4_it_does_not_begin_without_room(
    site: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vigil.integrations.swarm.memory.free_mb", lambda: 400.0)
    report = await run(journey(site))
    assert report.stopped is not None
    assert report.stopped.why is Stopped.MEMORY
    assert not site.requests


# 5. nowhere else ---------------------------------------------------------------------------------


async def test_5_no_session_reaches_any_other_place(site: Server, other: Server) -> None:
    shown = {"expect": {"text": "Hostile"}}
    report = await run(journey(site, {"open": "/hostile"}, shown, {"open": "/"}), sessions=3)
    assert report.ok, report.failures
    assert [request.path for request in other.requests] == []


async def test_5_a_page_that_leads_elsewhere_is_not_followed(site: Server, other: Server) -> None:
    walk = journey(site, {"open": "/"}, {"click": "#away"}, {"expect": {"text": "never"}})
    report = await run(walk, sessions=1)
    assert "led to another place" in report.failures[0].sample
    walk = journey(site, {"open": "/elsewhere"}, {"expect": {"text": "never"}})
    report = await run(walk, sessions=1)
    assert "led to another place" in report.failures[0].sample
    assert not other.requests


# 6. no filled value in words ----------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
async def test_6_no_value_that_is_filled_in_is_said(site: Server, shop: Shop) -> None:
    shop.broken = True
    for last in ({"click": f"[title='{SECRET}']"}, {"expect": {"text": SECRET, "within_s": 0.3}}):
        walk = journey(site, *STEPS[:4], last)
        report = await run(walk, sessions=1)
        assert report.failed == 1
        assert "horse" not in report.model_dump_json()


# 7. no browser is left ---------------------------------------------------------------------------


async def test_7_when_it_is_over_no_browser_is_left(site: Server) -> None:
    known = children()
    watch = Watched()
    assert (await run(journey(site), watch)).ok
    assert children() == known


async def test_7_nor_when_it_is_cancelled(site: Server) -> None:
    known = children()
    begun = asyncio.Event()

    async def watch(progress: SwarmProgress) -> None:
        if progress.done:
            begun.set()

    walking = asyncio.create_task(run(journey(site), watch, sessions=100, rate=2.0))
    await begun.wait()
    assert len(children()) == len(known) + 2
    walking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walking
    assert children() == known


async def test_7_nor_when_one_does_not_start(site: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise NotStarted("there is none")

    monkeypatch.setattr("vigil.integrations._clients.lightpanda.binary", none)
    report = await run(journey(site))
    assert report.stopped is not None
    assert report.stopped.why is Stopped.BROWSER


OWNER = """
import asyncio, sys
from vigil.domain.journey import JourneyProbe
from vigil.domain.swarm import SwarmSpec
from vigil.integrations.swarm.embedded import LightpandaSwarm
async def watch(progress):
    if progress.open:
        print("walking", flush=True)
journey = JourneyProbe.model_validate({"timeout_s": 30, "steps": [
    {"open": sys.argv[1]}, {"expect": {"text": "never", "within_s": 30}}]})
spec = SwarmSpec(sessions=3, rate=10, processes=2)
asyncio.run(LightpandaSwarm().run(spec, journey, watch))
"""


async def test_7_nor_when_its_process_is_killed(site: Server) -> None:
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OWNER, site.url("/")), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    assert await owner.stdout.readline() == b"walking\n"
    started = children(owner.pid)
    assert sorted(started.values()) == ["lightpanda", "lightpanda"]
    owner.kill()
    await owner.wait()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), "their end")


# 8. all wait for each other ----------------------------------------------------------------------


async def test_8_nobody_goes_on_before_all_are_there(site: Server) -> None:
    walk = journey(site)
    report = await run(walk, sessions=20, rate=50.0, hold_before=hold_point(walk))
    assert report.ok, report.failures
    assert report.held_at_once == 20
    order = [request.path for request in site.requests if request.path in {"/form", "/pay"}]
    assert order == ["/form"] * 20 + ["/pay"] * 20
    assert report.whole.p99 < report.seconds, "the wait is not part of the walk"


async def test_8_who_fails_before_is_not_waited_for(site: Server, shop: Shop) -> None:
    shop.broken = True
    walk = journey(site)
    report = await run(walk, sessions=2, hold_before=len(STEPS))
    assert (report.failed, report.held_at_once) == (2, 0)


# 9. what the browsers lack -----------------------------------------------------------------------


async def test_9_what_needs_another_browser_is_not_begun(site: Server) -> None:
    report = await run(journey(site, {"open": "/"}, {"screenshot": "layout"}))
    assert report.stopped is not None
    assert report.stopped.why is Stopped.BROWSER
    assert "layout" in report.stopped.text
    assert report.unfinished == report.spec.sessions
    assert not site.requests


# 10. one at a time -------------------------------------------------------------------------------


async def test_10_another_one_waits_for_its_turn(site: Server) -> None:
    swarm, known = LightpandaSwarm(), children()
    most = 0

    async def watch(_: SwarmProgress) -> None:
        nonlocal most
        most = max(most, len(children()) - len(known))

    spec = SwarmSpec(sessions=3, rate=50, processes=2)
    both = await asyncio.gather(*(swarm.run(spec, journey(site), watch) for _ in range(2)))
    assert [report.ok for report in both] == [True, True]
    assert most == 2


async def test_10_and_not_for_ever(site: Server) -> None:
    swarm, begun = LightpandaSwarm(), asyncio.Event()

    async def watch(_: SwarmProgress) -> None:
        begun.set()

    long = SwarmSpec(sessions=100, rate=2, processes=1)
    walking = asyncio.create_task(swarm.run(long, journey(site), watch))
    await begun.wait()
    short = SwarmSpec(sessions=1, rate=2, processes=1, most_s=0.2)
    report = await swarm.run(short, journey(site), Watched())
    walking.cancel()
    assert report.stopped == Stop(
        why=Stopped.TIME, text="another swarm was under way for all of its 0.2 s"
    )
    assert (report.unfinished, report.steps) == (1, ())
    with pytest.raises(asyncio.CancelledError):
        await walking
