"""A process is started when it serves, not when supervisor counts it as running (about 4 s)."""

import itertools
import socket
from collections.abc import Iterator

import pytest
from pydantic import ValidationError
from tests.runner.bench import Supervised

from vigil.domain.catalogue import Service
from vigil.domain.verbs.process import ProcessRestartGrant
from vigil.runner.verbs import process_restart
from vigil.runner.verbs.base import Asked, Deadline
from vigil.runner.verbs.listening import once_it_listens

SHORT_S = 2.5


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """One that is taken, and at which nobody listens yet."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def place(bound: socket.socket) -> str:
    return "{}:{}".format(*bound.getsockname())


def test_it_waits_until_connections_are_accepted(port: socket.socket) -> None:
    looks = itertools.count(1)

    def runs() -> bool:
        if next(looks) == 3:
            port.listen()
        return True

    outcome = once_it_listens(place(port), "web-1 was started", Deadline.within(60), runs=runs)
    assert (outcome.ok, outcome.text, next(looks)) == (True, "web-1 was started", 4)


def test_it_does_not_wait_for_a_process_that_has_ended(port: socket.socket) -> None:
    outcome = once_it_listens(place(port), "x", Deadline.within(60), runs=lambda: False)
    assert not outcome.ok


def test_without_a_place_there_is_nothing_to_wait_for() -> None:
    assert once_it_listens(None, "x", Deadline.within(0), runs=lambda: False).ok


def test_a_restart_after_which_nobody_serves_is_none(
    port: socket.socket, supervised: Supervised
) -> None:
    grant = ProcessRestartGrant(
        verb="process.restart",
        supervisor=str(supervised.socket),
        processes=("web-1",),
        listens={"web-1": place(port)},
    )
    asked = Asked("shop", Service(), grant, ("web-1",), "key")
    restart = process_restart.bind(asked)
    before = restart.look()
    outcome = restart.do(before, Deadline.within(SHORT_S))
    assert not outcome.ok
    assert f"does not accept connections at {place(port)}; read its own log" in outcome.text
    port.listen()
    seen = restart.done_since(before)
    assert seen is not None
    assert seen.ok


def test_only_the_grant_s_own_processes_can_listen() -> None:
    with pytest.raises(ValidationError, match="listens names 'web-9'"):
        ProcessRestartGrant(
            verb="process.restart",
            supervisor="/run/s.sock",
            processes=("web-1",),
            listens={"web-9": "127.0.0.1:80"},
        )
