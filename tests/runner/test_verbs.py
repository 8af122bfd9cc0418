"""Where each verb ends: what its grant bounds, and what it does when its target is not as hoped."""

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from tests.contracts.verbs import case_of
from tests.contracts.verbs.certificate import renewer
from tests.runner.bench import Bench
from tests.support.buses import breakable_redis
from tests.support.verb_cases import (
    MESSAGES,
    SECRET,
    Case,
    Programs,
    Receiver,
    Targets,
    bound,
    programs_in,
)

from vigil.domain.plan import ActionStatus
from vigil.runner.verbs import http_call, messages
from vigil.runner.verbs import redis as redis_verbs
from vigil.runner.verbs.base import Deadline, NotDone, Refusal, Unfinished
from vigil.runner.verbs.supervisor import Supervisor

KEY = "run:0"
pytestmark = pytest.mark.takes(50)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    with programs_in(tmp_path_factory.mktemp("p")) as made:
        yield made


@pytest.fixture
def targets(programs: Programs, tmp_path: Path) -> Iterator[Targets]:
    made = programs(tmp_path)
    with made.stack:
        yield made


@contextmanager
def dripping(bytes_a_second: int) -> Iterator[int]:
    """Somebody who begins a long TLS record and sends a little of it now and then."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as line, contextlib.suppress(OSError):
                line.sendall(b"\x16\x03\x03\x3f\xff" if bytes_a_second else b"")
                while not over.wait(1 / (bytes_a_second or 1)):
                    line.sendall(b"\x02" if bytes_a_second else b"")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            thread.join()


@contextmanager
def echoing() -> Iterator[int]:
    """Somebody who gives back the first thing that is said to him."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as line, contextlib.suppress(OSError):
                line.sendall(line.recv(65_536))

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def in_time() -> Deadline:
    return Deadline.within(15.0)


def with_grant(case: Case, **changes: object) -> Case:
    return Case(**{**vars(case), "grant": {**case.grant, **changes}})


class TestProcesses:
    def test_enough_of_the_others_go_on(self, targets: Targets) -> None:
        case = case_of("process.stop", targets)
        processes = Supervisor(str(targets.supervised().socket))
        call = case.bind(KEY)
        before = call.look()
        processes.stop("web-2", in_time())
        with pytest.raises(Refusal, match="0 of the grant's processes run, and least_running is 1"):
            case.bind(KEY).look()
        outcome = call.do(before, in_time())
        assert (outcome.ok, "has to go on" in outcome.text) == (False, True)
        assert case.state() is True

    def test_the_last_one_where_the_grant_says_so(self, targets: Targets) -> None:
        case = with_grant(case_of("process.stop", targets), least_running=0)
        Supervisor(str(targets.supervised().socket)).stop("web-2", in_time())
        call = case.bind(KEY)
        assert call.do(call.look(), in_time()).ok
        assert case.state() is False

    def test_one_that_somebody_started_anew_is_left_alone(self, targets: Targets) -> None:
        case = case_of("process.stop", targets)
        processes = Supervisor(str(targets.supervised().socket))
        call = case.bind(KEY)
        before = call.look()
        processes.stop("web-1", in_time())
        processes.start("web-1", in_time())
        outcome = call.do(before, in_time())
        assert (outcome.ok, "left alone" in outcome.text) == (False, True)
        found = call.done_since(before)
        assert found is not None
        assert not found.ok
        assert case.state() is True


