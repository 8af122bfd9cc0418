"""The promises of ``ports.telemetry``: real endpoints, real files, a clock in the test's hand."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import psycopg_pool
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from tests.support.hand_clock import START, HandClock
from tests.support.http_server import Answer, Request, Server, serving

from vigil.domain.catalogue import Catalogue, Condition
from vigil.domain.telemetry import (
    FEWEST_REQUESTS,
    FEWEST_WINDOWS,
    MOST_EXAMPLES,
    ErrorGroup,
    ErrorOrigin,
    Growth,
    Latency,
    LogTemplate,
    Ratio,
    Usual,
)
from vigil.integrations.telemetry.embedded import EmbeddedTelemetry
from vigil.integrations.telemetry.logline import read_line
from vigil.integrations.telemetry.logs import MOST_BYTES
from vigil.integrations.telemetry.origin import origin_of
from vigil.integrations.telemetry.scrape import NotScraped, parse
from vigil.integrations.telemetry.series import MOST_SERIES, InstanceHistory, Series

FAILING = Condition(
    metric="http_requests_total",
    where={"route": "/checkout"},
    bad={"status": "5.."},
    window_s=10,
    above=0.2,
)


class Instance:
    """One instance of a web application with its own counters, as prometheus_client keeps them."""

    def __init__(self) -> None:
        self.up = True
        self.start()

    def start(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("http_requests", "", ["route", "status"], registry=self._registry)
        self._duration = Histogram(
            "http_request_duration_seconds", "", ["route"], registry=self._registry
        )
        self.served = Counter("served", "", registry=self._registry)

    def serve(self, status: int, count: int, route: str = "/checkout", took: float = 0.1) -> None:
        self._requests.labels(route, str(status)).inc(count)
        for _ in range(count):
            self._duration.labels(route).observe(took)

    def answer(self) -> Answer:
        return Answer(body=generate_latest(self._registry)) if self.up else Answer(status=503)


class Shop:
    """Two instances behind one server, scraped once a second of the test's clock."""

    def __init__(self, server: Server, one: Instance, two: Instance) -> None:
        self.one, self.two = one, two
        self.clock = HandClock()
        metrics = [
            {"url": server.url("/one"), "instance": "shop-1"},
            {"url": server.url("/two"), "instance": "shop-2"},
        ]
        symptom = {"condition": FAILING.model_dump()}
        shop = {
            "telemetry": {"metrics": metrics},
            "symptoms": {"checkout-failing": symptom},
            "probes": {"backlog": {"kind": "tcp", "host": "127.0.0.1", "port": 1}},
            "work": {"backlog": "backlog", "done": "served_total"},
        }
        catalogue = {"version": 1, "watch": {"interval_s": 1.0}, "services": {"shop": shop}}
        self.telemetry = EmbeddedTelemetry(Catalogue.model_validate(catalogue), self.clock)

    async def scrape(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            await self.telemetry.scrape_once()

    async def ratio(self, condition: Condition = FAILING) -> Ratio | None:
        return await self.telemetry.bad_ratio("shop", condition)

    async def latency(self, seconds: float, route: str | None = None) -> Latency | None:
        since = self.clock.now() - timedelta(seconds=seconds)
        return await self.telemetry.latency("shop", since, {"route": route} if route else {})

    async def usual(self, until: datetime) -> Usual | None:
        return await self.telemetry.usual("shop", FAILING, until)

    async def growth(self, metric: str = "served_total") -> Growth | None:
        return await self.telemetry.growth("shop", metric, 10)

    async def counted(self) -> tuple[float, float]:
        found = await self.ratio()
        assert found is not None
        return found.bad, found.total


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    one, two = Instance(), Instance()

    def answer(request: Request) -> Answer:
        return (one if request.path == "/one" else two).answer()

    async with serving(answer) as server:
        yield Shop(server, one, two)


# metrics ------------------------------------------------------------------------------------------


async def test_bad_ratio_is_what_grew_in_the_window_over_all_instances(shop: Shop) -> None:
    shop.one.serve(500, 1000)
    await shop.scrape(12)
    assert await shop.counted() == (0, 0), "what was counted before the first look is not growth"
    shop.one.serve(200, 6)
    shop.two.serve(503, 3)
    shop.two.serve(500, 40, route="/other")
    await shop.scrape()
    assert await shop.counted() == (3, 9)
    found = await shop.ratio()
    assert found is not None
    assert found.value == pytest.approx(1 / 3)
    assert (found.window_s, found.at) == (10, shop.clock.now())
    await shop.scrape(11)
    assert await shop.counted() == (0, 0), "it is out of the window"


async def test_a_counter_that_appears_counts_from_zero(shop: Shop) -> None:
    await shop.scrape(2)
    shop.one.serve(500, 4)
    await shop.scrape()
    assert await shop.counted() == (4, 4)


async def test_1_none_until_there_are_two_samples(shop: Shop) -> None:
    shop.one.serve(500, 4)
    assert await shop.ratio() is None
    await shop.scrape()
    assert await shop.ratio() is None
    assert await shop.latency(10) is None
    assert await shop.growth() is None
    await shop.scrape()
    assert await shop.counted() == (0, 0)


async def test_1_none_for_what_is_not_scraped(shop: Shop) -> None:
    await shop.scrape(3)
    assert await shop.telemetry.bad_ratio("nobody", FAILING) is None
    assert await shop.ratio(FAILING.model_copy(update={"metric": "never_named_total"})) is None
    assert await shop.ratio(FAILING.model_copy(update={"bad": {"status": "("}})) is None
    assert await shop.telemetry.latency("nobody", START, {}) is None
    assert await shop.telemetry.growth("nobody", "served_total", 10) is None
    assert await shop.growth("never_named_total") is None
    assert await shop.telemetry.log_errors("nobody", START) is None
    assert await shop.telemetry.log_errors("shop", START) is None


async def test_1_none_once_all_instances_are_silent_for_a_window(shop: Shop) -> None:
    await shop.scrape(3)
    shop.one.up = shop.two.up = False
    await shop.scrape(12)
    assert await shop.ratio() is None
    shop.one.up = True
    await shop.scrape(12)
    shop.one.serve(500, 2)
    await shop.scrape()
    assert await shop.counted() == (2, 2), "one instance that answers is enough"


async def test_1_a_long_silence_is_not_put_into_the_window_after_it(shop: Shop) -> None:
    await shop.scrape(3)
    shop.one.up = shop.two.up = False
    shop.one.serve(500, 500)
    await shop.scrape(60)
    shop.one.up = True
    await shop.scrape()
    assert await shop.ratio() is None
    await shop.scrape()
    assert await shop.counted() == (0, 0)


async def test_2_a_restart_makes_no_negative_and_no_huge_number(shop: Shop) -> None:
    shop.one.serve(200, 10_000)
    await shop.scrape(2)
    shop.one.serve(200, 5)
    await shop.scrape()
    shop.one.start()
    shop.one.serve(200, 2)
    shop.one.serve(500, 1)
    await shop.scrape()
    assert await shop.counted() == (1, 8)


async def test_latency_since_a_moment_and_before(shop: Shop) -> None:
    await shop.scrape(2)
    for _ in range(5):
        shop.one.serve(200, 2, took=0.1)
        await shop.scrape()
    await shop.scrape(10)
    shop.one.serve(200, 4, took=2.0)
    shop.two.serve(200, 4, took=1.0)
    await shop.scrape()
    found = await shop.latency(5)
    assert found is not None
    assert found.now_s == pytest.approx(1.5)
    assert found.requests == 8
    assert found.before_s == found.just_before_s == pytest.approx(0.1)
    assert found.since == shop.clock.now() - timedelta(seconds=5)
    await shop.scrape(10)
    assert await shop.latency(5) is None, "no request, no mean"


async def test_latency_in_the_minute_before_is_told_apart(shop: Shop) -> None:
    await shop.scrape(2)
    shop.one.serve(200, 30, took=0.1)
    await shop.scrape(70)
    shop.one.serve(200, 10, took=2.0)
    await shop.scrape(20)
    shop.one.serve(200, 4, took=2.0)
    await shop.scrape(2)
    found = await shop.latency(10)
    assert found is not None
    assert found.before_s == pytest.approx(23 / 40)
    assert found.just_before_s == pytest.approx(2.0)
    await shop.scrape(80)
    shop.one.serve(200, 4, took=2.0)
    await shop.scrape()
    later = await shop.latency(10)
    assert later is not None
    assert later.just_before_s is None, "nobody came in that minute"


async def test_latency_of_some_requests_only(shop: Shop) -> None:
    await shop.scrape(2)
    for took in (0.1, 2.0):
        shop.one.serve(200, 2, took=took)
        shop.one.serve(200, 6, took=0.1, route="/other")
        await shop.scrape(10)
    some, all_of_them = await shop.latency(10, "/checkout"), await shop.latency(10)
    assert some is not None
    assert all_of_them is not None
    assert (some.requests, all_of_them.requests) == (2, 8)
    assert some.now_s == pytest.approx(2.0)
    assert all_of_them.now_s == pytest.approx(4.6 / 8)
    since = shop.clock.now() - timedelta(seconds=10)
    unknown = {"route": "/checkout", "method": "POST"}
    ignored = await shop.telemetry.latency("shop", since, unknown)
    assert ignored == some, "a label that the histogram does not have says nothing"
    assert await shop.latency(10, "/nowhere") is None


async def test_1_latency_is_none_for_a_moment_that_is_not_remembered(shop: Shop) -> None:
    for _ in range(3):
        shop.one.serve(200, 2)
        await shop.scrape()
    assert await shop.latency(1) is not None
    assert await shop.latency(60) is None
    assert await shop.latency(-5) is None, "nor for one that is still to come"


async def test_growth_is_what_was_counted_in_the_window(shop: Shop) -> None:
    shop.one.served.inc(100)
    await shop.scrape(12)
    shop.one.served.inc(3)
    shop.two.served.inc(2)
    await shop.scrape()
    found = await shop.growth()
    assert found == Growth(by=5, silent=(), window_s=10, at=shop.clock.now())
    assert await shop.growth("served") == found, "with or without the usual ending"
    await shop.scrape(11)
    after = await shop.growth()
    assert after is not None
    assert after.by == 0


async def test_growth_names_who_is_silent_and_leaves_them_out(shop: Shop) -> None:
    await shop.scrape(12)
    shop.one.served.inc(3)
    shop.two.served.inc(2)
    await shop.scrape()
    shop.two.up = False
    await shop.scrape()
    found = await shop.growth()
    assert found is not None
    assert (found.by, found.silent) == (3, ("shop-2",))
    shop.one.up = False
    await shop.scrape(100)
    frozen = await shop.growth()
    assert frozen is not None
    assert (frozen.by, frozen.silent) == (0, ("shop-1", "shop-2"))
    shop.one.up = shop.two.up = True
    await shop.scrape()
    assert await shop.growth() is None, "what they did meanwhile is not known yet"
    await shop.scrape()
    assert await shop.growth() is not None


async def test_1_growth_of_a_counter_that_nobody_ever_showed_is_not_known() -> None:
    async with serving(lambda _: Answer(body=b"up 1\n")) as server:
        shop = Shop(server, Instance(), Instance())
        await shop.scrape(12)
        assert await shop.growth() is None


async def test_2_growth_over_a_restart(shop: Shop) -> None:
    shop.one.served.inc(1000)
    await shop.scrape(12)
    shop.one.start()
    shop.one.served.inc(2)
    await shop.scrape()
    found = await shop.growth()
    assert found is not None
    assert found.by == 2


async def test_6_what_is_usual_is_the_median_of_the_windows_before(shop: Shop) -> None:
    for took in (0.1, 0.1, 0.1, 0.1, 0.1, 0.3):
        shop.one.serve(500, 1, took=took)
        shop.two.serve(200, 9, took=took)
        await shop.scrape(10)
    before = shop.clock.now()
    shop.one.serve(500, 500, took=9.0)
    await shop.scrape(30)
    usual = await shop.usual(before)
    assert usual is not None
    assert usual.seconds is not None
    assert usual.bad.median == pytest.approx(0.1)
    assert usual.bad.spread == pytest.approx(0.0)
    assert usual.seconds.median == pytest.approx(0.1), "one odd window moves nothing"
    assert (usual.until, usual.bad.windows) == (before, 5)


async def test_6_too_little_is_not_usual(shop: Shop) -> None:
    for _ in range(FEWEST_WINDOWS):
        shop.one.serve(200, FEWEST_REQUESTS)
        await shop.scrape(10)
    assert await shop.usual(shop.clock.now()) is None, "the first scrape ends no window"
    shop.one.serve(200, FEWEST_REQUESTS - 1)
    await shop.scrape(10)
    assert await shop.usual(shop.clock.now()) is None, "too few requests in the last one"
    shop.one.serve(200, FEWEST_REQUESTS)
    await shop.scrape(10)
    assert await shop.usual(shop.clock.now()) is not None
    assert await shop.usual(shop.clock.now() - timedelta(seconds=40)) is None


async def test_scrape_forever_keeps_the_interval(shop: Shop) -> None:
    scraping = asyncio.create_task(shop.telemetry.scrape_forever())
    async with asyncio.timeout(10):
        while shop.clock.elapsed() < 3:  # noqa: ASYNC110 - the clock has no event to wait for
            await asyncio.sleep(0.01)
    shop.one.serve(500, 1)
    before = shop.clock.elapsed()
    async with asyncio.timeout(10):
        while shop.clock.elapsed() < before + 2:  # noqa: ASYNC110 - the clock has no event
            await asyncio.sleep(0.01)
    scraping.cancel()
    assert await shop.counted() == (1, 1)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500, body=b'http_requests_total{route="/checkout",status="500"} 9\n'),
        Answer(body=b'http_requests_total{route="/checkout",status="500" 9\n'),
        Answer(body=b"http_requests_total nine\n"),
        Answer(body=b"# padding\n" * 20_001),
        Answer(body=b"x" * 1_048_576, repeat=3),
        Answer(body=b"\xff\x00" * 100, headers=(("content-encoding", "gzip"),), status=302),
        Answer(body=b"".join(b'http_requests_total{n="%d"} 1\n' % n for n in range(501))),
    ],
)
async def test_1_an_endpoint_that_cannot_be_trusted_is_none_not_zero(answer: Answer) -> None:
    async with serving(lambda _: answer) as server:
        shop = Shop(server, Instance(), Instance())
        await shop.scrape(3)
        assert await shop.ratio() is None


