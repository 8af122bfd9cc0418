"""The guard's rule files: Vigil's own, and a folder of the user's."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path

from vigil.domain.errors import SettingsError
from vigil.guard.python import Library
from vigil.guard.tools import Tool, Tools
from vigil.strict_yaml import load, load_own

SHIPPED = Path(__file__).parent / "guard" / "tools"
LIBRARY = Path(__file__).parent / "guard" / "libraries" / "python.yaml"
_HEAD = re.compile(r"tool: *(?P<tool>[^\n]+)\n(?:also: *\[(?P<also>[^\]]*)\]\n)?about:")
"""How each of Vigil's own files begins."""
MAX_FILES = 1_000
"""Of a user's folder; one with more is some other folder."""


def load_tools(folder: Path | None = None) -> Tools:
    """Every tool that the guard knows; what the user's folder says of a name counts.

    Vigil's own files are read when a script first names their tool, the user's at once:
    ``SettingsError`` has every mistake with file, line and remedy.
    """
    readers: dict[str, Callable[[], Tool]] = {}
    for path in shipped():
        text = path.read_text(encoding="utf-8")
        readers |= dict.fromkeys(_names_in(path, text), cache(partial(load_own, text, Tool)))
    if folder is not None:
        readers |= Tools.of(*_of_the_user(folder)).readers
    more = _libraries_of_the_user(folder) if folder is not None else ()
    return Tools(readers, cache(partial(_library, more)))


def _library(more: Iterable[Library]) -> Library:
    library = load_own(LIBRARY.read_text(encoding="utf-8"), Library)
    for other in more:
        library = library.extended(other)
    return library


def shipped() -> tuple[Path, ...]:
    """Vigil's own rule files."""
    return tuple(sorted(SHIPPED.glob("*.yaml")))


def load_tool(path: Path) -> Tool:
    """One rule file, or ``SettingsError`` with every mistake and its line."""
    return load(path, Tool)


def _names_in(path: Path, text: str) -> tuple[str, ...]:
    """The names of a tool, without reading as YAML all that is said of it."""
    head = _HEAD.match(text)
    if head is None:
        raise SettingsError([f"{path}:1: begin it with tool:, also: [...] and about:"])
    words = (head["tool"], *(head["also"] or "").split(","))
    return tuple(name for word in words if (name := word.strip().strip("\"'")))


def _libraries_of_the_user(folder: Path) -> tuple[Library, ...]:
    """What the user says of Python's libraries, in a folder of its own beside the rule files."""
    return tuple(load(path, Library) for path in sorted((folder / "libraries").glob("*.yaml")))


def _of_the_user(folder: Path) -> Iterator[Tool]:
    if not folder.is_dir():
        raise SettingsError(
            [f"VIGIL_GUARD_TOOLS: {folder} is no folder; name one that holds rule files (*.yaml)"]
        )
    paths = sorted(folder.glob("*.yaml"))
    if len(paths) > MAX_FILES:
        raise SettingsError(
            [f"VIGIL_GUARD_TOOLS: {folder} holds more than {MAX_FILES} files; name another folder"]
        )
    mistakes: list[str] = []
    tools: list[Tool] = []
    for path in paths:
        try:
            tools.append(load_tool(path))
        except SettingsError as error:
            mistakes += error.mistakes
    if mistakes:
        raise SettingsError(mistakes)
    yield from tools
