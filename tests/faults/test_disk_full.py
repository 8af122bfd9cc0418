"""The disk under SQLite is full, and has room again.

A Vigil with a small disk of its own: a file takes all the room that is left. Whoever delivers is
asked to come again, and what is under way stands still; when there is room, what is delivered is
heard, what stood still is carried on, and nothing was damaged or done twice.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2
import pytest
from tests.support.plant.effects import STOP
from tests.support.plant.owner import Plant, running_plant
from tests.support.plant.works import Fault
from tests.support.programs import binary
from tests.support.reckoning import surplus
from tests.support.vigils import Vigils, thaw, until

pytestmark = [pytest.mark.lab, pytest.mark.takes(30), pytest.mark.timeout(120)]

DISK = 12 * 1024 * 1024
FILL = 64 * 1024
FREED_S = 0.005
"""How soon is taken what somebody frees."""
STILL_S = 2.0
"""How long it is watched that nothing is done; with room the rest of the script takes less."""
CALL_S = 1.0
"""A call that was under way when there was no more room may take so long to end."""
POLL_S = 0.002


@pytest.fixture
def plant() -> Iterator[Plant]:
    with running_plant(services=1, hubs=0) as made:
        yield made


@pytest.fixture
def vigils(plant: Plant) -> Iterator[Vigils]:
    program = binary("bwrap")
    state = str(plant.layout.folder / "v")
    whole_system = (program, "--die-with-parent", "--dev-bind", "/", "/")
    small = (*whole_system, "--size", str(DISK), "--tmpfs", state, "--")
    made = Vigils(plant.layout, within=small)
    try:
        made.serve.start()
        until(lambda: alive(made), "its port", 60)
        yield made
    finally:
        made.end()


def alive(vigils: Vigils) -> bool:
    try:
        return httpx2.get(f"{vigils.url}/health").status_code == 200
    except httpx2.TransportError:
        return False


def disk_of(vigils: Vigils) -> Path:
    """The state folder as Vigil itself sees it: what was started is the sandbox around it."""
    children = Path(f"/proc/{vigils.serve.pid}/task/{vigils.serve.pid}/children").read_text()
    disk = Path(f"/proc/{children.split()[0]}/root{vigils.state}")
    room = os.statvfs(disk)
    assert room.f_blocks * room.f_frsize <= DISK, "it is the machine's own"
    return disk


@contextmanager
def full(disk: Path) -> Iterator[float]:
    """No room, to the last byte; what somebody frees is taken too. Gives since when."""
    over, filler = Event(), disk / "filler"

    def top_up() -> None:
        while not over.wait(FREED_S):
            take_all(file)

    with filler.open("wb", buffering=0) as file:
        take_all(file)
        since = time.time()
        taking = Thread(target=top_up)
        taking.start()
        try:
            yield since
        finally:
            over.set()
            taking.join()
            filler.unlink()


def take_all(file: FileIO) -> None:
    """Take all the room there is."""
    size = FILL
    while size:
        try:
            file.write(b"x" * size)
        except OSError:
            size //= 2


def broken(vigils: Vigils) -> dict[str, str]:
    """What /ready says does not work."""
    _, told = vigils.client.status("/ready")
    return {part["part"]: part["text"] for part in told["parts"] if not part["ok"]}


def test_who_delivers_is_asked_to_come_again_until_there_is_room(vigils: Vigils) -> None:
    disk = disk_of(vigils)
    assert vigils.deliver("before").status_code == 202
    with full(disk):
        answer = vigils.deliver("meanwhile")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        until(lambda: "database" in broken(vigils), "a word about it at /ready", 40)
        assert "disk" in broken(vigils)["database"]
    until(lambda: vigils.deliver("meanwhile").status_code == 202, "room", 20)
    until(lambda: ended(vigils) == {"before", "meanwhile"}, "the end of both incidents", 30)
    until(lambda: "database" not in broken(vigils), "a word that it is over", 20)
    assert_whole(vigils, disk)


def test_a_script_at_work_makes_no_further_call_and_the_rest_when_there_is_room(
    vigils: Vigils, plant: Plant
) -> None:
    """The call under way is done and not on record as done; afterwards it is found done."""
    (service,) = plant.layout.names
    disk = disk_of(vigils)
    vigils.wait_ready()
    plant.break_({service: Fault.RELEASE})
    wait_for_a_restart(plant, service)
    with full(disk) as since:
        until(lambda: "database" in broken(vigils), "a word about it at /ready", 40)
        time.sleep(STILL_S)
        assert plant.done(service)[-1].at < since + CALL_S, "what cannot be recorded is not begun"
        assert missing(plant, service), "it was in the middle"
        (told,) = incidents(vigils)
        assert (told["stage"], told["closed_at"]) == ("EXECUTING", None)
    until(lambda: ended(vigils) == {service}, "the end of the incident", 60)
    (told,) = incidents(vigils)
    assert (told["stage"], told["outcome"], told["attempt"]) == ("RESOLVED", "verified", 1)
    assert missing(plant, service) == {}
    assert_whole(vigils, disk)


def missing(plant: Plant, service: str) -> dict[str, int]:
    """What was done less often, or oftener, than its cure asks for."""
    return surplus(plant.done(service), Fault.RELEASE, plant.layout.processes(service))


def wait_for_a_restart(plant: Plant, service: str) -> None:
    """Return while the first of two processes is being restarted."""
    deadline = time.monotonic() + 30
    while STOP not in {effect.kind for effect in plant.done(service)}:
        assert time.monotonic() < deadline, "it never acted"
        time.sleep(POLL_S)


def assert_whole(vigils: Vigils, disk: Path) -> None:
    """What is on record can be verified by an outsider."""
    copy_record(vigils, disk)
    audit = vigils.audit()
    assert audit["verified"], audit["problems"]


def copy_record(vigils: Vigils, disk: Path) -> None:
    """As it is on the small disk at one instant, to where everybody can look at it."""
    frozen = vigils.serve.freeze()
    for file in (*disk.glob("vigil.sqlite*"), *disk.glob("keys/*")):
        copy = vigils.state / file.relative_to(disk)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(file, copy)
    thaw(frozen)


def ended(vigils: Vigils) -> set[str]:
    """The services whose incident is closed."""
    return {one["service"] for one in incidents(vigils) if one["closed_at"]}


def incidents(vigils: Vigils) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = vigils.client.get("/api/incidents", limit=50)["incidents"]
    return told
