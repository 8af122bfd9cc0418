"""Durable segments on DBOS.

One registered, versioned workflow runs every segment; its one step may be repeated, because a
segment reads Vigil's own rows first. DBOS therefore holds nothing that could not be made again
from those rows. Defaults that bite and are changed here: pickle is replaced by JSON, SQLite's
rollback journal by WAL, the application version (a hash of the code, which would strand segments
of the former version) by a fixed one, and on SQLite the executor id by one that the next process
of the same installation shares, so that it takes up what its predecessor left. On PostgreSQL each
process has an id of its own, and what a dead one left is adopted by the others.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy.exc import DBAPIError

from vigil.domain.errors import PermanentError, PortUnavailable, TemporaryError
from vigil.domain.run import Health
from vigil.domain.value import Instant
from vigil.integrations._clients.database.errors import reason
from vigil.integrations.workflow.database import open_history
from vigil.integrations.workflow.underway import UnderWay
from vigil.ports.workflow import GiveUp, Living, RunSegment, Segment

ALONE = "vigil"
"""The executor id of a process that has the history to itself."""
QUEUE = "vigil-segments"
AT_ONCE = 20
"""Segments that one process runs side by side; a segment mostly waits for answers."""
POLL_S = 0.1
ATTEMPTS = 11
FIRST_PAUSE_S = 1.0
BACKOFF = 1.6
"""Eleven tries, the waits growing from 1 s by this factor, give something temporary three minutes:
longer than a dead worker keeps anybody from going on."""
GIVE_UP_ATTEMPTS = 1000
GIVE_UP_PAUSE_S = 30.0
"""Giving up writes to the record too. What kept the segment from it may last for hours, and an
incident that could not even be given up would be lost."""

ANSWER_S = 10.0
"""DBOS waits for its database as long as it takes. Who asks for a segment does not: it stands in
the outbox, and is asked for again.
"""

_KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
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
        database: str,
        executor_id: str = ALONE,
        *,
        attempts: int = ATTEMPTS,
        first_pause_s: float = FIRST_PAUSE_S,
        give_up_pause_s: float = GIVE_UP_PAUSE_S,
    ) -> None:
        self._engine = open_history(database)
        self._name = f"DBOS on {_KINDS[self._engine.dialect.name]}"
        self._executor_id = executor_id
        self._attempts = attempts
        self._first_pause_s = first_pause_s
        self._give_up_pause_s = give_up_pause_s
        self._under_way = UnderWay()
        self._launched = False

    async def launch(self, run: RunSegment, give_up: GiveUp) -> None:
        """Register the one workflow, then let DBOS take up what a former process left."""
        self._dbos = DBOS(config=self._config())

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
        async def give_up_v1(segment: str, incident: str, attempt: int, error: Exception) -> None:
            await give_up(Segment(segment), incident, attempt, error)

        @DBOS.workflow(name="segment_v1", max_recovery_attempts=1000)
        async def segment_v1(segment: str, incident: str, attempt: int) -> None:
            self._under_way.enter()
            try:
                await run_segment_v1(segment, incident, attempt)
            except dbos_error.DBOSMaxStepRetriesExceeded as exhausted:
                await give_up_v1(segment, incident, attempt, exhausted.errors[-1])
            except DBAPIError as error:
                # DBOS's own, about writing down how the segment ended: segments raise none.
                await give_up_v1(segment, incident, attempt, self._unwritten(error))
            except Exception as error:  # noqa: BLE001 - whatever it was, a person is told
                await give_up_v1(segment, incident, attempt, error)

        self._segment = segment_v1
        # Launched inside the running loop, DBOS runs its coroutines in this loop.
        try:
            DBOS.launch()
        except DBAPIError as error:
            self._destroy()
            raise PortUnavailable(
                f"{self._name} could not be launched: {reason(error)}; check that its database "
                "can be reached, then start Vigil again"
            ) from error
        await DBOS.register_queue_async(
            QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL_S
        )
        self._launched = True

    def _unwritten(self, error: DBAPIError) -> PortUnavailable:
        return PortUnavailable(
            f"the history of {self._name} could not be written: {reason(error)}; check that its "
            "disk is not full and that its database can be reached"
        )

    async def start(self, segment: Segment, incident: str, attempt: int, turn: int = 1) -> None:
        """Enqueue under an id that says which segment it is, so that twice is once.

        One that failed is begun anew without its history: resumed, it would only be given the
        failure that was recorded. The caller bounds how often, by asking once a start of Vigil.
        """
        # The first turn has no number, as what former versions began.
        workflow_id = f"inc:{incident}:{attempt}:{segment}{f':{turn}' if turn > 1 else ''}"
        async with self._in_time():
            try:
                with SetWorkflowID(workflow_id, workflow_id_reuse_policy="reject"):
                    await DBOS.enqueue_workflow_async(
                        QUEUE, self._segment, segment.value, incident, attempt
                    )
            except dbos_error.DBOSWorkflowIDInUseError as known:
                if known.workflow_status in _FAILED:
                    await DBOS.rewind_workflow_async(workflow_id, queue_name=QUEUE)

    async def forget(self, before: Instant, most: int) -> int:
        """Drop the history of segments that ended before then, at most so many; says how many.

        What is asked for once more afterwards finds its end in the record.
        """
        if not self._launched:
            return 0
        ended = await DBOS.list_workflows_async(
            completed_before=before.isoformat(), limit=most, load_input=False, load_output=False
        )
        await DBOS.delete_workflows_async([workflow.workflow_id for workflow in ended])
        return len(ended)

    async def adopt(self, living: Living) -> int:
        """Have run again, by whoever takes it, what others than the living had begun.

        DBOS does so by itself only for the process that starts again, and for its paying users.
        """
        # Who is living is asked after the look: whoever began to run meanwhile was entered before.
        begun = await self._begun()
        if not (begun and (dead := begun - frozenset(await living()))):
            return 0
        # Repeated, it finds nothing more of theirs; errors in it are swallowed by DBOS.
        recover = DBOS._recover_pending_workflows  # noqa: SLF001 - there is no public one; pinned
        await asyncio.to_thread(recover, sorted(dead))
        return len(dead & await self._begun())

    async def _begun(self) -> frozenset[str]:
        """The other executors that had begun something."""
        pending = await DBOS.list_workflows_async(
            status="PENDING", load_input=False, load_output=False
        )
        found = frozenset(workflow.executor_id or "" for workflow in pending)
        return found - {self._executor_id, ""}

    async def shutdown(self, within_s: float = 0.0) -> None:
        """Take up no more, wait for what is under way so long at most, and leave the rest."""
        if not self._launched:
            return
        self._launched = False
        # As ``destroy`` begins; but that then sleeps in whole seconds, and cuts nothing off.
        for taking_up in self._dbos.background_thread_stop_events:
            taking_up.set()
        await self._under_way.end(within_s)
        # DBOS's executor, which was the loop's as well, takes no more work from here on.
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor())
        # In a thread, as DBOS waits for threads of its own that may wait for this loop.
        with ThreadPoolExecutor(1) as aside:
            await loop.run_in_executor(aside, self._destroy)

    async def health(self) -> Health:
        """Whether DBOS was launched."""
        return Health(
            part="workflow",
            ok=self._launched,
            text=self._name if self._launched else "not launched",
        )

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(ANSWER_S):
                yield
        except TimeoutError:
            raise PortUnavailable(
                f"{self._name} did not answer within {ANSWER_S:g} s; it is asked again"
            ) from None
        except DBAPIError as error:
            raise PortUnavailable(f"{self._name} did not answer: {reason(error)}") from error

    def _destroy(self) -> None:
        DBOS.destroy(destroy_registry=True)
        self._engine.dispose()
        self._launched = False

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name="vigil",
            # Given instead of its URL, so that nothing prints a password.
            system_database_engine=self._engine,
            application_version="vigil-1",
            executor_id=self._executor_id,
            serializer=JsonSerializer(),
            enable_otlp=False,
            console_log_level="ERROR",
        )
