"""Folders that their owner swaps for links while a verb is at work in them."""

from pathlib import Path

import pytest

from vigil.domain.verbs.config import ConfigKey, ConfigSetGrant
from vigil.domain.verbs.file import FileRotateGrant
from vigil.runner.verbs.base import Deadline, Operation, Refusal, Seen
from vigil.runner.verbs.config_set import ConfigSet
from vigil.runner.verbs.file_rotate import FileRotate
from vigil.runner.verbs.files import Look, folder

ROTATED, SET = "app.log", "app.yaml"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The folder of a service, and beside it one of the system's, with files of the same names."""
    for owner in ("app/var", "system"):
        own = tmp_path / owner / "own"
        own.mkdir(parents=True)
        (own / ROTATED).write_text(owner)
        (own / SET).write_text("workers: 2\n")
    return tmp_path / "app"


def swap(app: Path) -> None:
    """What the user can do who owns the folder of the service."""
    (app / "var").rename(app / "former")
    (app / "var").symlink_to(app.parent / "system")


def calls(app: Path) -> list[Operation]:
    """One of each verb, bound to its grant: that the path led through no link was seen before."""
    own = app / "var/own"
    rotate = FileRotateGrant(verb="file.rotate", folder=str(own), files=(ROTATED,), most_kept=5)
    workers = {"workers": ConfigKey(type="integer", min=1, max=9)}
    change = ConfigSetGrant(verb="config.set", file=str(own / SET), format="yaml", keys=workers)
    return [FileRotate(rotate, ROTATED, "key"), ConfigSet(change, "workers", "3", "key")]


def content(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.mark.parametrize("verb", [0, 1])
class TestSwapped:
    def test_before_the_look(self, app: Path, verb: int) -> None:
        call, system = calls(app)[verb], app.parent / "system/own"
        former = content(system)
        swap(app)
        with pytest.raises(Refusal, match="a symbolic link leads there"):
            call.look()
        assert content(system) == former

    def test_between_the_look_and_the_effect(self, app: Path, verb: int) -> None:
        call, system = calls(app)[verb], app.parent / "system/own"
        former = content(system)
        before = call.look()
        swap(app)
        assert not done(call, before)
        assert content(system) == former

    def test_after_a_crash(self, app: Path, verb: int) -> None:
        call, system = calls(app)[verb], app.parent / "system/own"
        former = content(system)
        before = call.look()
        swap(app)
        with pytest.raises(Refusal, match="a symbolic link leads there"):
            call.done_since(before)
        assert content(system) == former


def done(call: Operation, before: Seen) -> bool:
    """The verbs that read first are refused, the others answer no."""
    try:
        return call.do(before, Deadline.within(10)).ok
    except Refusal:
        return False


def test_a_file_of_the_same_number_on_another_device_is_another_file(app: Path) -> None:
    rotate = calls(app)[0]
    before = rotate.look()
    seen = Look.model_validate(before["file"])
    elsewhere = seen.model_copy(update={"device": seen.device + 1})
    told = rotate.do({**before, "file": elsewhere.model_dump()}, Deadline.within(10))
    assert not told.ok
    assert "is another file meanwhile" in told.text


def test_on_record_from_before_devices_were_noted(app: Path) -> None:
    """It still reads, and stands for no file that is there now."""
    rotate = calls(app)[0]
    before = rotate.look()
    old = {name: value for name, value in dict(before["file"]).items() if name != "device"}  # type: ignore[arg-type] # an object of JSON
    assert rotate.done_since({**before, "file": old}) is None
    assert not rotate.do({**before, "file": old}, Deadline.within(10)).ok


def test_a_plain_path_written_in_another_way_is_opened(app: Path) -> None:
    with folder(f"/{app}/./var/../var/own/") as opened:
        assert ROTATED in opened.names()
