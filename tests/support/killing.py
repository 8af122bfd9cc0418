"""A real Vigil beside a real shop, killed with -9 at chosen instants and started again.

When to kill is seen in Vigil's record and in the runner's ledger, both read from outside and
read-only; what a kill hit is read there after it. What was done is counted at the shop itself.
"""

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.support.sights import ANY, CLOSING, STAGES, Open, Outside
from tests.support.vigils import Whom

from vigil.cli.rehearsal.rehearsal import Rehearsal
from vigil.domain.errors import PortUnavailable
from vigil.lab.judge import Counters
from vigil.lab.scenario import load_scenarios

SCENARIO = "bad-release"
POLL_S = 0.001
POINT_S = 90.0
"""How long an incident may take to come to the next instant at which it is to be killed."""
END_S = 150.0
LATER_S = 3.0
"""How long after the end a second incident of the same trouble would be seen."""


@dataclass(frozen=True)
class Seen:
    """The incident of this story as the record has it, and an effect that is not done."""

    incident: Open | None = None
    """As long as it is open."""
    closed: bool = False
    effect: str | None = None
    touched: int = 0
    """Switches and starts at the shop since it was broken; counted while an effect is begun."""

    @property
    def place(self) -> str:
        """The stage, or that it is about to be closed."""
        if self.incident is None:
            return "closed" if self.closed else "none"
        return self.incident.place

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
    whom: Whom = Whom.VIGIL
    effect: str | None = None
    touched: int = 0
    """The effect has been felt at the shop, which by then has been touched so often."""
    waiting: bool = False
    delay_s: float = 0.0
    before: Callable[["Killing", Seen], None] = lambda _killing, _seen: None
    """Done right before the kill."""

    @property
    def name(self) -> str:
        """For a report."""
        return self.effect or ("approval" if self.waiting else self.stage)

    def reached(self, seen: Seen) -> bool:
        if self.stage == ANY:
            return not seen.closed
        if self.waiting:
            return seen.incident is not None and seen.incident.waiting
        if self.effect is not None:
            return seen.effect == self.effect and seen.touched >= self.touched
        return seen.place == self.stage


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
        if whom is not Whom.VIGIL and (runner := self._runner()) is not None:
            os.kill(runner, signal.SIGKILL)
        if whom is not Whom.RUNNER:
            self.rehearsal.serve.kill()

    def approve(self, incident: Open) -> int:
        """Approve the plan that waits, as a person does; the HTTP status of the answer."""
        self.rehearsal.serve.wait_ready()
        body = {"plan_digest": incident.plan, "by": "a person"}
        path = f"/api/incidents/{incident.id}/approve"
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
        story.kills.append(Kill(point.name, point.whom, hit.place, hit.effect, self._touched()))
        self._progress(f"killed {point.whom} in {hit.place}, effect under way: {hit.effect}")
        if point.whom is not Whom.RUNNER:
            self.start()

    def _until_closed(self, known: set[str]) -> None:
        self._watch(known, lambda seen: seen.closed, END_S, every_s=0.01)
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
        reached: Callable[[Seen], bool],
        seconds: float,
        every_s: float = POLL_S,
    ) -> Seen:
        deadline = time.monotonic() + seconds
        seen = Seen()
        with self._record() as look:
            while time.monotonic() < deadline:
                self._look_at_link()
                seen = look(known)
                if reached(seen):
                    return seen
                time.sleep(every_s)
        raise PortUnavailable(
            f"the incident is still in {seen.place} after {seconds:.0f} s; the log is "
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
    def _record(self) -> Iterator[Callable[[set[str]], Seen]]:
        """A look at the one incident that was not known; the files are let go of afterwards."""
        with (
            closing(Outside(self.state, database_url=None)) as outside,
            outside.looking() as looking,
        ):

            def look(known: set[str]) -> Seen:
                sight = looking.look()
                effect = sight.effects[0].verb if sight.effects else None
                incident = next((one for one in sight.incidents if one.id not in known), None)
                if incident is None:
                    closed = any(told.id not in known for told in outside.told())
                    return Seen(closed=closed, effect=effect)
                # To count takes longer than some stages last.
                return Seen(incident, effect=effect, touched=self._touched() if effect else 0)

            yield look

    def _touched(self) -> int:
        return self.rehearsal.lab.mark().actions_since(self._before)

    def _known(self) -> set[str]:
        with closing(Outside(self.state, database_url=None)) as outside:
            return {told.id for told in outside.told()}


def _command(process: Path) -> str:
    """Its words; none for one that has ended."""
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
