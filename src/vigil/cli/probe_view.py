"""What the probes of a service see, as a table that is kept up to date."""

from collections import defaultdict, deque
from collections.abc import Mapping

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vigil.cli.redrawn import Redrawn
from vigil.domain.probe import Probe, ProbeOutcome, ProbeResult

LATELY = 20
"""Looks of each probe that are shown as a strip, the newest last."""
NARROW = 72
"""Columns; where there are fewer, each probe has a line and not a row of a table."""
WIDE = 100
"""Columns from which on there is room for the kind of each probe."""
STYLES = {
    ProbeOutcome.PASSING: ("✔", "green"),
    ProbeOutcome.FAILING: ("✘", "bold red"),
    ProbeOutcome.UNKNOWN: ("?", "yellow"),
}
"""Each outcome has a sign of its own: not everybody sees colours, and not every terminal."""


class ProbeView(Redrawn):
    """Redrawn in place in a terminal; elsewhere printed each time that all have looked."""

    def __init__(self, console: Console, service: str, probes: Mapping[str, Probe]) -> None:
        self._service = service
        self._probes = probes
        self._seen: dict[str, deque[ProbeResult]] = defaultdict(lambda: deque(maxlen=LATELY))
        super().__init__(console, self._picture)

    def saw(self, result: ProbeResult) -> None:
        """The next picture shows it."""
        self._seen[result.ref.probe].append(result)

    def over(self) -> None:
        """Without a terminal, this is the moment to show something."""
        if not self._console.is_terminal:
            self._console.print(self._picture())

    def _leave(self) -> None:
        """The last picture."""
        self._console.print(self._picture())

    def _picture(self) -> RenderableType:
        if self._console.width < NARROW:
            return Group(*(line for name in self._probes for line in self._lines(name)))
        return self._table()

    @property
    def _again(self) -> bool:
        return any(len(looks) > 1 for looks in self._seen.values())

    def _table(self) -> RenderableType:
        wide = self._console.width >= WIDE
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column(self._service, no_wrap=True)
        if wide:
            table.add_column("kind", no_wrap=True)
        table.add_column("outcome", no_wrap=True)
        table.add_column("value", justify="right", no_wrap=True)
        table.add_column("ms", justify="right", no_wrap=True)
        if self._again:
            table.add_column("lately", no_wrap=True)
        table.add_column("what was seen", overflow="fold", ratio=1)
        for name, spec in self._probes.items():
            cells: list[RenderableType] = [self._title(name)]
            cells += [spec.kind] if wide else []
            last = self._last(name)
            if last is None:
                table.add_row(*cells)
                continue
            cells.append(Text(last.outcome, style=STYLES[last.outcome][1]))
            cells += [_value(spec, last), f"{last.seconds * 1000:.0f}"]
            cells += [self._strip(name)] if self._again else []
            table.add_row(*cells, _sentence(last))
        return table

    def _lines(self, name: str) -> list[RenderableType]:
        line, last = self._title(name), self._last(name)
        if last is None:
            return [line]
        line.append(f"  {_value(self._probes[name], last)}")
        if self._again:
            line.append("  ").append(self._strip(name))
        line.no_wrap, line.overflow = True, "ellipsis"
        if last.passes:
            return [line]
        return [line, Padding(Text(last.text), (0, 0, 0, 2))]

    def _title(self, name: str) -> Text:
        last = self._last(name)
        sign, style = STYLES[last.outcome] if last else ("·", "dim")
        return Text(f"{sign} {name}", style=style)

    def _strip(self, name: str) -> Text:
        strip = Text()
        for look in self._seen[name]:
            strip.append(*STYLES[look.outcome])
        return strip

    def _last(self, name: str) -> ProbeResult | None:
        looks = self._seen.get(name)
        return looks[-1] if looks else None


def _value(spec: Probe, result: ProbeResult) -> str:
    if result.value is None:
        return "-"
    budget = "" if spec.budget is None else f" of {spec.budget:.6g}"
    usual = "" if result.usual is None else f", usually {result.usual:.6g}"
    return f"{result.value:.6g}{budget} {spec.unit}".rstrip() + usual


def _sentence(result: ProbeResult) -> Text:
    """In full where something is wrong, else as much as there is room for."""
    passes = result.passes
    return Text(result.text, no_wrap=passes, overflow="ellipsis" if passes else "fold")
