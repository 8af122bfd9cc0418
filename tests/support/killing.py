"""A real Vigil beside a real shop, killed with -9 at chosen instants and started again.

When to kill is seen in Vigil's record and in the runner's ledger, both read from outside and
read-only; what a kill hit is read there after it. What was done is counted at the shop itself.
"""

import json
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from tests.support.sights import CLOSING, STAGES

from vigil.cli.rehearsal.rehearsal import Rehearsal
from vigil.domain.errors import PortUnavailable
from vigil.lab.judge import Counters
from vigil.lab.scenario import load_scenarios

SCENARIO = "bad-release"
ANY = "any"
"""Wherever it is, from the moment on at which the Vigil before was killed."""
POLL_S = 0.001
POINT_S = 90.0
"""How long an incident may take to come to the next instant at which it is to be killed."""
END_S = 150.0
LATER_S = 3.0
"""How long after the end a second incident of the same trouble would be seen."""


class Whom(StrEnum):
    """Who is killed."""

    SERVE = "serve"
    RUNNER = "runner"
    BOTH = "both"


@dataclass(frozen=True)
class Sight:
    """An incident as the record has it, and the effect that is begun and not done."""

    incident: str | None = None
    stage: str = "none"
    closed: bool = False
    ends: bool = False
    waiting: bool = False
    plan_digest: str | None = None
    effect: str | None = None
    touched: int = 0
    """Switches and starts at the shop since it was broken."""

    @property
    def place(self) -> str:
        """The stage, or that it is about to be closed."""
        return CLOSING if self.ends and not self.closed else self.stage

    def past(self, stage: str) -> bool:
        """Too late for this stage."""
        order = (*STAGES, CLOSING)
        return self.closed or (
            self.place in order and stage in order and order.index(self.place) > order.index(stage)
        )


@dataclass(frozen=True)
class Point:
    """An instant to kill at: a stage or an effect, and some seconds more."""

    stage: str
    whom: Whom = Whom.SERVE
    effect: str | None = None
    touched: int = 0
    """The effect has been felt at the shop, which by then has been touched so often."""
    waiting: bool = False
    delay_s: float = 0.0
    before: Callable[["Killing", Sight], None] = lambda _killing, _sight: None
    """Done right before the kill."""

    @property
    def name(self) -> str:
        """For a report."""
        return self.effect or ("approval" if self.waiting else self.stage)

    def reached(self, sight: Sight) -> bool:
        if self.stage == ANY:
            return not sight.closed
        if self.waiting:
            return sight.waiting
        if self.effect is not None:
            return sight.effect == self.effect and sight.touched >= self.touched
        return sight.place == self.stage


@dataclass(frozen=True)
class Kill:
    """What was aimed at, and what the record says was hit."""

    aimed: str
    whom: str
    hit: str
    effect: str | None
    """An effect that was begun and is not on record as done."""
    touched: int
    """Switches and starts at the shop up to then: whether the effect was felt already."""


