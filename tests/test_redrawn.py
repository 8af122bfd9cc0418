"""A picture that is redrawn in place: on a terminal, and elsewhere not at all (below 1 s)."""

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from vigil.cli.redrawn import Redrawn


class Counted(Redrawn):
    """Leaves how often it was drawn."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, self._picture)
        self._drawn_times = 0

    def _picture(self) -> Text:
        self._drawn_times += 1
        return Text(f"picture {self._drawn_times}")

    def _leave(self) -> None:
        self._console.print("left behind")


@pytest.mark.parametrize("terminal", [True, False])
def test_it_is_drawn_on_a_terminal_only(terminal: bool) -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=terminal, width=40)
    with Counted(console):
        pass
    with pytest.raises(ZeroDivisionError), Counted(console):
        raise ZeroDivisionError
    said = written.getvalue()
    assert ("picture" in said, said.count("left behind")) == (terminal, 2 * terminal)
    assert terminal == said.endswith("left behind\n")
