"""The promises of ``ports.probes``, over real servers on loopback."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import psycopg
import pytest
import redis
from pydantic import ValidationError
from tests.support.http_server import Answer, Request, serving
from tests.support.probing import GRACE_S, PROBE, REF, http, look
from tests.support.programs import free_port, postgres, redis_server, short_folder, supervisor

from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import Probe
from vigil.integrations.browser.embedded import LightpandaBrowser
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.probes import embedded
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.ports.browser import Heard, Walk

TESTS = Path(__file__).parents[1] / "probes"


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """A server that accepts and says nothing."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in writers:
            writer.transport.abort()
        server.close()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as dsn:
        yield dsn


@pytest.fixture(scope="module")
def filled() -> Iterator[int]:
    """A Redis with a list and a key."""
    with redis_server() as port:
        with redis.Redis(port=port) as client:
            client.lpush("orders", "a", "b", "c")
            client.set("paused", "stocktaking, ann")
        yield port


# 1. within the time, never raising ----------------------------------------------------------------


SILENT: dict[str, tuple[str, dict[str, object]]] = {
    "http": ("failing", {"steps": [{"url": "http://127.0.0.1:PORT/"}]}),
    "performance": ("failing", {"url": "http://127.0.0.1:PORT/", "p95_ms": 1, "per_s": 50}),
    "promql": ("unknown", {"url": "http://127.0.0.1:PORT", "query": "up", "min": 1}),
    "queue": ("failing", {"host": "127.0.0.1", "port": "PORT", "key": "orders", "max": 1}),
    "redis": ("failing", {"host": "127.0.0.1", "port": "PORT"}),
    "sql": ("failing", {"dsn": "host=127.0.0.1 port=PORT", "query": "select 1", "max": 1}),
    "tls": ("failing", {"host": "127.0.0.1", "port": "PORT"}),
}


@pytest.mark.parametrize("kind", SILENT)
async def test_1_a_silent_target_is_told_in_time(kind: str) -> None:
    outcome, spec = SILENT[kind]
    async with silent() as port:
        spec = json.loads(json.dumps(spec).replace('"PORT"', str(port)).replace("PORT", str(port)))
        result = await look(kind=kind, timeout_s=0.5, **spec)
    assert result.outcome == outcome, result.text
    assert 0.4 < result.seconds < 0.5 + GRACE_S


async def test_1_the_time_is_that_of_all_steps_together() -> None:
    async with serving(lambda _: Answer(delay_s=0.25)) as server:
        step = {"url": server.url()}
        result = await http(step, step, step, timeout_s=0.4)
    assert result.outcome == "failing"


async def test_1_dripping_answers_do_not_stretch_the_time() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass  # the probe hung up, as it should
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        step = {"url": f"http://127.0.0.1:{port}/", "expect": {"text": "never"}}
        result = await http(step, timeout_s=0.3)
    assert result.outcome == "failing"


async def test_1_a_database_that_froze_after_the_connection(database: str) -> None:
    """The driver waits for seconds when such a query is cancelled; the deadline does not."""
    probe = PROBE.validate_python(
        {"kind": "sql", "dsn": database, "query": "select pg_sleep(30)", "max": 1}
        | {"timeout_s": 0.5}
    )
    started = time.monotonic()
    running_probe = asyncio.create_task(EmbeddedProbes(SystemClock()).run(REF, probe))
    backend = await _backend(database)
    os.kill(backend, signal.SIGSTOP)
    try:
        result = await running_probe
    finally:
        os.kill(backend, signal.SIGCONT)
    assert result.outcome == "failing"
    assert time.monotonic() - started < 0.5 + GRACE_S