class TestQueues:
    def test_what_a_person_paused_stays_paused(self, targets: Targets) -> None:
        case = case_of("queue.resume", targets)
        assert case.meddle is not None
        case.meddle()
        with pytest.raises(Refusal, match="paused by somebody else"):
            case.bind(KEY).look()

    def test_pausing_what_is_paused_changes_nothing(self, targets: Targets) -> None:
        case = case_of("queue.pause", targets)
        assert case.meddle is not None
        case.meddle()
        call = case.bind(KEY)
        before = call.look()
        assert str(before["would"]).startswith("nothing")
        assert call.do(before, in_time()).ok
        client = Redis(port=targets.redis_port(), password=SECRET)
        assert client.get("orders:paused") == b"by Ada"

    def test_who_resumes_what_another_incident_paused_is_told(self, targets: Targets) -> None:
        case = case_of("queue.resume", targets)
        client = Redis(port=targets.redis_port(), password=SECRET)
        client.set("orders:paused", "paused by Vigil for incident inc-7, call sha256:0:action-1:0")
        call = case.bind(KEY)
        before = call.look()
        assert "which incident inc-7 had paused" in str(before["would"])
        assert "incident inc-7 had paused it" in call.do(before, in_time()).text

    @pytest.mark.parametrize("verb", ["queue.pause", "queue.park", "cache.delete", "flag.set"])
    def test_where_a_mark_may_be_lost_nothing_is_done_twice(
        self, targets: Targets, verb: str
    ) -> None:
        """It was done, and then this Redis forgot keys: as one does that runs out of memory."""
        case = case_of(verb, targets)
        client = Redis(port=targets.redis_port(), password=SECRET)
        call = case.bind(KEY)
        before = call.look()
        assert call.do(before, in_time()).ok
        (mark,) = client.scan_iter("vigil:done:*")
        client.delete(mark)
        # Nobody has evicted anything, so somebody's own hand is not what this is about.
        assert call.done_since(before) is None
        was = client.config_get("maxmemory*")
        try:
            client.set("filler", bytes(2_000_000), ex=1000)
            client.config_set("maxmemory-policy", "volatile-random")
            client.config_set("maxmemory", client.info("memory")["used_memory"] - 1_000_000)
            client.set("one-more", "x")
        finally:
            for name in ("maxmemory", "maxmemory-policy"):
                client.config_set(name, str(was[name]))
        with pytest.raises(Unfinished, match="has evicted keys"):
            call.done_since(before)

    def test_no_message_is_lost_where_the_parking_is_no_list(self, targets: Targets) -> None:
        case = case_of("queue.park", targets)
        client = Redis(port=targets.redis_port(), password=SECRET)
        client.set("orders:parked", "no list")
        call = case.bind(KEY)
        outcome = call.do(call.look(), in_time())
        assert (outcome.ok, "is no list but a string" in outcome.text) == (False, True)
        assert client.llen("orders") == 3

    def test_one_of_two_equal_messages_is_moved(self, targets: Targets) -> None:
        case = case_of("queue.park", targets)
        client = Redis(port=targets.redis_port(), password=SECRET)
        client.rpush("orders", MESSAGES[1])
        call = case.bind(KEY)
        assert call.do(call.look(), in_time()).ok
        assert (client.llen("orders"), client.llen("orders:parked")) == (3, 1)

    def test_a_runner_that_stood_still_moves_nothing_again(self, targets: Targets) -> None:
        """Two did the same call, the first of them long after the second: the mark tells it."""
        case = case_of("queue.park", targets)
        client = Redis(port=targets.redis_port(), password=SECRET)
        client.rpush("orders", MESSAGES[1])
        first, second = case.bind(KEY), case.bind(KEY)
        before = first.look()
        assert second.do(before, in_time()).ok
        outcome = first.do(before, in_time())
        assert outcome.ok
        assert (client.llen("orders"), client.llen("orders:parked")) == (3, 1)


class TestRedis:
    def test_more_keys_than_the_grant_allows(self, targets: Targets) -> None:
        case = with_grant(case_of("cache.delete", targets), most_keys=2)
        was = case.state()
        with pytest.raises(Refusal, match="3 keys or more, and the grant allows 2"):
            case.bind(KEY).look()
        assert case.state() == was

    def test_one_key_by_its_whole_name(self, targets: Targets) -> None:
        case = case_of("cache.delete", targets)
        call = case.bind(KEY, arguments=("page:1",))
        assert call.do(call.look(), in_time()).ok
        assert case.state() == ["b'page:0'", "b'page:2'", "b'session:1'"]

    def test_marks_are_no_keys_of_a_cache(self, targets: Targets) -> None:
        case = with_grant(case_of("cache.delete", targets), prefix="v", most_keys=1000)
        for keys in ("v*", "vigil:*", "vigil:done:*", "vigil:done:abc"):
            with pytest.raises(Refusal, match="may mean the marks of Vigil's own calls"):
                case.bind(KEY, arguments=(keys,)).look()

    def test_what_is_too_large_stays_where_it_is(
        self, targets: Targets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        park, flag = case_of("queue.park", targets), case_of("queue.pause", targets)
        client = Redis(port=targets.redis_port(), password=SECRET)
        client.rpush("orders", *(b"x" * 2000 for _ in range(50)))
        client.set("orders:paused", b"x" * 70_000)
        monkeypatch.setattr(messages, "MAX_BYTES", 50_000)
        with pytest.raises(Refusal, match="the messages of orders are more than"):
            park.bind(KEY).look()
        with pytest.raises(Refusal, match="is larger than 65536 bytes"):
            flag.bind(KEY).look()

    def test_a_flag_that_could_not_be_set_back_is_left_alone(self, targets: Targets) -> None:
        case = case_of("flag.set", targets)
        assert case.meddle is not None
        case.meddle()
        with pytest.raises(Refusal, match="none of the grant's values"):
            case.bind(KEY).look()

    def test_a_wrong_password_is_in_no_word(self, targets: Targets) -> None:
        case = case_of("flag.set", targets)
        (targets.folder / "secret").write_text("wrong-horse")
        with pytest.raises(NotDone, match="lets nobody in") as told:
            case.bind(KEY).look()
        assert "wrong-horse" not in str(told.value)

    def test_one_that_answers_without_end_is_not_waited_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_verbs, "LOOK_S", 1.0)
        with dripping(4) as port:
            where = {"host": "127.0.0.1", "port": port, "paused": "p"}
            began = time.monotonic()
            with pytest.raises(NotDone):
                bound({"verb": "queue.pause", **where}, (), KEY).look()
            assert time.monotonic() - began < 30

    def test_one_that_says_nothing_is_not_waited_for(self) -> None:
        with breakable_redis() as redis:
            where = {"host": "127.0.0.1", "port": redis.port, "paused": "p"}
            call = bound({"verb": "queue.pause", **where}, (), KEY)
            before = call.look()
            with redis.frozen():
                began = time.monotonic()
                with pytest.raises(NotDone):
                    call.do(before, Deadline.within(5.0))
                assert time.monotonic() - began < 30


