"""What is told of an error that nobody foresaw, so that it can be found and mended."""

from collections.abc import Iterator
from types import TracebackType

_OURS = "vigil."


def told(error: Exception) -> str:
    """Which one it is, and where it was raised; not what it says, which may be a stranger's secret.

    The place is the innermost of Vigil's own functions: what it called may be anybody's.
    """
    places = list(_places(error.__traceback__))
    ours = [place for place in places if place.startswith(_OURS)] or places
    return f"{type(error).__name__} in {ours[-1]}" if ours else type(error).__name__


def _places(trace: TracebackType | None) -> Iterator[str]:
    """The functions that it went through, from the outermost in."""
    while trace is not None:
        frame = trace.tb_frame
        module = frame.f_globals.get("__name__")
        yield f"{module}.{frame.f_code.co_qualname}, line {trace.tb_lineno}"
        trace = trace.tb_next
