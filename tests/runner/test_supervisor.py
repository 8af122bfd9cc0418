"""Where a supervisor should be, somebody who answers in no way that one may wait for."""

import http.server
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vigil.runner.verbs.base import Deadline, NotDone, Unfinished
from vigil.runner.verbs.supervisor import Supervisor

LIMIT_S = 0.5
DRIPS_S = 15.0
"""Far beyond the limit, and an end for a test that fails."""


class Server(socketserver.ThreadingUnixStreamServer):
    """``answer`` writes what comes behind the head of the answer."""

    daemon_threads = True

    def __init__(self, path: Path, answer: Callable[["Handler"], None]) -> None:
        super().__init__(str(path), Handler)
        self.answer = answer


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answer(self)

    def begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def drip(self) -> None:
        until = time.monotonic() + DRIPS_S
        try:
            while time.monotonic() < until:
                self.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            pass  # hung up on

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering(folder: Path, answer: Callable[[Handler], None]) -> Iterator[Supervisor]:
    path = folder / "s.sock"
    with Server(path, answer) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield Supervisor(str(path))
        finally:
            server.shutdown()
            serving.join()


def in_its_head(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow:")
    handler.drip()


def in_its_body(handler: Handler) -> None:
    handler.begin(1_000_000)
    handler.drip()


@pytest.mark.parametrize("dripping", [in_its_head, in_its_body])
def test_who_answers_a_little_now_and_then_is_hung_up_on(
    tmp_path: Path, dripping: Callable[[Handler], None]
) -> None:
    """A limit on each read alone would never be reached."""
    began = time.monotonic()
    with answering(tmp_path, dripping) as slow:
        with pytest.raises(NotDone, match="stopped answering"):
            slow.info("web-1", LIMIT_S)
        with pytest.raises(Unfinished, match="stopped answering"):
            slow.stop("web-1", Deadline.within(LIMIT_S + 0.5))
    assert time.monotonic() - began < DRIPS_S / 2


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<methodResp", b"hello", b"\xff\xfe", b"</struct>"),
        b"<methodResponse><params></params></methodResponse>",
        b"<methodResponse><struct><name>a</name></struct></methodResponse>",
        b"<methodResponse><params><param><value><int>x</int></value></param></params>",
    ],
)
def test_who_answers_something_else_is_told_apart(tmp_path: Path, body: bytes) -> None:
    def answer(handler: Handler) -> None:
        handler.begin(len(body))
        handler.wfile.write(body)

    with answering(tmp_path, answer) as other, pytest.raises(NotDone, match="stopped answering"):
        other.info("web-1")