async def _backend(dsn: str) -> int:
    """The process that serves the probe's query."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        for _ in range(100):
            cursor = await connection.execute(
                "select pid from pg_stat_activity"
                " where application_name = 'vigil-probe' and state = 'active'"
            )
            if (row := await cursor.fetchone()) is not None:
                return int(row[0])
            await asyncio.sleep(0.01)
    pytest.fail("the probe's query never ran")


# 2. failing is not unknown ------------------------------------------------------------------------


async def test_2_nobody_listens() -> None:
    port = free_port()
    address = {"host": "127.0.0.1", "port": port}
    looks = [
        await look(kind="tls", **address),
        await look(kind="queue", **address, key="orders", max=1),
        await http({"url": f"http://127.0.0.1:{port}/"}),
        await look(kind="tcp", **address),
        await look(kind="redis", **address),
        await look(kind="sql", dsn=f"host=127.0.0.1 port={port}", query="select 1", max=1),
    ]
    assert [result.outcome.value for result in looks] == ["failing"] * 6


@pytest.mark.parametrize(
    ("step", "outcome", "words"),
    [
        ({}, "passing", "answered 200"),
        ({"expect": {"text": "Catalogue"}}, "passing", "with 'Catalogue'"),
        ({"expect": {"text": "Basket"}}, "failing", "'Basket' is not in it"),
        ({"expect": {"status": 404}}, "failing", "answered 200, expected 404"),
        ({"url": "/broken"}, "failing", "answered 500, expected 200"),
        ({"url": "/broken", "expect": {"status": 500}}, "passing", "answered 500"),
        ({"url": "/away"}, "failing", "answered 303, expected 200"),
        ({"url": "/away", "expect": {"status": 303}}, "passing", "answered 303"),
        ({"url": "/away", "follow": True}, "passing", "answered 200"),
        ({"url": "/loop", "follow": True}, "failing", "more than 10 times"),
        ({"url": "/elsewhere", "follow": True}, "failing", "redirect to another place"),
        ({"url": "/odd", "expect": {"text": "Catalogue"}}, "unknown", "coded as br"),
        ({"method": "HEAD"}, "passing", "HEAD"),
    ],
)
async def test_2_http_answers(step: dict[str, Any], outcome: str, words: str) -> None:
    answers = {
        "/": Answer(body=b"<h1>Catalogue</h1>"),
        "/broken": Answer(status=500),
        "/away": Answer(status=303, headers=(("location", "/"),)),
        "/loop": Answer(status=302, headers=(("location", "/loop"),)),
        "/elsewhere": Answer(status=302, headers=(("location", "http://127.0.0.1:1/?t=1"),)),
        "/odd": Answer(body=b"zzz", headers=(("content-encoding", "br"),)),
    }
    async with serving(lambda request: answers[request.path]) as server:
        result = await http(step | {"url": server.url(step.get("url", "/"))})
    assert (result.outcome, words in result.text) == (outcome, True), result.text


async def test_2_a_journey_shares_cookies_and_posts_forms() -> None:
    def shop(request: Request) -> Answer:
        if request.path == "/basket" and request.method == "POST":
            assert request.body == b"sku=probe-sku&quantity=1"
            moved = (("location", "/done"), ("set-cookie", "basket=7; Path=/"))
            return Answer(status=303, headers=moved)
        known = "basket=7" in request.headers.get("cookie", "")
        return Answer(body=b"Order" if known else b"Catalogue")

    async with serving(shop) as server:
        form = {"sku": "probe-sku", "quantity": "1"}
        journey = (
            {"url": server.url("/"), "expect": {"text": "Catalogue"}},
            {"method": "POST", "url": server.url("/basket"), "form": form, "follow": True},
            {"url": server.url("/done"), "expect": {"text": "Order"}},
        )
        result = await http(*journey)
        assert result.outcome == "passing", result.text
        # Each run starts with an empty jar, or the first step would see the basket of the last.
        assert (await http(*journey)).outcome == "passing"
        assert server.requests[2].method == "GET"
        broken = await http(journey[0], {"url": server.url("/"), "expect": {"text": "Order"}})
    assert broken.text.startswith("Step 2 of 2: ")


@pytest.mark.parametrize(
    ("path", "within_s", "outcome", "words"),
    [
        ("/quick", 5.0, "passing", "as expected, after 0."),
        ("/slow", 0.2, "failing", "as expected, but after 0."),
        ("/moved", 0.2, "failing", "0.2 s are allowed"),
        ("/moved", 5.0, "passing", "as expected, after 0."),
        ("/broken", 0.2, "failing", "answered 500, expected 200"),
        ("/dripping", 0.2, "failing", "0.2 s are allowed"),
    ],
)
async def test_2_http_that_comes_too_late_is_failing(
    path: str, within_s: float, outcome: str, words: str
) -> None:
    """Redirects and the whole answer included; what is wrong anyway is told as it is."""
    answers = {
        "/quick": Answer(body=b"Catalogue"),
        "/slow": Answer(body=b"Catalogue", delay_s=0.3),
        "/moved": Answer(status=303, headers=(("location", "/slow"),)),
        "/broken": Answer(status=500, delay_s=0.3),
    }

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nCata")
        await asyncio.sleep(0.3)
        writer.write(b"logue")
        writer.close()

    expect = {"text": "Catalogue", "within_s": within_s}
    if path == "/dripping":
        async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            result = await http({"url": f"http://127.0.0.1:{port}/", "expect": expect})
    else:
        async with serving(lambda request: answers[request.path]) as served:
            result = await http({"url": served.url(path), "follow": True, "expect": expect})
    assert (result.outcome, words in result.text) == (outcome, True), result.text


async def test_2_each_step_has_its_own_time() -> None:
    async with serving(lambda _: Answer(delay_s=0.4)) as server:
        step = {"url": server.url(), "expect": {"within_s": 1.0}}
        result = await http(step, step, step)
    assert result.outcome == "passing", result.text


async def test_2_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with serving(lambda _: Answer()) as server:
        assert (await http({"url": server.url()})).outcome == "passing"


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999/", "https://:1"])
async def test_2_an_address_that_is_none_is_unknown(url: str) -> None:
    result = await http({"url": url})
    assert result.outcome == "unknown", result.text


async def test_2_tcp_accepts() -> None:
    async with silent() as port:
        result = await look(kind="tcp", host="127.0.0.1", port=port)
    assert result.outcome == "passing"
    assert result.value is not None


async def test_2_redis_answers_ping() -> None:
    with redis_server() as port:
        result = await look(kind="redis", host="127.0.0.1", port=port)
    assert result.outcome == "passing", result.text


async def test_2_redis_that_wants_a_password_is_unknown() -> None:
    with redis_server("--requirepass", "s3cret") as port:
        result = await look(kind="redis", host="127.0.0.1", port=port)
    assert result.outcome == "unknown"
    assert "password" in result.text


@pytest.mark.parametrize(
    ("measure", "key", "most", "outcome", "words"),
    [
        ("length", "orders", 3, "passing", "has 3 entries, at most 3 is fine"),
        ("length", "orders", 2, "failing", "has 3 entries, more than 2"),
        ("length", "nothing", 0, "passing", "has 0 entries"),
        ("length", "paused", 0, "unknown", "has no list at 'paused'"),
        ("exists", "paused", 0, "failing", "is there, more than 0"),
        ("exists", "nothing", 0, "passing", "is not there"),
        ("exists", "orders", 1, "passing", "is there, at most 1 is fine"),
    ],
)
async def test_2_redis_measures(
    filled: int, measure: str, key: str, most: int, outcome: str, words: str
) -> None:
    address = {"host": "127.0.0.1", "port": filled}
    result = await look(kind="redis", **address, measure=measure, key=key, max=most)
    assert (result.outcome, words in result.text) == (outcome, True), result.text


async def test_2_redis_that_is_gone_fails_every_measure() -> None:
    address = {"host": "127.0.0.1", "port": free_port()}
    for measure in ("length", "exists"):
        result = await look(kind="redis", **address, measure=measure, key="orders")
        assert result.outcome == "failing", result.text
        assert f"does not answer {measure.upper()}" in result.text


async def test_4_redis_is_only_read(filled: int) -> None:
    with redis.Redis(port=filled) as client:
        before = client.info("commandstats")
        await look(kind="redis", host="127.0.0.1", port=filled, measure="length", key="orders")
        await look(kind="redis", host="127.0.0.1", port=filled, measure="exists", key="orders")
        after = client.info("commandstats")
    asked = {name for name in after if after[name] != before.get(name)}
    assert asked - {"cmdstat_info"} == {"cmdstat_llen", "cmdstat_exists"}


@pytest.mark.parametrize(
    "spec",
    [
        {"max": float("nan")},
        {"measure": "length"},
        {"measure": "exists"},
        {"key": "orders"},
        {"measure": "drop"},
    ],
)
def test_a_measure_needs_its_key_and_only_then(spec: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        PROBE.validate_python({"kind": "redis", "host": "h", "port": 1} | spec)


@pytest.mark.parametrize("reply", [b"-LOADING Redis is loading\r\n", b"HTTP/1.1 400 no\r\n", b""])
async def test_2_what_is_not_a_pong_is_failing(reply: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await look(kind="redis", host="127.0.0.1", port=port)
    assert result.outcome == "failing", result.text


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        ("select 0", "passing"),
        ("select 2.5;", "passing"),
        ("select 3", "failing"),
        ("select pg_sleep(60)", "failing"),
        ("select 'many'", "unknown"),
        ("select null", "unknown"),
        ("select 'nan'::float", "unknown"),
        ("select 1, 2", "unknown"),
        ("select 1 where false", "unknown"),
        ("select generate_series(1, 100000000)", "unknown"),
        ("selekt 1", "unknown"),
        ("select 1 from nowhere", "unknown"),
        ("select 1; drop table if exists nowhere", "unknown"),
        ("create table t (n int)", "unknown"),
    ],
)
async def test_2_sql_answers(database: str, query: str, outcome: str) -> None:
    timeout_s = 0.8 if "pg_sleep" in query else 20.0
    result = await look(kind="sql", dsn=database, query=query, max=2.5, timeout_s=timeout_s)
    assert result.outcome == outcome, result.text


async def test_4_sql_writes_nothing(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("create sequence counter")
        query = "select nextval('counter')"
        result = await look(kind="sql", dsn=database, query=query, max=100)
        assert "read-only transaction" in result.text
        cursor = await connection.execute("select is_called from counter")
        assert await cursor.fetchone() == (False,)


async def test_4_sql_cannot_give_itself_leave_to_write(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("create sequence other_counter")
        for setting in ("transaction_read_only", "default_transaction_read_only"):
            leave = f"set_config('{setting}', 'off', false) = 'off'"
            query = f"select nextval('other_counter') where {leave}"
            result = await look(kind="sql", dsn=database, query=query, max=100)
            assert result.outcome == "unknown", result.text
        cursor = await connection.execute("select is_called from other_counter")
        assert await cursor.fetchone() == (False,)


async def test_2_sql_with_a_wrong_dsn_is_unknown(database: str) -> None:
    wrong = database.replace("s3cr3t-of-the-test", "wr0ng")
    for dsn in (wrong, database.replace("dbname=postgres", "dbname=nowhere"), "no dsn at all"):
        result = await look(kind="sql", dsn=dsn, query="select 1", max=1)
        assert result.outcome == "unknown", result.text


async def test_2_processes() -> None:
    with supervisor() as socket:
        steady = {"supervisor": socket, "names": ["steady"]}
        for _ in range(100):  # supervisor needs a second to call it RUNNING
            if (await look(kind="process", **steady)).outcome == "passing":
                break
            await asyncio.sleep(0.1)
        looks = {
            names: await look(kind="process", supervisor=socket, names=names)
            for names in [
                *(("steady",), ("steady:steady",), ("steady", "idle"), ("nobody",)),
                *(("twin",), ("one:twin",), ("two:twin",)),
            ]
        }
    outcomes = [result.outcome.value for result in looks.values()]
    assert outcomes[:4] == ["passing", "passing", "failing", "unknown"]
    assert outcomes[4:] == ["failing", "passing", "failing"], "of two groups the worse one counts"
    assert "idle is STOPPED" in looks["steady", "idle"].text


async def test_2_a_supervisor_that_cannot_be_asked_is_unknown(tmp_path: Path) -> None:
    for socket in (str(tmp_path / "none.sock"), "/" + "x" * 200, "nul\0"):
        result = await look(kind="process", supervisor=socket, names=["shop"])
        assert result.outcome == "unknown", result.text


@pytest.mark.parametrize("answer", [b"", b"<xml", b"<methodResponse/>", b"x" * 2_000_000])
async def test_2_a_supervisor_that_talks_nonsense_is_unknown(answer: bytes) -> None:
    with short_folder() as folder:
        socket = str(folder / "s.sock")

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"</methodCall>")
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + answer)
            writer.close()

        async with await asyncio.start_unix_server(talk, socket):
            result = await look(kind="process", supervisor=socket, names=["shop"])
    assert result.outcome == "unknown", result.text


# 3. one sentence, no credential -------------------------------------------------------------------


async def test_3_no_credential_in_any_text(database: str) -> None:
    port = free_port()
    secrets = ("hunter2", "s3cr3t-of-the-test", "t0ken")
    address = f"http://ann:hunter2@127.0.0.1:{port}/?key=t0ken"
    async with serving(lambda _: Answer(body=b"x")) as server:
        url = server.url("/?key=t0ken").replace("http://", "http://ann:hunter2@")
        looks = [
            await http({"url": url}),
            await http({"url": url, "expect": {"status": 201}}),
            await http({"url": address}),
            await look(kind="sql", dsn=database, query="selekt", max=1),
            await look(kind="sql", dsn="host=[ password=hunter2", query="select 1", max=1),
            await look(kind="sql", dsn="hunter2", query="select 1", max=1),
            await look(
                kind="sql", dsn=f"postgresql://a:hunter2@127.0.0.1:{port}/", query="s", max=1
            ),
            await look(kind="sql", dsn=database, query="select 's3cr3t-of-the-test'::int", max=1),
        ]
    for result in looks:
        assert not any(secret in result.text for secret in secrets), result.text


async def test_3_texts_are_cut() -> None:
    async with serving(lambda _: Answer(body=b"x")) as server:
        result = await http({"url": server.url(), "expect": {"text": "long " * 1000}})
    assert len(result.text) == 500


# 4. changes nothing, reads little -----------------------------------------------------------------


async def test_4_reads_at_most_a_mebibyte() -> None:
    piece = b"x" * 524_288
    async with serving(lambda _: Answer(body=piece, repeat=400)) as server:
        result = await http({"url": server.url(), "expect": {"text": "needle"}}, timeout_s=5.0)
    assert result.outcome == "failing"
    assert "first 1048576 bytes" in result.text


async def test_4_sends_nothing_but_its_steps() -> None:
    async with serving(lambda _: Answer(status=303, headers=(("location", "/x"),))) as server:
        await http({"url": server.url("/a")}, {"url": server.url("/b")})
        assert [(r.method, r.path) for r in server.requests] == [("GET", "/a")]


# 5. the value -----------------------------------------------------------------------------------


async def test_5_what_was_measured_is_the_value(database: str, filled: int) -> None:
    in_redis = {"host": "127.0.0.1", "port": filled, "key": "orders"}
    async with serving(lambda _: Answer(delay_s=0.05)) as server:
        step = {"url": server.url()}
        walked = await http(step, step)
        wrong = await http({"url": server.url(), "expect": {"status": 201}})
    long = await look(kind="redis", **in_redis, measure="length", max=1)
    number = await look(kind="sql", dsn=database, query="select -2.5", max=0)
    assert walked.value is not None
    assert 100 <= walked.value <= walked.seconds * 1000 + 1
    assert wrong.value is None
    assert (long.outcome, long.value) == ("failing", 3)
    assert (number.outcome, number.value) == ("passing", -2.5)


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        ("select 'inf'::float", "failing"),
        ("select '-inf'::float", "unknown"),
        ("select 'nan'::float", "unknown"),
    ],
)
async def test_5_what_is_not_finite_is_no_value(database: str, query: str, outcome: str) -> None:
    result = await look(kind="sql", dsn=database, query=query, max=1)
    assert (result.outcome, result.value) == (outcome, None), result.text
    assert "value" not in result.model_dump(), "left out: old records read and hash as before"


HERE = frozenset({"http", "journey", "process", "redis", "sql", "tcp"})
"""Kinds that are tested in this file; each other one has a file of its name."""


def test_every_kind_has_its_tests_and_its_adapter() -> None:
    kinds = {
        get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(Probe)[0])
    }
    files = {path.stem.removeprefix("test_") for path in TESTS.glob("test_*.py")}
    assert kinds - HERE <= files
    assert set(embedded.LOOKS) <= kinds
    adapters = {path.stem for path in Path(str(embedded.__file__)).parent.glob("*.py")}
    assert kinds <= adapters


# journeys: what a browser does with pages stands in its own contract ------------------------------


def journey(url: str, **expect: object) -> JourneyProbe:
    steps = [{"open": url}, {"expect": {"within_s": 0.5} | expect}]
    return JourneyProbe.model_validate({"kind": "journey", "timeout_s": 2.0, "steps": steps})


async def test_2_a_journey_passes_or_fails_and_its_picture_is_kept(tmp_path: Path) -> None:
    browser, screenshots = LightpandaBrowser(), FileScreenshots(tmp_path)
    probes = EmbeddedProbes(SystemClock(), browser, screenshots)
    page = Answer(body=b"<h1>Catalogue</h1>", headers=(("content-type", "text/html"),))
    try:
        async with serving(lambda _: page) as server:
            passed = await probes.run(REF, journey(server.url(), text="Catalogue"))
            failed = await probes.run(REF, journey(server.url(), text="Basket"))
    finally:
        await browser.close()
    assert (passed.outcome, failed.outcome) == ("passing", "failing"), (passed, failed)
    assert failed.text.startswith("Step 2 of 2 ")
    for result in (passed, failed):
        assert result.screenshot is not None
        picture = await screenshots.read(result.screenshot)
        assert picture is not None
        assert picture.startswith(b"\x89PNG")


async def test_2_a_picture_that_cannot_be_kept_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    browser, screenshots = LightpandaBrowser(), FileScreenshots(tmp_path / "file")
    page = Answer(body=b"<h1>Catalogue</h1>", headers=(("content-type", "text/html"),))
    try:
        async with serving(lambda _: page) as server:
            probe = journey(server.url(), text="Catalogue")
            result = await EmbeddedProbes(SystemClock(), browser, screenshots).run(REF, probe)
    finally:
        await browser.close()
    assert (result.outcome, result.screenshot) == ("passing", None), result.text


async def test_2_a_journey_without_a_browser_is_unknown() -> None:
    result = await look(**journey("http://127.0.0.1:1/", text="x").model_dump(exclude_none=True))
    assert (result.outcome, result.screenshot) == ("unknown", None)


async def test_1_a_browser_that_keeps_nothing_of_its_promise_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stuck(LightpandaBrowser):
        async def walk(self, journey: JourneyProbe, heard: Heard | None = None) -> Walk:
            await asyncio.sleep(60)
            raise AssertionError(journey)

    monkeypatch.setattr(embedded, "AROUND_A_WALK_S", 0.2)
    probes = EmbeddedProbes(SystemClock(), Stuck())
    started = time.monotonic()
    result = await probes.run(REF, journey("http://127.0.0.1:1/", text="x"))
    assert result.outcome == "unknown"
    assert time.monotonic() - started < 2.0 + 0.2 + GRACE_S
