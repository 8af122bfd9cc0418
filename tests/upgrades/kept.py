"""A kept record: a line for each moment of a story, with what changed in the rows until then."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from tests.support.story import Story
from tests.upgrades.rows import Rows

from vigil.domain.incident import Stage
from vigil.domain.plan import ActionResult
from vigil.domain.switch import SWITCH_FILE, SwitchState, from_record, to_record
from vigil.integrations._clients.database import migrations, write
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.switch.shared import SharedSwitch
from vigil.ports.switch import Switch

RECORDS = Path(__file__).parent / "records"
SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parent))
INSTALLATION = "installation.json"
KEYS = ("payload.key", "audit.key")
STAGES = tuple(stage.value for stage in Stage)
BESIDES = (
    "unread",
    "waiting for approval",
    "waiting for locks",
    "woken",
    "answered",
    "begun",
    "stopped",
)
"""What a moment's place says besides the stage; what is unread has none yet."""
RUNNING = to_record(SwitchState(stopped=False)).decode()


@dataclass(frozen=True)
class World:
    """What goes on while Vigil is down: the clock, the shop, and the runner with its ledger."""

    seconds: float
    ids: int
    release: str
    done: tuple[str, ...]
    ends: dict[str, Any]
    """By run key: how each run ended that the runner knows of."""
    switch: str = RUNNING
    """The file of the stop switch; records before 0006 were all made while Vigil might act."""

    @property
    def stopped(self) -> bool:
        """Whether the switch was on."""
        return from_record(self.switch.encode()).stopped

    @classmethod
    def of(cls, story: Story) -> "World":
        """The world now."""
        return cls(
            seconds=story.clock.elapsed(),
            ids=story.clock._ids,
            release=story.shop.release,
            done=tuple(story.shop.done),
            ends={k: r.model_dump(mode="json") for k, r in story.sandbox._ends.items()},
            switch=to_record(story.switch.read()).decode(),
        )

    def put_back(self, story: Story) -> None:
        """Make the world of a new story this one; its switch is found by the story itself."""
        story.clock.advance(self.seconds - story.clock.elapsed())
        story.clock._ids = self.ids
        story.shop.release = self.release
        story.shop.done = list(self.done)
        story.sandbox._ends = {k: ActionResult.model_validate(r) for k, r in self.ends.items()}


@dataclass(frozen=True)
class Moment:
    """A point of a story at which its Vigil may have been killed."""

    release: str
    plot: str
    number: int
    place: str
    """Where the incident stood, in words."""
    world: World
    rows: Rows
    end: dict[str, Any]
    """How the story ended under the version that wrote it."""

    @property
    def revision(self) -> str:
        return revision_of(self.release)

    @property
    def closed(self) -> bool:
        """Whether the incident was."""
        return any(row["closed_at"] for row in self.rows.get("incidents", {}).values())

    def __str__(self) -> str:
        return f"{self.release}-{self.plot}-{self.number}-{self.place.replace(' ', '-')}"


def releases() -> tuple[str, ...]:
    """The names of all records that are kept: VERSION-REVISION."""
    return tuple(sorted(path.parent.name for path in RECORDS.glob(f"*/{INSTALLATION}")))


def revision_of(release: str) -> str:
    """The migration that its tables had come to."""
    return release.rpartition("-")[2]


def moments(folder: Path) -> Iterator[Moment]:
    """Every moment of every story of one record."""
    for file in sorted(folder.glob("*.jsonl")):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        rows: Rows = {}
        ends: dict[str, Any] = {}
        for number, line in enumerate(lines[:-1], start=1):
            for table, changes in line["changed"].items():
                rows[table] = {**rows.get(table, {}), **changes}
            for table, keys in line["gone"].items():
                rows[table] = {k: row for k, row in rows[table].items() if k not in keys}
            ends = {**ends, **line["world"]["ends"]}
            world = {**line["world"], "done": tuple(line["world"]["done"]), "ends": ends}
            yield Moment(
                release=folder.name,
                plot=file.stem,
                number=number,
                place=line["place"],
                world=World(**world),
                rows=dict(rows),
                end=lines[-1]["end"],
            )


def lacking(kept: Sequence[Moment], places: Sequence[str]) -> set[str]:
    """Which of these no moment is in."""
    return {place for place in places if not any(place in moment.place for moment in kept)}


def write_keys(folder: Path, directory: Path) -> None:
    """The keys of the installation that wrote a record; without them no payload opens."""
    installation = json.loads((folder / INSTALLATION).read_text())
    directory.mkdir(mode=0o700)
    for name in KEYS:
        (directory / name).write_bytes(base64.b64decode(installation["keys"][name]))
        (directory / name).chmod(0o600)


def find_switch(moment: Moment, directory: Path, engine: Engine) -> Switch:
    """As Vigil finds it at its start: in its file, and where several share a record in a row."""
    file, alone = directory / SWITCH_FILE, engine.dialect.name == "sqlite"
    if alone or not moment.rows.get("switch"):
        file.write_text(moment.world.switch)
    if alone:
        return FileSwitch(file, engine)
    shared = SharedSwitch(file, engine)
    shared.compare()
    return shared


def upgrade(engine: Engine, revision: str) -> None:
    """Bring an empty database to one of the revisions."""

    def work(connection: Connection) -> None:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", SCRIPTS.dir)
        config.set_main_option("path_separator", "os")
        command.upgrade(config, revision)

    write(engine, work)