class TestFiles:
    def test_no_link_is_followed(self, targets: Targets) -> None:
        rotate, configure = case_of("file.rotate", targets), case_of("config.set", targets)
        for path in (targets.folder / "logs" / "app.log", targets.folder / "settings.yaml"):
            path.rename(path.with_suffix(".real"))
            path.symlink_to(path.with_suffix(".real"))
        for case in (rotate, configure):
            with pytest.raises(Refusal, match="is not a regular file, and no link is followed"):
                case.bind(KEY).look()

    def test_a_folder_that_is_a_link_is_not_entered(self, targets: Targets) -> None:
        case = case_of("file.rotate", targets)
        logs, link = targets.folder / "logs", targets.folder / "link"
        link.symlink_to(logs)
        with pytest.raises(Refusal, match=f"{link} leads through .*: write it as {logs} in"):
            with_grant(case, folder=str(link)).bind(KEY)
        call = case.bind(KEY)
        logs.rename(targets.folder / "moved")
        logs.symlink_to(targets.folder / "moved")
        with pytest.raises(Refusal, match="cannot be opened"):
            call.look()

    @pytest.mark.parametrize(
        ("verb", "key"),
        [
            ("config.set", "file"),
            ("release.switch", "link"),
            ("process.restart", "supervisor"),
            ("nginx.upstream", "file"),
            ("certificate.renew", "certificate"),
        ],
    )
    def test_a_path_through_a_link_is_refused_with_its_own_name(
        self, targets: Targets, verb: str, key: str
    ) -> None:
        """Or whoever names the same place without it would lock something else."""
        case = case_of(verb, targets)
        own = Path(str(case.grant[key]))
        (targets.folder / "elsewhere").symlink_to(own.parent)
        through = str(targets.folder / "elsewhere" / own.name)
        with pytest.raises(Refusal, match=f"symbolic link: write it as {own} in"):
            with_grant(case, **{key: through}).bind(KEY)

    def test_so_many_are_kept_and_not_more(self, targets: Targets) -> None:
        case = with_grant(case_of("file.rotate", targets), most_kept=2)
        for number in range(2):
            call = case.bind(f"{KEY}{number}")
            assert call.do(call.look(), in_time()).ok
        with pytest.raises(Refusal, match=r"2 rotated files of .* are kept already"):
            case.bind(KEY).look()

    def test_cut_off_between_its_two_steps_it_is_finished(self, targets: Targets) -> None:
        case = case_of("file.rotate", targets)
        before = case.bind(KEY).look()
        file = targets.folder / "logs" / "app.log"
        file.chmod(0o640)
        file.rename(file.with_name(str(before["to"])))
        found = case.bind(KEY).done_since(before)
        assert found is not None
        assert found.ok
        assert file.read_bytes() == b""

    def test_who_may_not_make_the_empty_one_renames_nothing(
        self, targets: Targets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        case = case_of("file.rotate", targets)
        folder = targets.folder / "logs"
        was = {path.name: path.read_bytes() for path in folder.iterdir()}
        call = case.bind(KEY)
        before = call.look()

        def forbidden(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        # As for a runner that is not root, with a file of somebody else's.
        monkeypatch.setattr("os.fchmod", forbidden)
        outcome = call.do(before, in_time())
        assert (outcome.ok, "cannot be rotated" in outcome.text) == (False, True)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == was

    def test_a_file_with_a_second_name_is_left_alone(self, targets: Targets) -> None:
        case = case_of("config.set", targets)
        file = targets.folder / "settings.yaml"
        other = targets.folder / "other.yaml"
        other.hardlink_to(file)
        call, was = case.bind(KEY), file.read_text()
        outcome = call.do(call.look(), in_time())
        assert (outcome.ok, "second name" in outcome.text) == (False, True)
        assert file.read_text() == was

    def test_what_a_person_set_back_is_not_set_again(self, targets: Targets) -> None:
        case = case_of("config.set", targets)
        file = targets.folder / "settings.yaml"
        call, former = case.bind(KEY), file.read_text()
        before = call.look()
        assert call.do(before, in_time()).ok
        file.unlink()
        file.write_text(former)
        found = case.bind(KEY).done_since(before)
        assert found is not None
        assert (found.ok, "has its former content again" in found.text) == (False, True)

    def test_owner_and_mode_stay_and_nothing_half_made(self, targets: Targets) -> None:
        case = case_of("config.set", targets)
        file = targets.folder / "settings.yaml"
        file.chmod(0o604)
        was, beside = file.stat(), set(targets.folder.iterdir())
        call = case.bind(KEY)
        assert call.do(call.look(), in_time()).ok
        now = file.stat()
        assert (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)
        assert file.read_text() == "# of the shop\npool:\n  size: 20 # small\n  wait: 3\n"
        assert set(targets.folder.iterdir()) == beside

    def test_what_else_is_said_of_a_file_stays(self, targets: Targets) -> None:
        files = {
            "file.rotate": targets.folder / "logs" / "app.log",
            "config.set": targets.folder / "settings.yaml",
        }
        for verb, file in files.items():
            call = case_of(verb, targets).bind(KEY)
            try:
                os.setxattr(file, "user.vigil-test", b"kept")
            except OSError:
                pytest.skip("this file system keeps nothing else of a file")
            assert call.do(call.look(), in_time()).ok
            assert os.getxattr(file, "user.vigil-test") == b"kept"

    def test_too_large_or_no_text(self, targets: Targets) -> None:
        case = case_of("config.set", targets)
        file = targets.folder / "settings.yaml"
        for content, said in ((b"a: 1\n" * 60_000, "larger than"), (b"a: \xff\n", "not UTF-8")):
            file.write_bytes(content)
            with pytest.raises(Refusal, match=said):
                case.bind(KEY).look()


class TestRequests:
    @pytest.fixture
    def receiver(self, targets: Targets) -> Iterator[Receiver]:
        made = targets.receiver()
        yield made
        made.status, made.slow_s = 202, 0.0

    def test_it_is_the_owners_request_and_nothing_else(
        self, targets: Targets, receiver: Receiver
    ) -> None:
        call = case_of("http.call", targets).bind(KEY)
        assert call.do(call.look(), in_time()).ok
        sent = ("POST", f"/drain?token={SECRET}", {"node": "web-1"}, f"Bearer {SECRET}")
        assert list(receiver.done.values()) == [sent]

    @pytest.mark.parametrize("status", [302, 404, 500])
    def test_a_no_is_a_no_and_no_redirect_is_followed(
        self, targets: Targets, receiver: Receiver, status: int
    ) -> None:
        case = case_of("http.call", targets)
        receiver.status = status
        call = case.bind(KEY)
        outcome = call.do(call.look(), in_time())
        assert (outcome.ok, f"answered with {status}" in outcome.text) == (False, True)
        assert len(receiver.done) == 1

    @pytest.mark.parametrize("status", [502, 504])
    def test_who_stands_in_between_does_not_know(
        self, targets: Targets, receiver: Receiver, status: int
    ) -> None:
        case = case_of("http.call", targets)
        receiver.status = status
        call = case.bind(KEY)
        with pytest.raises(Unfinished):
            call.do(call.look(), in_time())

    def test_a_slow_answer_is_waited_for_until_the_deadline(
        self, targets: Targets, receiver: Receiver
    ) -> None:
        case = case_of("http.call", targets)
        receiver.slow_s = 3.0
        call = case.bind(KEY)
        before, began = call.look(), time.monotonic()
        with pytest.raises(Unfinished, match="stopped answering") as told:
            call.do(before, Deadline.within(1.0))
        assert time.monotonic() - began < 2
        assert SECRET not in str(told.value)

    def test_begun_at_a_receiver_that_does_not_tell_it_is_not_sent_again(
        self, targets: Targets
    ) -> None:
        case = case_of("http.call", targets)
        request = case.grant["requests"]["drain"]  # type: ignore[index] # a mapping
        call = with_grant(case, requests={"drain": {**request, "once": False}}).bind(KEY)
        with pytest.raises(Unfinished, match="it is not sent again"):
            call.done_since(call.look())

    @pytest.mark.parametrize("bytes_a_second", [0, 20])
    def test_a_handshake_that_does_not_end_is_cut(
        self, targets: Targets, monkeypatch: pytest.MonkeyPatch, bytes_a_second: int
    ) -> None:
        monkeypatch.setattr(http_call, "CONNECT_S", 0.5)
        with dripping(bytes_a_second) as port:
            request = {"url": f"https://127.0.0.1:{port}/drain"}
            grant = {"verb": "http.call", "requests": {"drain": request}}
            began = time.monotonic()
            with pytest.raises(NotDone, match="cannot be reached"):
                bound(grant, ("drain",), KEY).look()
            assert time.monotonic() - began < 30

    def test_a_receiver_that_says_what_it_was_sent(self, targets: Targets) -> None:
        case = case_of("http.call", targets)
        with echoing() as port:
            requests = case.grant["requests"]
            assert isinstance(requests, dict)
            for request in requests.values():
                request["url"] = f"http://127.0.0.1:{port}/drain?token={SECRET}"
            with pytest.raises(Unfinished, match="stopped answering") as told:
                case.bind(KEY).do({}, in_time())
        assert SECRET not in str(told.value)


class TestNginx:
    def test_enough_servers_stay(self, targets: Targets) -> None:
        case = case_of("nginx.upstream", targets)
        call = case.bind(KEY)
        assert call.do(call.look(), in_time()).ok
        servers = case.grant["servers"]
        assert isinstance(servers, list)
        with pytest.raises(Refusal, match="has to stay up: without it 0 servers are"):
            case.bind(KEY, arguments=(servers[1], "down")).look()

    def test_what_nginx_says_at_length_is_not_kept(self, targets: Targets, tmp_path: Path) -> None:
        case = case_of("nginx.upstream", targets)
        talks = tmp_path / "talks"
        talks.write_text("#!/bin/sh\nyes no | head -c 50000000 >&2\nexit 1\n")
        talks.chmod(0o755)
        grant = {**case.grant, "program": str(talks)}
        with pytest.raises(Refusal, match="nginx refuses it: no no no") as refused:
            bound(grant, case.arguments, KEY).look()
        assert len(str(refused.value)) < 400

    def test_what_nginx_refuses_is_put_back(self, targets: Targets) -> None:
        case = case_of("nginx.upstream", targets)
        call, was = case.bind(KEY), case.state()
        before = call.look()
        config = Path(str(case.grant["config"]))
        config.write_text(config.read_text() + "broken")
        outcome = call.do(before, in_time())
        assert not outcome.ok
        assert "nginx refuses it" in outcome.text
        assert "was put back" in outcome.text
        assert case.state() == was

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("include /etc/passwd;", "only server lines"),
            ("server 127.0.0.1:1; server 127.0.0.1:2;", "only server lines"),
            ("server 127.0.0.1:1 down weight=2;", "has to be the last word"),
            ("server 127.0.0.1:1;\nserver 127.0.0.1:1;", "is there twice"),
            (f"server 127.0.0.1:1{' ' * 60_000}x", "only server lines"),
        ],
    )
    def test_a_file_with_something_else_in_it_is_left_alone(
        self, targets: Targets, line: str, said: str
    ) -> None:
        case = case_of("nginx.upstream", targets)
        file = Path(str(case.grant["file"]))
        file.write_text(f"{file.read_text()}{line}\n")
        began = time.monotonic()
        with pytest.raises(Refusal, match=said):
            case.bind(KEY).look()
        assert time.monotonic() - began < 30


