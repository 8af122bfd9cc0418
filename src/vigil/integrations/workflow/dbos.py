"""Durable segments on DBOS.

One registered, versioned workflow runs every segment; its one step may be repeated, because a
segment reads Vigil's own rows first. DBOS therefore holds nothing that could not be made again
from those rows. Defaults that bite and are changed here: pickle is replaced by JSON, SQLite's
rollback journal by WAL, the application version (a hash of the code, which would strand segments
of the former version) by a fixed one, and the executor id by one that the next process of the
same installation shares, so that it takes up what its predecessor left.
"""

import json
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy import Engine, create_engine, event

from vigil.domain.errors import PermanentError, TemporaryError
from vigil.domain.run import Health
from vigil.ports.workflow import GiveUp, RunSegment, Segment

QUEUE = "vigil-segments"
AT_ONCE = 20
"""Segments that one process runs side by side; a segment mostly waits for answers."""
POLL_S = 0.1
ATTEMPTS = 11
FIRST_PAUSE_S = 1.0
BACKOFF = 1.6
"""Eleven tries, the waits growing from 1 s by this factor, give something temporary three minutes:
longer than any lock is held."""
GIVE_UP_ATTEMPTS = 1000
GIVE_UP_PAUSE_S = 30.0
"""Giving up writes to the record too. What kept the segment from it may last for hours, and an
incident that could not even be given up would be lost."""

_ERROR = "vigil_error"
_FAILED = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
"""In these of its states DBOS leaves a workflow alone for ever, though its work is not done."""


class JsonSerializer(Serializer):
    """JSON, because pickle would run whatever somebody wrote into the database."""

    def serialize(self, data: Any) -> str:  # noqa: ANN401 - DBOS's own signature
        """To text."""
        return json.dumps(data, default=_error_text)

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: ANN401, N805 - DBOS's own signature
        """From text."""
        return json.loads(serialized_data, object_hook=_error_again)

    def name(self) -> str:
        """Stored beside each value."""
        return "vigil_json"


def _is_temporary(error: BaseException) -> bool:
    return isinstance(error, TemporaryError)


def _error_text(value: object) -> dict[str, str]:
    """An exception is kept as its text; anything else that JSON does not know is a mistake."""
    if isinstance(value, dbos_error.DBOSMaxStepRetriesExceeded):
        value = value.errors[-1]
    if isinstance(value, BaseException):
        return {_ERROR: f"{type(value).__name__}: {value}"}
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def _error_again(value: dict[str, Any]) -> Any:  # noqa: ANN401 - json's own signature
    """A recorded failure is raised again when the workflow is taken up by another process."""
    return PermanentError(value[_ERROR]) if value.keys() == {_ERROR} else value


class DbosWorkflow:
    """Segments as DBOS workflows, in the process's own event loop."""

    def __init__(
        self,
        database: Path,
        executor_id: str = "vigil",
        *,
        attempts: int = ATTEMPTS,
        first_pause_s: float = FIRST_PAUSE_S,
        give_up_pause_s: float = GIVE_UP_PAUSE_S,
    ) -> None:
        self._database = database
        self._executor_id = executor_id
        self._attempts = attempts
        self._first_pause_s = first_pause_s
        self._give_up_pause_s = give_up_pause_s
        self._launched = False

    async def launch(self, run: RunSegment, give_up: GiveUp) -> None:
        """Register the one workflow, then let DBOS take up what a former process left."""
        DBOS(config=self._config())

        @DBOS.step(
            name="run_segment_v1",
            retries_allowed=True,
            max_attempts=self._attempts,
            interval_seconds=self._first_pause_s,
            backoff_rate=BACKOFF,
            should_retry=_is_temporary,
        )
        async def run_segment_v1(segment: str, incident: str, attempt: int) -> None:
            await run(Segment(segment), incident, attempt)

        @DBOS.step(
            name="give_up_v1",
            retries_allowed=True,
            max_attempts=GIVE_UP_ATTEMPTS,
            interval_seconds=self._give_up_pause_s,
            backoff_rate=1.0,
            should_retry=_is_temporary,
        )
        async def give_up_v1(incident: str, error: Exception) -> None:
            await give_up(incident, error)

        @DBOS.workflow(name="segment_v1", max_recovery_attempts=1000)
        async def segment_v1(segment: str, incident: str, attempt: int) -> None:
            try:
                await run_segment_v1(segment, incident, attempt)
            except dbos_error.DBOSMaxStepRetriesExceeded as exhausted:
                await give_up_v1(incident, exhausted.errors[-1])
            except Exception as error:  # noqa: BLE001 - whatever it was, a person is told
                await give_up_v1(incident, error)

        self._segment = segment_v1
        # Launched inside the running loop, DBOS runs its coroutines in this loop.
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL_S
        )
        self._launched = True

    async def start(self, segment: Segment, incident: str, attempt: int) -> None:
        """Enqueue under an id that says which segment it is, so that twice is once.

        One that failed is begun anew without its history: resumed, it would only be given the
        failure that was recorded. The caller bounds how often, by asking once a start of Vigil.
        """
        workflow_id = f"inc:{incident}:{attempt}:{segment}"
        known = await DBOS.get_workflow_status_async(workflow_id)
        if known is not None and known.status in _FAILED:
            await DBOS.rewind_workflow_async(workflow_id, queue_name=QUEUE)
            return
        with SetWorkflowID(workflow_id):
            await DBOS.enqueue_workflow_async(
                QUEUE, self._segment, segment.value, incident, attempt
            )

    async def shutdown(self) -> None:
        """Leave what is under way to the next process."""
        if self._launched:
            DBOS.destroy(destroy_registry=True)
            self._launched = False

    async def health(self) -> Health:
        """Whether DBOS was launched."""
        return Health(
            part="workflow",
            ok=self._launched,
            text="DBOS on SQLite" if self._launched else "not launched",
        )

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name="vigil",
            system_database_url=f"sqlite:///{self._database}",
            system_database_engine=_engine(self._database),
            application_version="vigil-1",
            executor_id=self._executor_id,
            serializer=JsonSerializer(),
            enable_otlp=False,
            console_log_level="ERROR",
        )


def _engine(database: Path) -> Engine:
    engine = create_engine(f"sqlite:///{database}")

    @event.listens_for(engine, "connect")
    def _write_ahead(connection: Any, _record: object) -> None:  # noqa: ANN401 - the raw driver
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA busy_timeout=10000")

    return engine
