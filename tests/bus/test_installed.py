"""Which bus an installation has, as its settings say, and what `vigil doctor` says of it."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.support.buses import breakable_redis, next_word
from tests.support.programs import free_port
from tests.support.record import Record, at, opened

from vigil.bootstrap import build, check_bus
from vigil.domain.news import Gap
from vigil.integrations.bus.embedded import EmbeddedBus
from vigil.integrations.bus.redis import RedisBus
from vigil.integrations.journal import SqlInbox, SqlJournal
from vigil.ports.journal import Note
from vigil.settings import Settings


def settings(directory: Path, **given: str) -> Settings:
    (directory / "vigil.yaml").write_text("version: 1\nservices: {}\n")
    secrets = {name: SecretStr(value) for name, value in given.items()}
    return Settings(
        _env_file=None,
        vigil_state_dir=directory / "state",
        vigil_config=directory / "vigil.yaml",
        **secrets,  # type: ignore[arg-type] # each is a secret
    )


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


async def test_what_is_written_is_announced_on_the_bus_of_the_installation(
    tmp_path: Path,
) -> None:
    engine = build(settings(tmp_path)).engine
    assert isinstance(engine.bus, EmbeddedBus)
    journal = engine.parts.journal
    assert isinstance(journal, SqlJournal)
    words = engine.bus.listen()
    assert await next_word(words) == Gap(all_heard=True)
    assert isinstance(engine.inbox, SqlInbox)
    incident = await opened(Record(journal._engine, journal._keys, journal, engine.inbox))
    heard = await next_word(words)
    assert heard == await journal.news(incident.id)
    await journal.append(incident.id, [Note(kind="n")], at(1))
    assert await next_word(words) == await journal.news(incident.id)
    await words.aclose()
    journal._engine.dispose()


def over_redis(directory: Path) -> RedisBus:
    engine = build(settings(directory, redis_url="redis://127.0.0.1:1")).engine
    assert isinstance(engine.bus, RedisBus)
    assert set(engine.bus.background) <= set(engine.background)
    return engine.bus


def test_a_redis_that_is_given_is_used_by_each_installation_in_a_place_of_its_own(
    tmp_path: Path,
) -> None:
    (tmp_path / "other").mkdir()
    here, again, other = (over_redis(path) for path in (tmp_path, tmp_path, tmp_path / "other"))
    assert here._prefix == again._prefix
    assert here._prefix != other._prefix


def test_the_doctor_really_asks(tmp_path: Path) -> None:
    alone = check_bus(settings(tmp_path))
    assert alone.ok
    assert alone.text == "within this process"
    many = check_bus(settings(tmp_path, vigil_database_url="postgresql://h/vigil"))
    assert many.ok
    assert "other workers" in many.text
    with breakable_redis() as server:
        health = check_bus(settings(tmp_path, redis_url=server.url()))
        assert health.ok
        assert str(server.port) in health.text
    gone = check_bus(settings(tmp_path, redis_url=f"redis://:hunter2@127.0.0.1:{free_port()}"))
    assert not gone.ok
    assert gone.remedy is not None
    assert "REDIS_URL" in gone.remedy
    assert "hunter2" not in str(gone)
