"""A swarm on a terminal: how far it has come, and a table of what became of it."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vigil.cli.redrawn import Redrawn
from vigil.cli.words import complain
from vigil.domain.scrub import clean
from vigil.domain.swarm import Spread, SwarmProgress, SwarmReport, SwarmSpec

SELDOM_S = 5.0
"""Between two lines where nobody sees a line change."""
WIDEST = 300


class SwarmView(Redrawn):
    """One line on standard error that changes; where that is no terminal, a line now and then."""

    def __init__(self, spec: SwarmSpec) -> None:
        super().__init__(Console(stderr=True, highlight=False), self._picture)
        self._spec = spec
        self._said = -SELDOM_S
        self._line = ""

    def show(self, progress: SwarmProgress) -> None:
        """How far it has come."""
        self._line = progress_line(self._spec, progress)
        if not self._console.is_terminal and progress.seconds - self._said >= SELDOM_S:
            self._said = progress.seconds
            complain(self._line)

    def _picture(self) -> Text:
        return Text(self._line)


def progress_line(spec: SwarmSpec, progress: SwarmProgress) -> str:
    """All of it in one line."""
    held = f"{progress.held} held, " if spec.hold_before is not None else ""
    return (
        f"{progress.seconds:5.0f} s  {progress.walking} walking, {held}{progress.done} done, "
        f"{progress.failed} failed, {progress.lost} lost of {spec.sessions}; "
        f"{progress.rate:.1f}/s; {progress.browsers_mb + progress.own_mb:,.0f} MB; "
        f"a walk {_times(progress.whole)}"
    )


def show_report(report: SwarmReport, console: Console) -> None:
    """Times, failures, memory and how it ended."""
    table = Table(box=None, pad_edge=False)
    table.add_column("step")
    for heading in ("walked", "p50", "p95", "p99"):
        table.add_column(heading, justify="right", no_wrap=True)
    for step in report.steps:
        table.add_row(Text(f"{step.number} {clean(step.text, WIDEST)}"), *_cells(step.spread))
    table.add_row(Text("the whole walk", style="bold"), *_cells(report.whole))
    console.print(table)
    for group in report.failures:
        console.print(Text(f"{group.count} at step {group.number}: {clean(group.sample, WIDEST)}"))
    console.print(Text(_counts(report)))
    console.print(Text(_costs(report)))
    if report.stopped is not None:
        why = clean(report.stopped.text, WIDEST).rstrip(".")
        console.print(Text(f"Stopped early: {why}.", style="bold"))


def _counts(report: SwarmReport) -> str:
    held = f", {report.held_at_once} held at once" if report.spec.hold_before is not None else ""
    return (
        f"{report.done} of {report.spec.sessions} sessions went well, {report.failed} failed, "
        f"{report.lost} were lost, {report.unfinished} did not end{held}"
    )


def _costs(report: SwarmReport) -> str:
    return (
        f"{report.seconds:.1f} s, {report.a_second:.1f} a second; browsers "
        f"{report.browsers_mb:,.0f} MB ({report.mb_a_session:.2f} a session), Vigil "
        f"{report.own_mb:,.0f} MB"
    )


def _cells(spread: Spread) -> tuple[str, ...]:
    return (str(spread.count), *(_seconds(each) for each in (spread.p50, spread.p95, spread.p99)))


def _times(spread: Spread) -> str:
    if not spread.count:
        return "-"
    times = "/".join(_seconds(each) for each in (spread.p50, spread.p95, spread.p99))
    return f"{times} (p50/p95/p99)"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
