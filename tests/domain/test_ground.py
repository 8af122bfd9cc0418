"""What Vigil stands on is known again in whatever words a grant says it (below 1 s)."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, TypeAdapter

from vigil.bootstrap.ground import ground_of
from vigil.domain.grant import Grant
from vigil.domain.ground import Ground, Held, Server, servers_in
from vigil.settings import Settings

GRANTS: TypeAdapter[Grant] = TypeAdapter(Grant)


def grant(verb: str, **fields: Any) -> Grant:  # noqa: ANN401 - as in the catalogue
    return GRANTS.validate_python({"verb": verb, **fields})


def session(dsn: str) -> Grant:
    return grant("session.terminate", dsn=dsn, role="shop")


def release(link: str, releases: str = "/srv/shop/releases") -> Grant:
    return grant("release.switch", link=link, releases=releases)


def restart(supervisor: str, *processes: str) -> Grant:
    return grant("process.restart", supervisor=supervisor, processes=processes or ("web-1",))


DATABASE = Ground(
    held=(Held(what="its record", server=Server(host="db.internal", port=5432)),),
    names=("vigil-1",),
)
HERE = Ground(
    held=(Held(what="its record", server=Server(host="127.0.0.1", port=6432)),), names=("vigil-1",)
)
STATE = Ground(held=(Held(what="its state folder", path="/var/lib/vigil"),))


@pytest.mark.parametrize(
    ("ground", "dsn", "same"),
    [
        (DATABASE, "host=db.internal port=5432 dbname=shop user=x", True),
        (DATABASE, "host=DB.internal. dbname=shop", True),
        (DATABASE, "postgresql://x:secret@db.internal/shop", True),
        (DATABASE, "postgresql+psycopg://db.internal:5432/shop", True),
        (DATABASE, "host=a,db.internal port=1,5432", True),
        (DATABASE, "postgresql://a:1,db.internal:5432/shop", True),
        (DATABASE, "host=db.internal port=5433 dbname=shop", False),
        (DATABASE, "host=db.elsewhere dbname=shop", False),
        (HERE, "host=localhost port=6432 dbname=shop", True),
        (HERE, "port=6432 dbname=shop", True),
        (HERE, "host=vigil-1 port=6432", True),
        (HERE, "postgresql://[::1]:6432/shop", True),
        (HERE, "postgresql:///shop?host=/var/run/postgresql&port=6432", True),
        (HERE, "host=/srv/shop/db port=6432", False),
        (HERE, "postgresql://vigil-1:none/shop", False),
        (HERE, "whatever", False),
    ],
)
def test_a_database_server_is_known_by_each_of_its_names(
    ground: Ground, dsn: str, *, same: bool
) -> None:
    assert (ground.under(session(dsn), ("1.2",)) is not None) is same


@pytest.mark.parametrize(
    ("link", "releases", "same"),
    [
        ("/var/lib/vigil", "/srv/releases", True),
        ("/var/lib/vigil/keys", "/srv/releases", True),
        ("/srv/../var/lib/vigil/keys", "/srv/releases", True),
        ("/srv/current", "/var/lib", True),
        ("/srv/current", "/srv/releases", False),
        ("/var/lib/vigil-shop", "/srv/releases", False),
    ],
)
def test_a_folder_is_known_when_one_lies_in_the_other(
    link: str, releases: str, *, same: bool
) -> None:
    assert (STATE.under(release(link, releases), ()) is not None) is same


@pytest.mark.parametrize(
    ("verb", "fields", "same"),
    [
        ("cache.delete", {"host": "127.0.0.1", "port": 6432, "prefix": "p:"}, True),
        ("cache.delete", {"host": "127.0.0.1", "port": 6433, "prefix": "p:"}, False),
        ("http.call", {"requests": {"a": {"url": "http://localhost:6432/api/stop"}}}, True),
        ("http.call", {"requests": {"a": {"url": "http://localhost/"}}}, False),
    ],
)
def test_grants_of_every_kind_are_looked_at(
    verb: str, fields: dict[str, Any], *, same: bool
) -> None:
    assert (HERE.under(grant(verb, **fields), ()) is not None) is same


def test_a_credential_may_lie_in_the_state_folder() -> None:
    """Read only, and by Vigil."""
    redis = {"host": "shop", "port": 6379, "prefix": "p:"}
    with_password = grant("cache.delete", **redis, password_file="/var/lib/vigil/secrets/shop")
    assert STATE.under(with_password, ()) is None


def test_its_own_process_is_the_one_that_may_not_be_restarted() -> None:
    ground = ground_of(
        Settings(),
        {"SUPERVISOR_SERVER_URL": "unix:///run/s.sock", "SUPERVISOR_PROCESS_NAME": "vigil"},
    )
    both = restart("/run/s.sock", "vigil", "web-1")
    assert ground.under(both, ("vigil",)) == "its own process (/run/s.sock)"
    assert ground.under(both, ("all:vigil",)) is not None
    assert ground.under(both, ("web-1",)) is None
    assert ground.under(restart("/run/other.sock", "vigil"), ("vigil",)) is None
    over_tcp = ground_of(
        Settings(),
        {"SUPERVISOR_SERVER_URL": "http://127.0.0.1:9001", "SUPERVISOR_PROCESS_NAME": "vigil"},
    )
    assert over_tcp.under(restart("http://localhost:9001", "vigil"), ("vigil",)) is not None


def test_settings_say_what_it_stands_on_and_no_password() -> None:
    settings = Settings(
        vigil_state_dir=Path("/var/lib/vigil"),
        vigil_database_url=SecretStr("postgresql://vigil:hunter2@db.internal/vigil"),
        redis_url=SecretStr("redis://:hunter2@cache.internal/0"),
        lightpanda_ws_endpoint=SecretStr("wss://browsers.internal/?token=hunter2"),
    )
    ground = ground_of(settings, {})
    assert {(held.what, held.path or f"{held.server}") for held in ground.held} == {
        ("its state folder", "/var/lib/vigil"),
        ("its own address", "host='127.0.0.1' port=3000"),
        ("the database server of its record", "host='db.internal' port=5432"),
        ("its Redis", "host='cache.internal' port=6379"),
        ("its browser", "host='browsers.internal' port=443"),
    }
    assert "hunter2" not in repr(ground)


def test_a_record_in_a_file_is_a_file() -> None:
    settings = Settings(
        vigil_state_dir=Path("/var/lib/vigil"),
        vigil_database_url=SecretStr("sqlite:////srv/vigil/record.sqlite"),
        redis_url=SecretStr("unix:///run/redis.sock?db=0"),
    )
    paths = [held.path for held in ground_of(settings, {}).held]
    assert paths == ["/var/lib/vigil", None, "/srv/vigil/record.sqlite", "/run/redis.sock"]


@pytest.mark.parametrize("text", ["http://[", "postgresql://a:99999/x", "port=x", "://", "=", ""])
def test_what_is_no_address_leads_nowhere(text: str) -> None:
    assert list(servers_in(text)) == []