class TestCertificates:
    def test_one_that_is_not_due_is_left_alone(self, targets: Targets) -> None:
        case = with_grant(case_of("certificate.renew", targets), due_days=2)
        with pytest.raises(Refusal, match="is good for 3 days"):
            case.bind(KEY).look()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["/bin/false"], "/bin/false ended with 1"),
            (["/bin/true"], "is good for no longer than before"),
            (["/nowhere/renew"], "cannot be started"),
        ],
    )
    def test_a_renewer_that_does_not_renew(
        self, targets: Targets, words: list[str], said: str
    ) -> None:
        call = with_grant(case_of("certificate.renew", targets), command=words).bind(KEY)
        outcome = call.do(call.look(), in_time())
        assert (outcome.ok, said in outcome.text) == (False, True)

    def test_one_for_another_name_is_no_success(self, targets: Targets) -> None:
        case = case_of("certificate.renew", targets)
        other = renewer(targets.folder / "shop.pem", 90, "evil.test")
        call = with_grant(case, command=other).bind(KEY)
        outcome = call.do(call.look(), in_time())
        assert (outcome.ok, "was renewed with other names" in outcome.text) == (False, True)

    def test_one_that_is_at_work_too_long_is_ended_with_what_it_began(
        self, targets: Targets
    ) -> None:
        mark = "29.87654"
        words = ["/bin/sh", "-c", f"sleep {mark} & sleep {mark}"]
        call = with_grant(case_of("certificate.renew", targets), command=words).bind(KEY)
        before = call.look()
        with pytest.raises(Unfinished, match="took too long"):
            call.do(before, Deadline.within(2.0))
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        assert f"sleep {mark}" not in listed.stdout.splitlines()

    def test_two_are_not_at_work_at_once(self, targets: Targets) -> None:
        """What has left its group, or whose runner was killed, may still be writing."""
        words = ["/bin/sh", "-c", "setsid sleep 3 & sleep 30"]
        call = with_grant(case_of("certificate.renew", targets), command=words).bind(KEY)
        before = call.look()
        with pytest.raises(Unfinished, match="took too long"):
            call.do(before, Deadline.within(2.0))
        for again in (call.look, lambda: call.do(before, in_time())):
            with pytest.raises(NotDone, match=r"of an earlier renewal of .* is still at work"):
                again()
        time.sleep(2.5)
        call.look()

    def test_one_that_spoils_the_file_is_no_success(self, targets: Targets) -> None:
        file = targets.folder / "shop.pem"
        words = ["/bin/sh", "-c", f"echo spoilt > {file}"]
        call = with_grant(case_of("certificate.renew", targets), command=words).bind(KEY)
        outcome = call.do(call.look(), in_time())
        assert (outcome.ok, "was run, and now" in outcome.text) == (False, True)