async def test_1_a_hanging_endpoint_does_not_hold_up_the_others() -> None:
    well = Instance()

    def answer(request: Request) -> Answer:
        return well.answer() if request.path == "/one" else Answer(delay_s=30)

    async with serving(answer) as server:
        shop = Shop(server, well, Instance())
        await shop.scrape()
        well.serve(500, 1)
        await shop.scrape()
        assert await shop.counted() == (1, 1)


@given(st.text(max_size=200))
def test_parsing_metrics_ends_in_values_or_not_scraped(text: str) -> None:
    try:
        found = parse("http_requests_total" + text, lambda _: True)
    except NotScraped:
        return
    assert all(value >= 0 for value in found.values())


@given(
    st.text(alphabet='abc_{}="\\,#\n 0159.eE+-NaInf', max_size=80),
    st.sampled_from(["", "a_total", 'a_total{b="c"}', "# TYPE a counter\n"]),
)
def test_parsing_nearly_metrics_ends_in_values_or_not_scraped(text: str, start: str) -> None:
    with suppress(NotScraped):
        parse(start + text, lambda _: True)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 100)), min_size=2, max_size=40))
def test_2_growth_is_never_negative_and_never_more_than_was_counted(
    steps: list[tuple[int, int]],
) -> None:
    history, value, counted = InstanceHistory(keep_s=1000), 0, 0
    for at, (grow, start) in enumerate(steps):
        if start > 90:
            value = 0  # a restart
        value += grow
        counted += grow
        history.record(at, {Series("n", ()): value})
    span = history.span(0, len(steps), slack=0)
    assert span is not None
    assert 0 <= history.increase(span, lambda _: True) <= counted


