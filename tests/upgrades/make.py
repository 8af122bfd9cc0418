"""Keep a record, before a release and with each migration: ``python -m tests.upgrades.make``.

It is made by this version's own code and committed with it; the versions after it are tested with
it for as long as somebody may come from there.
"""

import asyncio
import base64
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, text
from tests.support.programs import wait_until
from tests.support.record import open_record
from tests.support.story import Story, begin
from tests.upgrades.keeping import Keeper
from tests.upgrades.kept import INSTALLATION, KEYS, RECORDS
from tests.upgrades.plots import ANOTHER, PLOTS, Plot, go_on

from vigil.domain.plan import ActionResult, ActionStatus, CallRecord
from vigil.domain.run import RunOrder
from vigil.domain.switch import SWITCH_FILE, SwitchState
from vigil.integrations._clients.database import read
from vigil.integrations.switch.shared import SharedSwitch
from vigil.integrations.workflow import dbos
from vigil.ports.switch import Switch
from vigil.ports.workers import LEASE_S
from vigil.runner.ledger import Ledger, Outcome
from vigil.runner.store import open_store

ROOT = Path(__file__).parents[2]
WORKFLOW = "workflow.sql"
LEDGER = "runner.sql"
ASKED = dbos.AT_ONCE + 5
"""Segments of the workflow that is killed: the last ones have not begun."""
WORKER, ANOTHER_WORKER = "killed", "another"


def version() -> str:
    """What this version calls itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


async def make(records: Path) -> Path:
    """Keep a record in a new folder below ``records``."""
    with tempfile.TemporaryDirectory(prefix="vigil-") as name:
        scratch, draft = Path(name), Path(name) / "draft"
        draft.mkdir()
        revision = _installation(scratch, draft)
        folder = records / f"{version()}-{revision}"
        if folder.exists():
            raise SystemExit(f"{folder} is there: a record that was kept is never made again")
        places: set[str] = set()
        orders: dict[str, RunOrder] = {}
        for plot in PLOTS.values():
            for order in await _keep(plot, scratch, draft, places):
                # The same plan in another story is the same run.
                orders[order.run_key] = order
        (draft / LEDGER).write_text(_killed_runner(scratch, list(orders.values())))
        (draft / WORKFLOW).write_text(_killed_workflow(scratch))
        shutil.copytree(draft, folder)
    return folder


def _installation(scratch: Path, draft: Path) -> str:
    """The keys that all stories are sealed with; gives the revision of the record."""
    record = open_record(scratch)
    query = text("SELECT version_num FROM alembic_version")
    revision = str(read(record.engine, lambda c: c.execute(query).scalar_one()))
    record.engine.dispose()
    keys = {key: base64.b64encode((scratch / "keys" / key).read_bytes()).decode() for key in KEYS}
    about = {"version": version(), "revision": revision, "keys": keys}
    (draft / INSTALLATION).write_text(json.dumps(about, indent=2) + "\n")
    return revision


async def _keep(plot: Plot, scratch: Path, draft: Path, places: set[str]) -> list[RunOrder]:
    """Tell one story from its alert to its end, and keep all of its moments; gives its runs."""
    directory = scratch / plot.name
    directory.mkdir()
    shutil.copytree(scratch / "keys", directory / "keys")
    story = await begin(
        directory, autonomy=plot.autonomy, switch_on=lambda engine: _switch(directory, engine)
    )
    story.with_parts(worker=WORKER)
    plot.setting(story)
    orders = _orders_noted(story)
    keeper = Keeper(story, draft / f"{plot.name}.jsonl", places)
    journal, clock = story.journal, story.clock
    if plot.busy:
        taken = (plot.busy, ANOTHER, ANOTHER_WORKER)
        await story.parts.locks.take(*taken, clock.now(), LEASE_S)
    heard = await story.hear()
    await go_on(story, plot, lambda: journal.checkpoint(clock.now()))
    incident = await journal.incident(heard.id)
    keeper.end(
        stage=incident.stage,
        outcome=incident.outcome,
        attempt=incident.attempt,
        done=story.shop.done,
    )
    story.record.engine.dispose()
    return orders


def _switch(directory: Path, engine: Engine) -> Switch:
    """In its file and in its row, so that the record stands for either kind of database."""
    switch = SharedSwitch(directory / SWITCH_FILE, engine)
    switch.set(SwitchState(stopped=False))
    return switch


def _orders_noted(story: Story) -> list[RunOrder]:
    """What the sandbox is asked for from now on."""
    orders: list[RunOrder] = []
    happens = story.sandbox.before

    def noted(order: RunOrder) -> None:
        orders.append(order)
        happens(order)

    story.sandbox.before = noted
    return orders


def _killed_runner(scratch: Path, orders: list[RunOrder]) -> str:
    """A ledger, as SQL, whose last run was cut off between the beginning of a call and its end."""
    file = scratch / "runner.sqlite"
    ledger = Ledger(open_store(file, None))
    for order in orders:
        call = order.plan.actions[0].effects.calls[0]
        key, fences = f"{order.run_key}:0", order.lease.fences
        ledger.begin_run(order, order.plan.digest)
        ledger.begin_effect(key, call, {"looked": "before"}, fences)
        if order is not orders[-1]:
            ledger.end_effect(key, Outcome(ok=True, text="done"))
            ledger.end_run(order, _result(order))
    ledger.close()
    return _dumped(file)


def _result(order: RunOrder) -> ActionResult:
    call = order.plan.actions[0].effects.calls[0]
    return ActionResult(
        action=order.action,
        status=ActionStatus.SUCCEEDED,
        exit_code=0,
        calls=(CallRecord(call=call, allowed=True, result="done"),),
        output="done\n",
        seconds=1.0,
    )


def _killed_workflow(scratch: Path) -> str:
    """The workflow's own database, as SQL, of a process that was killed in its segments."""
    state = scratch / "workflow"
    state.mkdir()
    log = state / "log"
    with segments_in(state) as process:
        try:
            wait_until(lambda: _count(log, "launched") == 1, "the workflow", process)
            assert process.stdin is not None
            for number in range(ASKED):
                turn = 1 + number % 2
                process.stdin.write(b"act long-%d 1 %d\n" % (number, turn))
                process.stdin.flush()
            wait_until(lambda: _count(log, "asked act") == ASKED, "the asking", process)
            wait_until(lambda: _count(log, "begins act") >= 1, "a segment that begins", process)
        finally:
            process.kill()
    return _dumped(state / "workflow.sqlite")


def _dumped(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        return "\n".join(database.iterdump()) + "\n"


def segments_in(state: Path) -> "subprocess.Popen[bytes]":
    """A process that runs segments of the workflow in this folder."""
    command = [sys.executable, "-m", "tests.support.segments", str(state), str(dbos.__file__)]
    command += [f"sqlite:///{state / 'workflow.sqlite'}", dbos.ALONE]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)


def _count(log: Path, start: str) -> int:
    lines = log.read_text().splitlines() if log.exists() else []
    return sum(line.startswith(start) for line in lines)


if __name__ == "__main__":
    print(asyncio.run(make(RECORDS)))  # noqa: T201 - the name of what was made
