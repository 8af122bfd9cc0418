"""What Vigil stands on is known again in whatever words a grant says it (below 1 s)."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, TypeAdapter

from vigil.bootstrap.ground import ground_of
from vigil.domain.catalogue import Service
from vigil.domain.data_source import Server, Source, sources_in, sources_of
from vigil.domain.grant import Grant
from vigil.domain.ground import Ground, Held
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
    held=(Held(what="its record", server=Server(host="db.internal", port=5432), database=""),),
    names=("vigil-1",),
)
HERE = Ground(
    held=(Held(what="its record", server=Server(host="127.0.0.1", port=6432), database=""),),
    names=("vigil-1",),
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


@pytest.mark.parametrize("text", ["http://[", "http://a:x/", "://", "=", "", "a b", "--host=db"])
def test_what_is_no_address_leads_nowhere(text: str) -> None:
    assert list(sources_in(text)) == []


# --- which database of the server ------------------------------------------------------------

ITS_OWN = Ground(
    held=(Held(what="its record", server=Server(host="db", port=5432), database="vigil"),)
)


@pytest.mark.parametrize(
    ("dsn", "refused"),
    [
        ("host=db dbname=vigil user=shop", True),
        ("host=db dbname=shop user=shop", False),
        ("host=db dbname=Vigil", False),  # to PostgreSQL another name
        ("host = db  dbname = 'vigil'", True),
        (r"host=db dbname=v\igil", True),
        ("host=db dbname=shop dbname=vigil", True),  # the last one counts
        ("postgresql://shop@db/shop", False),
        ("postgresql://shop@db/vigil?sslmode=require", True),
        ("postgresql://shop@db/%76igil", True),
        ("postgresql://shop@db/shop?dbname=vigil", True),
        ("postgresql://other,db/shop", False),
        ("postgresql://other,db/vigil", True),
        # What is not written may be Vigil's own: it is the login's name, or stands elsewhere.
        ("host=db user=vigil", True),
        ("postgresql://vigil@db", True),
        ("service=shop", True),
        ("service=shop dbname=shop", False),
        ("user=shop", True),
        ("dbname=shop", False),
        ("dbname=vigil", True),
        ("host=db port=5433 dbname=vigil", False),
        ("host=db port=5433 service=x", True),
    ],
)
def test_sessions_of_another_database_on_the_same_server_are_not_its_own(
    dsn: str, *, refused: bool
) -> None:
    assert (ITS_OWN.under(session(dsn), ("1.2",)) is not None) is refused


def database(kind: str, probe: dict[str, Any]) -> Service:
    return Service.model_validate({"kind": kind, "probes": {"answers": probe}})


OVER_TCP = {"kind": "tcp", "host": "db", "port": 5432}
BY_QUERY = {"kind": "sql", "dsn": "host=db dbname=shop", "query": "select 1", "max": 1}


@pytest.mark.parametrize(
    ("whose", "refused"),
    [
        (database("database", OVER_TCP), True),
        (database("database", BY_QUERY), True),
        (database("other", BY_QUERY), True),
        (database("database", {**OVER_TCP, "port": 5433}), False),
        # It stands on that server as Vigil does, and is not it.
        (database("web-application", BY_QUERY), False),
    ],
)
def test_who_restarts_that_server_takes_all_its_databases(whose: Service, *, refused: bool) -> None:
    postgres = restart("unix:///run/s.sock", "postgres")
    held = ITS_OWN.under(postgres, ("postgres",), whose)
    assert held == ("its record (db:5432)" if refused else None)
    assert ITS_OWN.under(session("host=db dbname=shop"), ("1.2",), whose) is None


def test_what_a_name_leaves_out_is_not_known() -> None:
    anywhere = (Source(server=None, database=None),)
    assert tuple(sources_of("")) == tuple(sources_of("user=x")) == anywhere
    assert tuple(sources_in("user=x")) == (), "this may be anything"
    (source,) = sources_of("postgresql://db/shop")
    assert source == Source(server=Server(host="db", port=None), database="shop")


def test_vigils_own_name_is_filled_in_as_its_driver_does() -> None:
    settings = Settings(vigil_database_url=SecretStr("postgresql:///vigil"))
    for environment, host, port in (({}, "", 5432), ({"PGHOST": "db", "PGPORT": "1"}, "db", 1)):
        (record,) = (h for h in ground_of(settings, environment).held if h.database)
        assert (record.server, record.database) == (Server(host=host, port=port), "vigil")


def test_a_service_with_a_runner_of_its_own_has_another_machines_paths_and_names() -> None:
    far = Service(runner="edge-1")
    vigils = release("/var/lib/vigil/current")
    for ground, local in ((HERE, session("host=localhost port=6432")), (STATE, vigils)):
        assert ground.under(local, (), Service())
        assert ground.under(local, (), far) is None
    assert HERE.under(session("host=vigil-1 port=6432"), (), far), "Vigil's machine, by its name"
    assert DATABASE.under(session("host=db.internal dbname=shop"), (), far)
