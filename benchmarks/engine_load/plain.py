"""Plain DBOS: the same number of workflows and steps, and nothing in them."""

import asyncio
import time

from dbos import DBOS, DBOSConfig, SetWorkflowID

from vigil.integrations.workflow.database import open_history
from vigil.integrations.workflow.dbos import AT_ONCE, POLL_S, JsonSerializer

QUEUE = "plain"
SEGMENTS = 4
"""Workflows for each incident, one after the other, each with one step, as Vigil's segments are."""


async def plain_dbos(url: str, incidents: int) -> float:
    """Seconds from the first workflow that is enqueued to the end of the last one.

    What follows is enqueued from outside, and remembered by nobody: the least that plain DBOS can
    be asked for.
    """
    config = DBOSConfig(
        name="plain",
        system_database_engine=open_history(url),
        application_version="plain",
        executor_id="plain",
        serializer=JsonSerializer(),
        enable_otlp=False,
        console_log_level="ERROR",
    )
    DBOS(config=config)
    following: asyncio.Queue[tuple[int, int]] = asyncio.Queue()

    @DBOS.step(name="step")
    async def step(segment: int, incident: int) -> None:
        """Nothing."""

    @DBOS.workflow(name="plain_v1", max_recovery_attempts=1000)
    async def workflow(segment: int, incident: int) -> None:
        await step(segment, incident)
        following.put_nowait((segment + 1, incident))

    DBOS.launch()
    await DBOS.register_queue_async(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL_S)
    began = time.monotonic()
    for incident in range(incidents):
        following.put_nowait((1, incident))
    ended = 0
    while ended < incidents:
        segment, incident = await following.get()
        if segment > SEGMENTS:
            ended += 1
            continue
        with SetWorkflowID(f"{incident}:{segment}"):
            await DBOS.enqueue_workflow_async(QUEUE, workflow, segment, incident)
    seconds = time.monotonic() - began
    DBOS.destroy(destroy_registry=True)
    return seconds
