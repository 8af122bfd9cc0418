"""A picture on a terminal that is redrawn in place, and leaves the terminal as it was."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

TIMES_A_SECOND = 4


class Redrawn:
    """Shown as long as it is entered; where there is no terminal, nothing is."""

    def __init__(self, console: Console, picture: Callable[[], RenderableType]) -> None:
        """``picture`` gives what there is to see now."""
        self._console = console
        self._drawn = picture
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._drawn,
                console=self._console,
                refresh_per_second=TIMES_A_SECOND,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the picture away, and leave what shall stay."""
        if self._live is not None:
            self._live.stop()
            self._leave()

    def _leave(self) -> None:
        """Print what shall stay; nothing, unless somebody says otherwise."""
