"""The disk under SQLite is full, and has room again.

A Vigil with a small disk of its own: a file takes all the room that is left. Whoever delivers is
asked to come again; when there is room, what is delivered is heard, and nothing was damaged.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.support.plant.owner import running_plant
from tests.support.programs import binary
from tests.support.vigils import Vigils, thaw, until

pytestmark = [pytest.mark.lab, pytest.mark.takes(25), pytest.mark.timeout(120)]

DISK = 12 * 1024 * 1024
FILL = 64 * 1024


@pytest.fixture
def vigils() -> Iterator[Vigils]:
    program = binary("bwrap")
    with running_plant(services=1, hubs=0) as plant:
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


def fill(disk: Path) -> Path:
    """Take all the room there is, to the last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        size = FILL
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    return filler


def broken(vigils: Vigils) -> dict[str, str]:
    """What /ready says does not work."""
    _, told = vigils.client.status("/ready")
    return {part["part"]: part["text"] for part in told["parts"] if not part["ok"]}


def test_who_delivers_is_asked_to_come_again_until_there_is_room(vigils: Vigils) -> None:
    disk = disk_of(vigils)
    assert vigils.deliver("before").status_code == 202
    filler = fill(disk)
    answer = vigils.deliver("meanwhile")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    until(lambda: "database" in broken(vigils), "a word about it at /ready", 40)
    assert "disk" in broken(vigils)["database"]
    filler.unlink()
    until(lambda: vigils.deliver("meanwhile").status_code == 202, "room", 20)
    until(lambda: ended(vigils) == {"before", "meanwhile"}, "the end of both incidents", 30)
    until(lambda: "database" not in broken(vigils), "a word that it is over", 20)
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
    told = vigils.client.get("/api/incidents", limit=50)["incidents"]
    return {one["service"] for one in told if one["closed_at"]}