@dataclass
class Story:
    """One incident with its kills, and how it ended by everybody's word."""

    kills: list[Kill] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    incidents: int = 0
    stage: str = ""
    outcome: str = ""
    attempt: int = 0
    entered: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    switches: int = 0
    link_changes: int = 0
    starts: dict[str, int] = field(default_factory=dict)
    judge: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class Killing:
    """The shop, the Vigil, and whoever kills it."""

    def __init__(self, seed: int, progress: Callable[[str], None] = lambda _: None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vigil-k-")
        self._policy = Path(self._folder.name) / "policy.yaml"
        self.ask(always=False)
        self._progress = progress
        self.rehearsal = Rehearsal(seed, progress, settings={"VIGIL_POLICY": str(self._policy)})
        self._links: set[tuple[int, int]] = set()
        self._before = Counters(
            release="", link_changed_ns=0, release_log_lines=0, starts={}, sessions_ended=0
        )

    def __enter__(self) -> Self:
        self.rehearsal.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.rehearsal.down()
        self._folder.cleanup()

    def left_over(self) -> list[str]:
        """Command lines of runners of this state that still run."""
        found = (_command(folder) for folder in Path("/proc").glob("[0-9]*"))
        return [line for line in found if str(self.state) in line]

    @property
    def state(self) -> Path:
        return self.rehearsal.serve.state

    def ask(self, *, always: bool) -> None:
        """Whether the next Vigil asks a person; otherwise a runbook without record may run."""
        policy = {"auto_confidence": 0, "freeze": always, "max_executions_per_hour": 1000}
        self._policy.write_text(json.dumps(policy))

    def start(self) -> None:
        self.rehearsal.serve.start(self.state.parent / "vigil.yaml")

    def kill(self, whom: Whom) -> None:
        """As a power cut would; of two the runner first, some microseconds before the other."""
        if whom is not Whom.SERVE and (runner := self._runner()) is not None:
            os.kill(runner, signal.SIGKILL)
        if whom is not Whom.RUNNER:
            self.rehearsal.serve.kill()

    def approve(self, sight: Sight) -> int:
        """Approve the plan that waits, as a person does; the HTTP status of the answer."""
        self.rehearsal.serve.wait_ready()
        body = {"plan_digest": sight.plan_digest, "by": "a person"}
        path = f"/api/incidents/{sight.incident}/approve"
        return self.rehearsal.serve.client.post(path, body)[0]

    def _runner(self) -> int | None:
        """The child of the serving process that is the runner."""
        for children in Path(f"/proc/{self.rehearsal.serve.pid}/task").glob("*/children"):
            for child in children.read_text().split():
                if " runner " in _command(Path("/proc", child)):
                    return int(child)
        return None

    # --- one incident -----------------------------------------------------------------------

    def run(self, points: Sequence[Point]) -> Story:
        """Break the shop, kill at each point, see how it ends, and put the shop right."""
        story = Story()
        lab = self.rehearsal.lab
        began = time.monotonic()
        known = self._known()
        lab.break_(load_scenarios()[SCENARIO])
        self._before = lab.mark()
        self._links = set()
        for point in points:
            self._strike(point, known, story)
        self._until_closed(known)
        time.sleep(LATER_S)
        self._tell(story, known)
        story.seconds = round(time.monotonic() - began, 1)
        lab.restore()
        return story

    def _strike(self, point: Point, known: set[str], story: Story) -> None:
        seen = self._watch(known, lambda s: point.reached(s) or s.past(point.stage), POINT_S)
        if not point.reached(seen):
            story.missed.append(point.name)
            return
        self._sleep(point.delay_s)
        point.before(self, seen)
        self.kill(point.whom)
        with self._record() as look:
            hit = look(known)
        story.kills.append(Kill(point.name, point.whom, hit.place, hit.effect, hit.touched))
        self._progress(f"killed {point.whom} in {hit.place}, effect under way: {hit.effect}")
        if point.whom is not Whom.RUNNER:
            self.start()

    def _until_closed(self, known: set[str]) -> None:
        self._watch(known, lambda sight: sight.closed, END_S, every_s=0.01)
        self.rehearsal.serve.wait_ready()

    def _tell(self, story: Story, known: set[str]) -> None:
        lab, client = self.rehearsal.lab, self.rehearsal.serve.client
        ids = self._known() - known
        story.incidents = len(ids)
        incident = client.get(f"/api/incidents/{min(ids)}")["incident"]
        story.stage, story.outcome = incident["stage"], incident["outcome"]
        story.attempt = incident["attempt"]
        events = client.get(f"/api/incidents/{min(ids)}/timeline")["events"]
        story.kinds = [event["kind"] for event in events]
        story.entered = [e["payload"]["stage"] for e in events if e["kind"] == "stage_entered"]
        after = lab.mark()
        story.switches = after.release_log_lines - self._before.release_log_lines
        story.link_changes = len(self._links) - 1
        story.starts = after.starts_since(self._before)
        story.judge = list(lab.judge().findings)

    # --- looking from outside ----------------------------------------------------------------

    def _watch(
        self,
        known: set[str],
        reached: Callable[[Sight], bool],
        seconds: float,
        every_s: float = POLL_S,
    ) -> Sight:
        deadline = time.monotonic() + seconds
        sight = Sight()
        with self._record() as look:
            while time.monotonic() < deadline:
                self._look_at_link()
                sight = look(known)
                if reached(sight):
                    return sight
                time.sleep(every_s)
        raise PortUnavailable(
            f"the incident is still in {sight.place} after {seconds:.0f} s; the log is "
            f"{self.rehearsal.serve.log}"
        )

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._look_at_link()
            time.sleep(POLL_S)

    def _look_at_link(self) -> None:
        link = self.rehearsal.lab.files.current.lstat()
        self._links.add((link.st_ino, link.st_mtime_ns))

    @contextmanager
    def _record(self) -> Iterator[Callable[[set[str]], Sight]]:
        """A look at the newest incident that was not known; the files are let go of afterwards."""
        with (
            closing(_read_only(self.state / "vigil.sqlite")) as record,
            closing(_read_only(self.state / "runner.sqlite")) as ledger,
        ):

            def look(known: set[str]) -> Sight:
                touched = self.rehearsal.lab.mark().actions_since(self._before)
                return replace(_look(record, ledger, known), touched=touched)

            yield look

    def _known(self) -> set[str]:
        with closing(_read_only(self.state / "vigil.sqlite")) as record:
            return {row[0] for row in record.execute("SELECT id FROM incidents")}


def _command(process: Path) -> str:
    """Its words; none for one that has ended."""
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10, isolation_level=None)


def _look(record: sqlite3.Connection, ledger: sqlite3.Connection, known: set[str]) -> Sight:
    row = record.execute(
        "SELECT id, stage, closed_at, waiting_on, plan_digest, EXISTS ("
        "SELECT 1 FROM outputs WHERE incident = id AND name = 'ending') "
        "FROM incidents ORDER BY opened_at DESC LIMIT 1"
    ).fetchone()
    if row is None or row[0] in known:
        return Sight()
    effect = ledger.execute(
        "SELECT json_extract(call, '$.verb') FROM effects WHERE done_at IS NULL"
    ).fetchone()
    return Sight(
        incident=row[0],
        stage=row[1],
        closed=row[2] is not None,
        waiting=row[3] is not None,
        plan_digest=row[4],
        ends=bool(row[5]),
        effect=effect[0] if effect else None,
    )
