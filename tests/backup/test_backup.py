"""An installation in one file, and back: on SQLite and PostgreSQL (about 8 s)."""

import fcntl
import json
import sqlite3
import tarfile
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, select, text
from tests.backup.members import Members, names, rebuilt
from tests.support.picture import png
from tests.support.story import Story, begin
from typer.testing import CliRunner

from vigil.bootstrap import restore_backup, take_backup
from vigil.bootstrap.hands import hub_identity
from vigil.cli import app
from vigil.cli.public_key import signature_check
from vigil.domain.audit import verify_export
from vigil.domain.catalogue import Autonomy
from vigil.domain.errors import LockHeld, NotFound, PermanentError, PortUnavailable
from vigil.domain.incident import WaitingOn
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Answer, Approval
from vigil.integrations._clients.database import only_process, open_engine, read, write
from vigil.integrations._clients.database.copies import load_postgres
from vigil.integrations._clients.database.urls import parse
from vigil.integrations.access.embedded import load_credentials
from vigil.integrations.backup.manifest import KEY_FILES
from vigil.integrations.journal import export_lines, load_keys
from vigil.integrations.locks import tables as locks
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.integrations.switch import tables as switch
from vigil.integrations.switch.embedded import FileSwitch
from vigil.settings import Settings


@dataclass
class House:
    """An installation whose incident waits for a person, and an empty one of the same kind."""

    story: Story
    old: Settings
    new: Settings

    @property
    def file(self) -> Path:
        return self.old.vigil_state_dir.parent / "vigil.tar"


def settings(folder: Path, url: str | None) -> Settings:
    folder.mkdir()
    secret = None if url is None else SecretStr(url)
    return Settings(_env_file=None, vigil_state_dir=folder, vigil_database_url=secret)


