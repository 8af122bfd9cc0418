"""What is known of a shell in one place of a script: variables, functions, files, streams."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from vigil.guard.program import UNRESOLVED, Source
from vigil.guard.shell.grammar.tree import Command
from vigil.guard.shell.whole import whole

MAX_TEXT = 200_000
"""Characters of one text; a longer one is not followed."""


SPECIAL = frozenset(
    {"_", "BASHPID", "BASH_ARGV", "BASH_COMMAND", "BASH_LINENO", "BASH_SOURCE", "BASH_SUBSHELL"}
    | {"DIRSTACK", "EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "PIPESTATUS"}
    | {"PPID", "RANDOM", "SECONDS", "SRANDOM", "UID"}
)
"""Names that bash itself gives their values, whatever is assigned to them."""


@dataclass(frozen=True, slots=True)
class Array:
    """The values of an array by index or key."""

    items: dict[str, str]
    named: bool = False
    """Whether its keys are text, as ``declare -A`` says."""

    def next_index(self) -> int:
        return max((whole(key) for key in self.items if key.isdecimal()), default=-1) + 1


Variable: TypeAlias = str | Array | None
"""None: surely not set. A name of which nothing is known is in no table."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a function may be; uncertain where it may also not be defined."""

    bodies: tuple[Command, ...]
    certain: bool = True


class Sink:
    """Where something is written to, and what surely was written."""

    def __init__(self, path: str | None = None, *, kept: bool = False) -> None:
        self.path = path
        self.kept = kept
        """Whether the shell itself keeps the text, as a substitution does."""
        self._parts: list[str] = []
        self._length = 0

    def write(self, text: str) -> None:
        if text and not (text == UNRESOLVED and self._parts[-1:] == [UNRESOLVED]):
            self._parts.append(text)
            self._length += len(text)

    def mark(self) -> int:
        return len(self._parts)

    def doubt(self, since: int) -> None:
        """What was written since then may also not have been."""
        if len(self._parts) > since:
            del self._parts[since:]
            self.write(UNRESOLVED)

    @property
    def text(self) -> str:
        return "".join(self._parts) if self._length <= MAX_TEXT else UNRESOLVED


class Stream:
    """What can be read, and who wrote it."""

    def __init__(self, text: str, sources: tuple[Source, ...] = ()) -> None:
        self.text = text
        self.sources = sources

    def line(self, end: str = "\n") -> tuple[str, bool] | None:
        """The next line and whether it ended; None where that is not known."""
        if not end:
            line, found, rest = self.text, "", ""
        else:
            line, found, rest = self.text.partition(end)
        if UNRESOLVED in line:
            self.text = UNRESOLVED
            return None
        self.text = rest
        return line, bool(found)


