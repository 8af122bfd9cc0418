"""The live view: where the incident is, what is being done now, what the sandbox says."""

import time
from collections import deque
from datetime import UTC, datetime
from itertools import pairwise
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vigil.cli.redrawn import Redrawn
from vigil.cli.rehearsal.watching import OPEN_STAGES, Watching
from vigil.cli.sentences import MEANING, describe, heard_from, short

LINES = 6
OUTPUT_LINES = 5


class View(Protocol):
    """Shows progress to a person."""

    def say(self, line: str) -> None:
        """One thing that happened around the incident."""
        ...

    def look(self, watching: Watching | None) -> None:
        """The incident as it is now; None while none is open."""
        ...

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        ...


class PlainView:
    """A line for each event, for logs and where there is no terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._shown: dict[str, int] = {}

    def say(self, line: str) -> None:
        seconds = time.monotonic() - self._began
        self._console.print(f"{seconds:6.1f} s  {line}", markup=False, highlight=False)

    def look(self, watching: Watching | None) -> None:
        if watching is None:
            return
        after = self._shown.get(watching.id, 0)
        for event in watching.events:
            line = describe(event)
            if event["seq"] > after and line:
                self.say(f"  {line}")
            if event["seq"] > after and event["kind"] == "action_output":
                self.say(f"  | {event['payload']['line']}")
        if watching.events:
            self._shown[watching.id] = watching.events[-1]["seq"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to put back."""


class LiveView(Redrawn):
    """The whole picture, redrawn in place."""

    def __init__(self, console: Console, title: str) -> None:
        super().__init__(console, self._picture)
        self._title = title
        self._lines: deque[str] = deque(maxlen=LINES)
        self._watching: Watching | None = None
        self._began = time.monotonic()

    def say(self, line: str) -> None:
        self._lines.append(line)

    def look(self, watching: Watching | None) -> None:
        self._watching = watching

    def _picture(self) -> RenderableType:
        seconds = time.monotonic() - self._began
        parts: list[RenderableType] = [
            Text(f"{self._title}   {seconds:.0f} s", style="bold"),
            _box("Demo", list(self._lines)),
        ]
        if self._watching is not None and self._watching.incident:
            parts += [_stages(self._watching), *_now(self._watching)]
        return Group(*parts)


def _stages(watching: Watching) -> RenderableType:
    """Each stage with its seconds; the present one counts up."""
    table = Table(box=None, show_header=False, padding=(0, 1))
    present = watching.incident["stage"]
    for stage in OPEN_STAGES:
        known = watching.stages.get(stage)
        mark, style = ("✔", "green") if known is not None else ("·", "dim")
        if stage == present:
            mark, style = "▶", "bold yellow"
            known = (datetime.now(UTC) - _entered(watching, stage)).total_seconds()
        text = "" if known is None else f"{known:5.1f} s"
        table.add_row(mark, stage, text, MEANING[stage], style=style)
    if watching.closed:
        good = present == "RESOLVED"
        style = "bold green" if good else "bold red"
        table.add_row("■", present, "", watching.outcome, style=style)
    title = f"incident {watching.id}, heard from {heard_from(watching.sources)}"
    return Panel(table, title=title, title_align="left")


def _now(watching: Watching) -> list[RenderableType]:
    told = [line for e in watching.events if (line := describe(e))]
    output = _once([str(p["line"]) for p in watching.payloads("action_output")])
    boxes = [_box("Now", told[-LINES:])]
    return [*boxes, _box("Sandbox", output[-OUTPUT_LINES:])] if output else boxes


def _entered(watching: Watching, stage: str) -> datetime:
    for event in reversed(watching.events):
        payload = event["payload"] or {}
        if event["kind"] == "stage_entered" and payload.get("stage") == stage:
            return datetime.fromisoformat(event["at"])
    return watching.opened_at


def _once(lines: list[str]) -> list[str]:
    """A script prints what the broker answered; the broker's own line says it already."""
    return [now for before, now in pairwise(["", *lines]) if now not in before]


def _box(title: str, lines: list[str]) -> RenderableType:
    text = Text(short("\n".join(lines)) or " ", overflow="ellipsis", no_wrap=True)
    return Panel(text, title=title, title_align="left", border_style="dim")
