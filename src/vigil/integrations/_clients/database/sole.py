"""A record in SQLite belongs to one process that works on it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from vigil import flock
from vigil.domain.errors import SettingsError
from vigil.integrations._clients.database.urls import file_of, is_sqlite, parse


@contextmanager
def only_process(url: str) -> Iterator[None]:
    """Hold the record as long as this process works on it; ``LockHeld`` when another one does.

    The lock lies beside the file, so that it does not matter which state folders the two were
    given; it goes with the process, however that ends. PostgreSQL is shared by many, and commands
    that only look or store something in passing need none of this.
    """
    parsed = parse(url)
    if not is_sqlite(parsed):
        yield
        return
    # Two names of one file are one record.
    path = file_of(parsed).resolve()
    taken = (
        f"another Vigil works on {path}, and a record in SQLite has one process; end that one, or "
        "put the record into PostgreSQL (VIGIL_DATABASE_URL), which many can share"
    )
    with ExitStack() as stack:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(flock.locked(path.with_name(f"{path.name}.lock"), taken))
        except OSError as error:
            raise SettingsError(
                [f"the database {path} cannot be locked: {error}; check path, owner and free space"]
            ) from error
        yield