@pytest.fixture(params=["sqlite", "postgres"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    with ExitStack() as stack:
        urls: list[str | None] = [None, None]
        if request.param == "postgres":
            server = request.getfixturevalue("postgres_server")
            full, empty = server.record(), server.database()
            urls = [stack.enter_context(full), stack.enter_context(empty)]
        old, new = settings(tmp_path / "old", urls[0]), settings(tmp_path / "new", urls[1])
        story = await begin(old.vigil_state_dir, autonomy=Autonomy.APPROVE, url=urls[0])
        await story.hear()
        await story.go_on()
        FileSwitch(old.vigil_state_dir / "switch.json").set(SwitchState(stopped=False))
        yield House(story, old, new)
        story.record.engine.dispose()


async def test_what_was_backed_up_is_there_again_and_goes_on(house: House) -> None:
    await house.story.journal.checkpoint(house.story.clock.now())
    digest = await FileScreenshots(house.old.vigil_state_dir / "screenshots").keep(png(1, 2, 3))
    take_backup(house.old, house.file)
    assert house.file.stat().st_mode & 0o777 == 0o600
    left = sorted(path.name for path in house.file.parent.iterdir())
    assert left == ["new", "old", "vigil.tar"]
    restored = restore_backup(house.new, house.file, force=False)
    assert (restored.open_incidents, restored.aside) == (1, None)
    assert house.new.vigil_state_dir.stat().st_mode & 0o777 == 0o700
    state = house.new.vigil_state_dir
    assert await FileScreenshots(state / "screenshots").read(digest or "") == png(1, 2, 3)
    story = await begin(state, autonomy=Autonomy.APPROVE, url=house.new.database_url)
    story.clock.advance(house.story.clock.elapsed())
    (incident,) = await story.journal.incidents()
    *_, waiting, said = await story.told(incident.id)
    assert (waiting, said) == ("waiting", "restored")
    assert incident.waiting_on is WaitingOn.APPROVAL
    yes = Approval(
        plan_digest=incident.plan_digest or "",
        answer=Answer.APPROVED,
        by="Ada",
        at=story.clock.now(),
    )
    assert (await story.journal.answer(incident.id, yes)).won
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome == "verified"
    keys = story.record.keys
    assert keys.public_key == house.story.record.keys.public_key
    lines = export_lines(story.record.engine, keys, story.clock.now())
    report = verify_export(
        (line.encode() for line in lines),
        signature_check(keys.public_key),
        public_key=keys.public_key,
    )
    assert report.problems == ()
    story.record.engine.dispose()


async def test_afterwards_vigil_is_stopped_and_its_tokens_are_higher(house: House) -> None:
    """After the backup others took the locks: what a broker saw of them, it holds against us."""
    put = text("INSERT INTO locks (resource, token) VALUES ('service:web', 7)")
    write(house.story.record.engine, lambda c: c.execute(put).rowcount)
    take_backup(house.old, house.file)
    restore_backup(house.new, house.file, force=False)
    engine = open_engine(house.new.database_url)
    (row,) = read(engine, lambda c: c.execute(select(locks.locks)).all())
    assert row.token > 1_000_000
    words = read(engine, lambda c: c.execute(select(switch.switch)).all())
    engine.dispose()
    state = FileSwitch(house.new.vigil_state_dir / "switch.json").read()
    assert (state.stopped, state.by) == (True, "vigil restore")
    assert "resume" in state.text
    assert [word.stopped for word in words] == [True] * (house.new.vigil_database_url is not None)


def test_what_is_there_is_put_aside_only_when_told_to(house: House) -> None:
    take_backup(house.old, house.file)
    with pytest.raises(PermanentError, match=r"--force|not empty"):
        restore_backup(house.old, house.file, force=False)
    if house.old.vigil_database_url is not None:
        with pytest.raises(PermanentError, match="make a new database"):
            restore_backup(house.old, house.file, force=True)
        return
    house.story.record.engine.dispose()
    before = (house.old.vigil_state_dir / "keys" / "payload.key").read_bytes()
    restored = restore_backup(house.old, house.file, force=True)
    assert restored.aside is not None
    assert (restored.aside / "keys" / "payload.key").read_bytes() == before
    with closing(sqlite3.connect(restored.aside / "vigil.sqlite")) as kept:
        assert kept.execute("SELECT count(*) FROM incidents").fetchone() == (1,)


def test_a_failure_names_no_password(tmp_path: Path, empty_postgres_url: str) -> None:
    dump = tmp_path / "record.pgdump"
    dump.write_bytes(b"PGDMP no more")
    with pytest.raises(PortUnavailable, match="pg_restore failed") as failed:
        load_postgres(parse(empty_postgres_url), dump)
    assert str(parse(empty_postgres_url).password) not in str(failed.value)


# --- what is refused ------------------------------------------------------------------------------


def manifest_with(house: House, **changes: object) -> None:
    """The backup's manifest says something else of it."""

    def change(members: Members) -> None:
        head, text = members[0]
        new = json.dumps({**json.loads(text), **changes}).encode()
        head.size = len(new)
        members[0] = (head, new)

    rebuilt(house.file, change)


def without(house: House, name: str) -> None:
    """Neither the backup nor its manifest has this part."""
    with tarfile.open(house.file) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        items = json.load(manifest)["items"]
    rebuilt(house.file, lambda members: members.__delitem__(names(members).index(name)))
    manifest_with(house, items=[item for item in items if item["name"] != name])


def test_what_cannot_be_restored_here_is_refused_untouched(house: House, tmp_path: Path) -> None:
    take_backup(house.old, house.file)
    sound = house.file.read_bytes()
    manifest_with(house, revision="9999", version="7.0.0")
    with pytest.raises(PermanentError, match=r"Vigil 7\.0\.0 made .* a newer one"):
        restore_backup(house.new, house.file, force=False)
    house.file.write_bytes(sound)
    without(house, "keys/payload.key")
    with pytest.raises(PermanentError, match=r"has no keys/payload\.key"):
        restore_backup(house.new, house.file, force=False)
    house.file.write_bytes(sound)
    other_kind = house.new.model_copy(
        update={
            "vigil_database_url": SecretStr("postgresql://v@127.0.0.1:1/v")
            if house.old.vigil_database_url is None
            else None
        }
    )
    with pytest.raises(PermanentError, match="another kind of database"):
        restore_backup(other_kind, house.file, force=False)
    left = {path.name for path in house.new.vigil_state_dir.iterdir()}
    assert left <= {"serve.lock", "runner.lock", "vigil.sqlite.lock"}


# --- SQLite alone: what goes on meanwhile, and the command line ----------------------------------


def test_it_is_whole_while_somebody_writes(tmp_path: Path) -> None:
    place = settings(tmp_path / "state", None)
    (place.vigil_state_dir / "keys").mkdir()
    (place.vigil_state_dir / "keys" / "payload.key").write_text("k")
    (place.vigil_state_dir / "keys" / "audit.key").write_text("k")
    engine = open_engine(place.database_url)
    make = (
        "CREATE TABLE alembic_version (version_num)",
        "INSERT INTO alembic_version VALUES ('0001')",
        "CREATE TABLE pairs (a, b)",
    )

    def made(connection: Connection) -> None:
        for statement in make:
            connection.execute(text(statement))

    write(engine, made)
    put = text("INSERT INTO pairs VALUES (:n, :n)")
    over = threading.Event()

    def go_on_writing() -> None:
        number = 0
        while not over.is_set():
            number += 1
            write(engine, lambda c: c.execute(put, {"n": number}).rowcount)  # noqa: B023 - at once

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    try:
        for _ in range(5):
            manifest = take_backup(place, tmp_path / "vigil.tar")
            assert manifest.revision == "0001"
    finally:
        over.set()
        writer.join()
        engine.dispose()


@pytest.mark.parametrize(
    "held", ["serve.lock", "runner.lock", "workers/w1/worker.lock", "workers/w1/runner.lock"]
)
def test_a_running_vigil_is_not_replaced(tmp_path: Path, held: str) -> None:
    place = settings(tmp_path / "state", None)
    (place.vigil_state_dir / "workers" / "w1").mkdir(parents=True)
    with (place.vigil_state_dir / held).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LockHeld, match="end it"):
            restore_backup(place, tmp_path / "vigil.tar", force=True)
    with only_process(place.database_url), pytest.raises(LockHeld, match="another Vigil works on"):
        restore_backup(place, tmp_path / "vigil.tar", force=True)


def test_every_key_of_an_installation_is_in_it(tmp_path: Path) -> None:
    load_keys(tmp_path / "keys")
    load_credentials(tmp_path / "keys", None)
    hub_identity(tmp_path)
    assert {path.name for path in (tmp_path / "keys").iterdir()} == set(KEY_FILES)


def test_nothing_is_no_installation(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no Vigil has run here"):
        take_backup(settings(tmp_path / "state", None), tmp_path / "vigil.tar")


async def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").mkdir()
    story = await begin(tmp_path / "old")
    await story.hear()
    story.record.engine.dispose()
    monkeypatch.chdir(tmp_path)
    runner, file = CliRunner(), str(tmp_path / "vigil.tar")
    monkeypatch.setenv("VIGIL_STATE_DIR", str(tmp_path / "old"))
    made = runner.invoke(app, ["backup", file, "--json"])
    assert (made.exit_code, json.loads(made.stdout)["schema"]) == (0, "vigil.backup/1")
    assert "keys" in made.stderr
    again = runner.invoke(app, ["restore", file, "--json"])
    assert again.exit_code == 1
    assert "--force" in again.stderr
    monkeypatch.setenv("VIGIL_STATE_DIR", str(tmp_path / "new"))
    restored = runner.invoke(app, ["restore", file, "--json"])
    said = json.loads(restored.stdout)
    assert (restored.exit_code, said["open_incidents"], said["stopped"]) == (0, 1, True)
