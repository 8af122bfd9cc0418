"""Which databases may be named, and what of their names is shown."""

import pytest

from vigil.domain.errors import SettingsError
from vigil.integrations._clients.database.urls import is_sqlite, parse, shown


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("sqlite:////srv/vigil.sqlite", "sqlite:////srv/vigil.sqlite"),
        ("postgresql://u:hunter2@db.test:5432/vigil", "postgresql://u@db.test:5432/vigil"),
        ("postgresql+psycopg://u:hunter2@db.test/vigil", "postgresql://u@db.test/vigil"),
        ("postgresql:///vigil", "postgresql:///vigil"),
        ("postgresql://u:hunter2/:@db.test/vigil", "postgresql://u@db.test/vigil"),
        (
            "postgresql://db.test/vigil?password=hunter2&sslmode=verify-full&sslpassword=hunter2",
            "postgresql://db.test/vigil",
        ),
        (
            "postgresql:///vigil?host=/run/postgresql&user=u&password=hunter2",
            "postgresql:///vigil?host=%2Frun%2Fpostgresql",
        ),
        ("postgresql://u:p%40ss%2Fhunter2@[::1]/vigil", "postgresql://u@[::1]/vigil"),
    ],
)
def test_a_database_is_shown_without_what_is_secret(url: str, seen: str) -> None:
    parsed = parse(url)
    assert shown(parsed) == seen
    assert "hunter2" not in str(parsed) or "hunter2" in str(parsed.query)
    assert parsed.drivername == ("sqlite" if is_sqlite(parsed) else "postgresql+psycopg")


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://u:hunter2@db.test/vigil",
        "postgresql+asyncpg://u:hunter2@db.test/vigil",
        "postgresql://u:hunter2@db.test",
        "postgresql://db.test:hunter2/vigil",
        "://hunter2",
        "",
    ],
)
def test_any_other_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(url)
    assert "VIGIL_DATABASE_URL" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