class TestThroughTheRunner:
    async def test_words_of_any_number_and_a_repetition(
        self, bench: Bench, targets: Targets
    ) -> None:
        configure = case_of("config.set", targets)
        renew = with_grant(case_of("certificate.renew", targets), due_days=2)
        bench.more_grants |= {"pool": configure.grant, "renewal": renew.grant}
        bench.start()
        order = bench.order("vigil-do config.set pool pool.size 20")
        result = await bench.run(order)
        assert (result.status, result.calls[0].result) == (
            ActionStatus.SUCCEEDED,
            "pool.size was set from 5 to 20",
        )
        after = configure.state()
        assert "size: 20" in str(after)
        assert await bench.run(order) == result
        refused = await bench.do("vigil-do certificate.renew renewal")
        assert refused.status is ActionStatus.FAILED
        assert "is good for 3 days" in refused.calls[0].result


class TestStatements:
    def test_only_while_somebody_waits_unless_the_grant_says_otherwise(
        self, targets: Targets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from vigil.runner.verbs import one_session  # noqa: PLC0415 - needs the driver

        monkeypatch.setattr(one_session, "PATIENCE_S", 0.2)
        sessions = targets.sessions()
        long = sessions.work()
        grant = {"verb": "session.cancel", "dsn": sessions.login("shop"), "role": "shop"}
        try:
            with pytest.raises(Refusal, match="nobody waits for it"):
                bound(grant, (long,), KEY, {"running_s": 0.2}).look()
            with pytest.raises(Refusal, match="and the grant asks for 60 s"):
                bound(grant, (long,), KEY).look()
            call = bound({**grant, "blocking": False}, (long,), KEY, {"running_s": 0.2})
            outcome = call.do(call.look(), in_time())
            assert (outcome.ok, "was cancelled (running for" in outcome.text) == (True, True)
            assert sessions.lives(long), "the session itself goes on"
        finally:
            sessions.forget()
