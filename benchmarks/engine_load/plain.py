"""Plain DBOS: the same number of workflows and steps, and nothing in them.

A step is what is on record once it is done, and is not done over again after a crash. A segment of
Vigil is one workflow; what it puts on record on its way are its steps, though Vigil keeps them in
its own rows and shows DBOS one step a segment only. Both are measured: with as many steps as a
lifecycle has, which is the comparison, and with the one of each segment that DBOS is shown.
"""

import asyncio
import time
from collections.abc import Sequence

from dbos import DBOS, DBOSConfig, SetWorkflowID

from vigil.integrations.workflow.database import open_history
from vigil.integrations.workflow.dbos import AT_ONCE, POLL_S, JsonSerializer

QUEUE = "plain"
STEPS = (3, 2, 4, 1)
"""Of each incident's workflows, one after the other: investigation, ranking and recollection; plan
and verdict; beginning, with the baseline, then execution, proof and ending; the closing."""
OUTPUTS = 10
"""In Vigil's record they are so many: the beginning and the baseline are two in one transaction,
and the closing is a move of the incident."""
ONE_EACH = (1, 1, 1, 1)
"""What DBOS is shown of the same."""


async def plain_dbos(url: str, incidents: int, steps: Sequence[int] = STEPS) -> float:
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
        for _ in range(steps[segment]):
            await step(segment, incident)
        following.put_nowait((segment + 1, incident))

    DBOS.launch()
    await DBOS.register_queue_async(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL_S)
    began = time.monotonic()
    for incident in range(incidents):
        following.put_nowait((0, incident))
    ended = 0
    while ended < incidents:
        segment, incident = await following.get()
        if segment == len(steps):
            ended += 1
            continue
        with SetWorkflowID(f"{incident}:{segment}"):
            await DBOS.enqueue_workflow_async(QUEUE, workflow, segment, incident)
    seconds = time.monotonic() - began
    DBOS.destroy(destroy_registry=True)
    return seconds