def test_history_is_bounded_in_time_and_series() -> None:
    history = InstanceHistory(keep_s=100)
    for at in range(2000):
        history.record(at, {Series("n", (("id", str(at + n)),)): at for n in range(3)})
    assert len(history._scrapes) <= 102
    assert len(history._series) <= MOST_SERIES
    assert len(history._series) <= 110, "counters that are gone are forgotten"


# logs ---------------------------------------------------------------------------------------------


class Logs:
    """The log files of a service's two instances."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / "shop-1.jsonl", folder / "shop-2.jsonl"]
        logs = [{"path": str(p), "instance": p.stem} for p in self.paths]
        services = {"shop": {"telemetry": {"logs": logs}}}
        catalogue = Catalogue.model_validate({"version": 1, "services": services})
        self._telemetry = EmbeddedTelemetry(catalogue, HandClock())

    def write(self, *lines: str | bytes, instance: int = 1) -> int:
        raw = b"".join(
            (line if isinstance(line, bytes) else line.encode(errors="replace")) + b"\n"
            for line in lines
        )
        return self.paths[instance - 1].write_bytes(raw)

    async def errors(self, since: datetime = START) -> tuple[ErrorGroup, ...] | None:
        return await self._telemetry.log_errors("shop", since)

    async def templates(self, since: datetime = START) -> tuple[LogTemplate, ...] | None:
        return await self._telemetry.log_templates("shop", since)

    async def groups(self) -> tuple[ErrorGroup, ...]:
        found = await self.errors()
        assert found is not None
        return found


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


def line(second: int = 0, **more: object) -> str:
    at = (START + timedelta(seconds=second)).isoformat()
    return json.dumps({"timestamp": at, "level": "error", "event": "checkout failed"} | more)


async def test_errors_are_grouped_by_type_and_release(logs: Logs) -> None:
    frames = ["web.py:10 checkout", "pricing.py:41 total"]
    broken = {"type": "KeyError", "message": "'net'", "frames": frames}
    locked = {"type": "LockNotAvailable", "message": "canceling statement due to lock timeout"}
    logs.write(
        line(1, exception=broken, release="shop-7"),
        line(3, exception=broken, release="shop-7", instance="shop-a"),
        line(2, exception=broken, release="shop-6"),
        line(2, level="info"),
        line(-1, exception=broken, release="shop-7"),
    )
    logs.write(line(5, exception=broken, release="shop-7"), line(4, exception=locked), instance=2)
    first, *others = await logs.groups()
    assert first == ErrorGroup(
        type="KeyError",
        origin=ErrorOrigin.CODE,
        release="shop-7",
        count=3,
        first_at=START + timedelta(seconds=1),
        last_at=START + timedelta(seconds=5),
        instances=("shop-1", "shop-a", "shop-2"),
        sample="'net'",
        frame="pricing.py:41 total",
    )
    assert [(g.type, g.release, g.origin.value) for g in others] == [
        ("KeyError", "shop-6", "code"),
        ("LockNotAvailable", None, "dependency"),
    ]


async def test_5_an_instance_was_started_when_its_newest_process_was() -> None:
    said = {
        "/one": "process_start_time_seconds{pid='1'} 1772366400\n"
        "process_start_time_seconds{pid='2'} 1772366460.5\n",
        "/two": "served_total 3\n",
        "/three": "process_start_time_seconds 1e300\n",
    }

    def answer(request: Request) -> Answer:
        text = said.get(request.path)
        if text is None:
            return Answer(503)
        return Answer(body=text.replace("'", '"').encode())

    async with serving(answer) as server:
        urls = [{"url": server.url(path), "instance": path[1:]} for path in (*said, "/four")]
        known = {"version": 1, "services": {"shop": {"telemetry": {"metrics": urls}}}}
        telemetry = EmbeddedTelemetry(Catalogue.model_validate(known), HandClock())
        assert await telemetry.started("shop") is None, "nobody has looked yet"
        await telemetry.scrape_once()
        assert await telemetry.started("shop") == {"one": START + timedelta(seconds=60.5)}
        assert await telemetry.started("nobody") is None
        del said["/one"]
        await telemetry.scrape_once()
        assert await telemetry.started("shop") is None, "it did not answer when it was last asked"


async def test_1_none_without_a_file_and_empty_without_an_error(logs: Logs) -> None:
    assert await logs.errors() is None
    logs.write(line(level="info"))
    assert await logs.errors() == ()


async def test_1_a_named_pipe_is_no_log_and_does_not_hang(logs: Logs) -> None:
    os.mkfifo(logs.paths[0])
    async with asyncio.timeout(5):
        assert await logs.errors() is None


async def test_3_broken_lines_are_skipped(logs: Logs) -> None:
    logs.write(
        b"\x00\xff\xfe",
        "not json",
        "[1]",
        "null",
        "{" * 60_000,
        "[" * 60_000,
        line(1, event="x" * 70_000),
        '{"level": "error", "event": "no time"}',
        '{"level": "error", "timestamp": Infinity, "event": "a"}',
        '{"level": ["error"], "timestamp": 1, "event": "a"}',
        line(1, event="the good one"),
        line(2)[:-9],
    )
    assert [group.type for group in await logs.groups()] == ["the good one"]


async def test_3_only_the_tail_is_read(logs: Logs) -> None:
    many = [line(1, event="old", padding="x" * 300)] * 15_000
    assert logs.write(*many, *[line(2, event="new")] * 5) > MOST_BYTES
    groups = {group.type: group.count for group in await logs.groups()}
    assert groups["new"] == 5
    assert 0 < groups["old"] < 15_000


async def test_4_ordered_by_count_and_at_most_50(logs: Logs) -> None:
    names = [f"Error{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(60)]
    logs.write(*(line(1, exception={"type": t}) for n, t in enumerate(names) for _ in range(n + 1)))
    groups = await logs.groups()
    assert [group.count for group in groups] == list(range(60, 10, -1))


async def test_1_without_a_log_there_are_no_templates(logs: Logs, shop: Shop) -> None:
    assert await logs.templates() is None
    assert await shop.telemetry.log_templates("nobody", START) is None


async def test_3_templates_are_made_of_what_can_be_read(logs: Logs) -> None:
    logs.write(
        b"\x00\xff",
        "not json",
        "{" * 60_000,
        line(1, event="x" * 70_000),
        line(1, event={"no": "text"}),
        line(1, event=""),
        line(-60, event="before it"),
        line(1, event="the good one"),
        line(2, msg="of another logger", event=None),
    )
    found = await logs.templates()
    assert found is not None
    assert [one.text for one in found] == ["of another logger", "the good one"]


async def test_4_lines_that_differ_in_values_are_one_template_with_few_examples(logs: Logs) -> None:
    logs.write(
        *(line(n, event=f"order {n} of user-{n % 5} paid in {n * 7} ms") for n in range(40)),
        line(50, event="connection to 10.0.0.7:5432 refused"),
        *(line(n, event=f"took 0x{n:08x} back, password=hunter{n}") for n in range(9)),
    )
    found = await logs.templates()
    assert found is not None
    assert [(one.text, one.count, len(one.examples)) for one in found] == [
        ("order <*> of user-<*> paid in <*> ms", 40, MOST_EXAMPLES),
        ("took <*> back, password=***", 9, MOST_EXAMPLES),
        ("connection to <*> refused", 1, 1),
    ]
    assert found[0].examples[0] == "order 0 of user-0 paid in 0 ms"
    assert found[0].first_at == START
    assert found[0].last_at == START + timedelta(seconds=39)


async def test_4_templates_are_ordered_by_count_and_at_most_50(logs: Logs) -> None:
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" * 4 for n in range(60)]
    logs.write(*(line(1, event=word) for n, word in enumerate(words) for _ in range(n + 1)))
    found = await logs.templates()
    assert found is not None
    assert [one.count for one in found] == list(range(60, 10, -1))


@pytest.mark.parametrize(
    ("more", "kind", "frame"),
    [
        ({"event": "order 17 of 3 failed"}, "order # of # failed", None),
        ({"event": None, "msg": "short"}, "short", None),
        ({"exception": {"class": "E", "value": "v", "frames": []}}, "E", None),
        (
            {"exception": [{"exc_type": "E", "frames": [{"filename": "a.py", "lineno": 3}]}]},
            "E",
            "a.py:3",
        ),
        ({"exception": "ValueError: no"}, "ValueError", None),
        ({"exc_info": "Traceback (most recent call last):\n"
          '  File "web.py", line 3, in checkout\n    pay()\n'
          '  File "pay.py", line 9, in pay\n    raise\npay.Refused: card: no'},
         "pay.Refused", "pay.py:9 pay"),
    ],
)  # fmt: skip
async def test_exceptions_are_read_in_many_spellings(
    logs: Logs, more: dict[str, object], kind: str, frame: str | None
) -> None:
    logs.write(line(1, **more))
    (group,) = await logs.groups()
    assert (group.type, group.frame) == (kind, frame)


@pytest.mark.parametrize(
    "when",
    [
        {"timestamp": "2026-03-01T12:00:05Z"},
        {"time": "2026-03-01T12:00:05.123456789Z"},
        {"ts": 1772366405.1},
        {"@timestamp": 1772366405100},
        {"ts": 1772366405100000000},
        {"time": "2026-03-01 13:00:05+01:00"},
        {"time": "2026-03-01T12:00:05"},
    ],
)
async def test_times_are_read_in_many_spellings(logs: Logs, when: dict[str, object]) -> None:
    logs.write(json.dumps({"severity": "CRITICAL", "message": "m", "version": "7"} | when))
    (group,) = await logs.groups()
    assert abs(group.first_at - START - timedelta(seconds=5)) < timedelta(seconds=1)
    assert group.release == "7"


async def test_samples_are_cleaned_and_cut(logs: Logs) -> None:
    nasty = "\x1b[2J\u202e password=hunter2 Authorization: Bearer abcdefgh " + "long " * 200
    logs.write(line(1, exception={"type": "E\x07", "message": nasty}))
    (group,) = await logs.groups()
    assert group.type == "E"
    assert len(group.sample) <= 300
    assert group.sample.isprintable()
    assert "hunter2" not in group.sample
    assert "abcdefgh" not in group.sample


@pytest.mark.parametrize(
    ("types", "message", "origin"),
    [
        (["KeyError"], "'net'", "code"),
        (["TypeError"], "unsupported operand", "code"),
        (["psycopg.errors.UndefinedColumn"], 'column "net" does not exist', "code"),
        (["psycopg.errors.UniqueViolation"], "duplicate key", "code"),
        (["FileNotFoundError"], "no such file", "code"),
        (["httpx.InvalidURL"], "", "code"),
        ([], "something failed", "unclear"),
        (["psycopg.OperationalError"], "", "dependency"),
        (["OperationalError"], "", "dependency"),
        (["psycopg.errors.QueryCanceled"], "", "dependency"),
        (["sqlalchemy.exc.OperationalError"], "", "dependency"),
        (["redis.exceptions.ConnectionError"], "", "dependency"),
        (["ConnectionRefusedError"], "", "dependency"),
        (["TimeoutError"], "", "dependency"),
        (["socket.gaierror"], "", "dependency"),
        (["httpx2.ReadTimeout"], "", "dependency"),
        (["grpc.aio.AioRpcError"], "", "dependency"),
        (["CheckoutFailed", "LockNotAvailable"], "could not save", "dependency"),
        (["RuntimeError"], "canceling statement due to statement timeout", "dependency"),
        (["RuntimeError"], "FATAL: sorry, too many clients already", "dependency"),
        ([], "connect to 127.0.0.1: Connection refused", "dependency"),
    ],
)
def test_origin_by_type_then_by_words(types: list[str], message: str, origin: str) -> None:
    assert origin_of(types, message) == origin


@pytest.mark.parametrize(
    "error",
    [
        redis.exceptions.ConnectionError,
        redis.exceptions.TimeoutError,
        redis.exceptions.BusyLoadingError,
        redis.exceptions.ClusterDownError,
        redis.exceptions.InvalidResponse,
        redis.exceptions.MasterDownError,
        redis.exceptions.MaxConnectionsError,
        redis.exceptions.ReadOnlyError,
        redis.exceptions.RedisError,
        psycopg_pool.PoolClosed,
        psycopg_pool.PoolTimeout,
        psycopg_pool.TooManyRequests,
    ],
    ids=lambda error: error.__name__,
)
def test_a_drivers_word_on_its_server_is_the_dependencys(error: type[Exception]) -> None:
    """By the bare name too, which is all that many loggers write."""
    assert origin_of([error.__name__], "") == "dependency"
    assert origin_of([f"{error.__module__}.{error.__name__}"], "") == "dependency"


def test_the_cause_below_a_wrapping_error_tells_the_origin() -> None:
    chained = (
        'Traceback (most recent call last):\n  File "db.py", line 3, in save\n    run()\n'
        "psycopg.errors.LockNotAvailable: no\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        'Traceback (most recent call last):\n  File "web.py", line 9, in pay\n    save()\n'
        "CheckoutFailed: not saved\n"
    )
    found = read_line(line(1, exception=chained).encode())
    assert found is not None
    assert (found.type, found.origin, found.frame) == (
        "CheckoutFailed",
        ErrorOrigin.DEPENDENCY,
        "web.py:9 pay",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
FIELDS = ["exception", "exc_info", "error", "event", "release", "instance", "timestamp", "frames"]


@given(st.binary(max_size=200))
def test_3_reading_a_line_never_raises(raw: bytes) -> None:
    read_line(raw)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_3_reading_an_error_never_raises(entry: dict[str, object]) -> None:
    found = read_line(line(1, **entry).encode())
    assert found is None or len(found.sample) <= 300


@given(st.dictionaries(st.sampled_from(["type", "message", "frames", "cause", "name"]), JSON))
def test_3_reading_an_exception_never_raises(exception: dict[str, object]) -> None:
    found = read_line(line(1, exception=exception).encode())
    assert found is not None
    assert found.type