@dataclass(slots=True)
class State:
    """Copied where a script branches, merged where its branches meet."""

    variables: dict[str, Variable] = field(default_factory=dict)
    exported: frozenset[str] = frozenset()
    opaque: frozenset[str] = SPECIAL
    """Names that do not hold what is assigned to them: references, numbers, changed case."""
    fixed: frozenset[str] = frozenset()
    """Names that are read-only."""
    origins: dict[str, tuple[Source, ...]] = field(default_factory=dict)
    """Whose output was assigned to a name; of the positional parameters, under ``@``; of the other
    end of a process, under the name of its file.
    """
    functions: dict[str, Definition] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    positional: tuple[str, ...] | None = None
    files: dict[str, str] = field(default_factory=dict)
    """What the script itself surely wrote into files."""
    streams: dict[int, Sink | Stream] = field(default_factory=dict)
    directory: str | None = None
    """Where a script has gone; None where it has not gone anywhere."""
    lost: bool = False
    """Whether anything may have been assigned, so that names without a value are unknown too."""
    dead: bool = False
    """Whether the script surely does not come here: behind exit, return and break."""

    def copy(self) -> "State":
        return State(
            dict(self.variables),
            self.exported,
            self.opaque,
            self.fixed,
            dict(self.origins),
            dict(self.functions),
            dict(self.aliases),
            self.positional,
            dict(self.files),
            dict(self.streams),
            self.directory,
            self.lost,
            self.dead,
        )

    @property
    def size(self) -> int:
        return len(self.variables) + len(self.functions) + len(self.files) + 1

    @property
    def text_size(self) -> int:
        """Characters of what variables hold."""
        return sum(len(one) for one in self.variables.values() if isinstance(one, str))

    def merged(self, other: "State") -> "State":
        """What is known where it is not known from which of the two the script came."""
        if self.dead or other.dead:
            return other if self.dead else self
        both = self.copy()
        both.variables = _agreed(self.variables, other.variables)
        both.exported |= other.exported
        both.opaque |= other.opaque | (self.fixed ^ other.fixed)
        both.fixed &= other.fixed
        both.origins = {**self.origins, **other.origins}
        both.functions = _either(self.functions, other.functions)
        both.aliases = {**self.aliases, **other.aliases}
        both.positional = self.positional if self.positional == other.positional else None
        both.files = {k: v for k, v in self.files.items() if other.files.get(k) == v}
        both.streams = {k: v for k, v in self.streams.items() if other.streams.get(k) is v}
        if self.directory != other.directory:
            both.directory = UNRESOLVED
        both.lost = self.lost or other.lost
        return both

    def same(self, other: "State") -> bool:
        """Whether as much is known in both."""
        return (
            self.variables == other.variables
            and self.functions == other.functions
            and self.positional == other.positional
            and self.files == other.files
            and self.directory == other.directory
            and self.lost == other.lost
        )

    def forget(self) -> None:
        """Nothing is known of any variable any more."""
        self.variables = {}
        self.lost = True

    def assign(self, name: str, value: Variable) -> None:
        if name not in self.fixed:
            self.variables[name] = UNRESOLVED if name in self.opaque else value

    def taken(self, name: str, sources: tuple[Source, ...]) -> None:
        """What a name now stands for was printed by these."""
        if sources:
            self.origins[name] = tuple(dict.fromkeys(sources))
        else:
            self.origins.pop(name, None)

    def write_file(self, path: str, text: str, *, appends: bool) -> None:
        if UNRESOLVED in path:
            self.files.clear()
            return
        path = posixpath.normpath(path)
        before = self.files.get(path, UNRESOLVED) if appends else ""
        both = before + text if before != UNRESOLVED else UNRESOLVED
        self.files[path] = both if len(both) <= MAX_TEXT else UNRESOLVED

    def file(self, path: str) -> str:
        """What can be read there."""
        if path == "/dev/null":
            return ""
        known = UNRESOLVED not in path
        return self.files.get(posixpath.normpath(path), UNRESOLVED) if known else UNRESOLVED


def _agreed(one: dict[str, Variable], other: dict[str, Variable]) -> dict[str, Variable]:
    both: dict[str, Variable] = {}
    for name in one.keys() | other.keys():
        known = name in one and name in other and one[name] == other[name]
        both[name] = one[name] if known else UNRESOLVED
    return both


def _either(one: dict[str, Definition], other: dict[str, Definition]) -> dict[str, Definition]:
    both: dict[str, Definition] = {}
    for name in one.keys() | other.keys():
        found = [table[name] for table in (one, other) if name in table]
        if len(found) == 2 and found[0] == found[1]:  # noqa: PLR2004 - in both
            both[name] = found[0]
        else:
            certain = len(found) == 2 and all(one.certain for one in found)  # noqa: PLR2004 - in both
            both[name] = Definition(_distinct(b for one in found for b in one.bodies), certain)
    return both


def _distinct(bodies: Iterable[Command]) -> tuple[Command, ...]:
    found: list[Command] = []
    for body in bodies:
        if not any(body is other for other in found):
            found.append(body)
    return tuple(found)
