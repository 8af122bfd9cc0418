"""`vigil runbooks lint DIR` and `vigil ingest runbooks DIR`: the knowledge base as files."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from vigil.cli.words import GOOD, NO, Json, print_json, told
from vigil.domain.errors import SettingsError
from vigil.domain.runbook import Runbook
from vigil.domain.runbook_file import MAX_BYTES, FrontMatter, Mistake, Parsed, parse, twice_used
from vigil.domain.runbook_markdown import Source, split
from vigil.domain.runbook_record import LabRecords, read_records, stale, unknown_in, with_record
from vigil.guard.runbooks import lint_scripts
from vigil.ports.memory import Ingested, Memory

RECORDS = "records.json"
MAX_FILES = 1000
"""Runbooks of one directory; more than this is not a directory of runbooks."""
MAX_BRACKETS = 300
"""In a front matter; the YAML library needs quadratic time for nested ones."""
MAX_RECORDS_BYTES = 1_048_576

runbooks_app = typer.Typer(
    name="runbooks", help="The knowledge base as files.", no_args_is_help=True
)


ingest_app = typer.Typer(name="ingest", help="Put knowledge into memory.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The directory that holds runbooks.")]


@runbooks_app.callback()
def _runbooks() -> None:
    """Keep `lint` a command of its own while it is the only one."""


@ingest_app.callback()
def _ingest() -> None:
    """Keep `runbooks` a command of its own while it is the only one."""


@dataclass(frozen=True)
class Library:
    """What a directory holds: runbooks with the records that count, and every mistake."""

    origin: str
    """The directory, in full: memory keeps the runbooks of each apart."""
    runbooks: tuple[Runbook, ...]
    mistakes: tuple[Mistake, ...]
    stale: tuple[str, ...]
    """Runbooks that were changed since they were measured."""


def read_library(directory: Path) -> Library:
    """Every ``*.md`` below a directory but README files, and ``records.json``.

    Raises ``SettingsError`` when there is no such directory, never for what is in it.
    """
    if not directory.is_dir():
        raise SettingsError([f"{directory} is not a directory; give the one that holds runbooks"])
    files = sorted(p for p in directory.rglob("*.md") if p.stem.lower() != "readme")
    if not files or len(files) > MAX_FILES:
        raise SettingsError(
            [f"{directory} holds {len(files)} runbooks (*.md); between 1 and {MAX_FILES} are read"]
        )
    parsed = [_read_file(path) for path in files]
    found = [
        each.runbook.model_copy(update={"path": path.relative_to(directory).as_posix()})
        for path, each in zip(files, parsed, strict=True)
        if each.runbook is not None
    ]
    origin = str(directory.resolve())
    records = _read_records(directory / RECORDS)
    mistakes = [
        *(mistake for each in parsed for mistake in (*each.mistakes, *lint_scripts(each))),
        *twice_used(each.runbook for each in parsed if each.runbook is not None),
    ]
    if not isinstance(records, LabRecords):
        return Library(origin, tuple(found), (*mistakes, *records), ())
    if all(each.runbook is not None for each in parsed):
        mistakes += unknown_in(str(directory / RECORDS), records, found)
    return Library(
        origin,
        tuple(with_record(runbook, records) for runbook in found),
        tuple(mistakes),
        stale(found, records),
    )


async def ingest(directory: Path, memory: Memory) -> Ingested:
    """Make memory hold exactly the runbooks of this directory, or none of its changes.

    Raises ``SettingsError`` with every mistake when there is one.
    """
    library = await asyncio.to_thread(read_library, directory)
    if library.mistakes:
        raise SettingsError([str(mistake) for mistake in library.mistakes])
    return await memory.ingest(library.origin, library.runbooks)


@ingest_app.command("runbooks")
def ingest_command(directory: Folder, *, as_json: Json = False) -> None:
    """Make memory hold exactly the runbooks of a directory; again with the same changes nothing."""
    from vigil.bootstrap import open_memory
    from vigil.settings import load_settings

    with told():
        counts = asyncio.run(ingest(directory, open_memory(load_settings())))
    if as_json:
        print_json(counts.model_dump())
    else:
        typer.echo(", ".join(f"{number} {word}" for word, number in counts.model_dump().items()))


@runbooks_app.command("lint")
def lint_command(directory: Folder, *, as_json: Json = False) -> None:
    """Find every mistake in the runbooks of a directory; exit 1 when there is one."""
    with told():
        library = read_library(directory)
    if as_json:
        print_json(_as_json(library))
    else:
        _say(library)
    raise typer.Exit(NO if library.mistakes else GOOD)


def _say(library: Library) -> None:
    for mistake in library.mistakes:
        typer.echo(str(mistake))
    for name in library.stale:
        typer.echo(f"note: {name} was changed since it was measured; its record does not count")
    typer.echo(f"{len(library.runbooks)} runbooks, {len(library.mistakes)} mistakes")


def _as_json(library: Library) -> dict[str, Any]:
    return {
        "ok": not library.mistakes,
        "runbooks": [
            {
                "id": runbook.id,
                "path": runbook.path,
                "digest": runbook.digest,
                "lab_record": runbook.lab_record and runbook.lab_record.model_dump(),
            }
            for runbook in library.runbooks
        ],
        "mistakes": [mistake.model_dump() for mistake in library.mistakes],
        "stale_records": list(library.stale),
    }


def _read_file(path: Path) -> Parsed:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        return _refused(path, f"it cannot be read: {error}", "write it as plain UTF-8 text")
    if len(content) > MAX_BYTES:
        return _refused(path, f"it is longer than {MAX_BYTES} bytes", "split it")
    source = split(text.replace("\r\n", "\n"))
    if source is None:
        return _refused(path, "it has no front matter", "begin it with `---`, YAML, `---`")
    front = _read_yaml(path, source)
    if isinstance(front, Mistake):
        return Parsed(runbook=None, mistakes=(front,))
    return parse(str(path), path.stem, source, front)


def _refused(path: Path, text: str, remedy: str, line: int = 1) -> Parsed:
    mistake = Mistake(path=str(path), line=line, text=text, remedy=remedy)
    return Parsed(runbook=None, mistakes=(mistake,))


class _NotPlain(Exception):
    """YAML that says more than a front matter needs."""

    def __init__(self, text: str, at: yaml.Node | yaml.Event) -> None:
        super().__init__(text)
        self.line = _line_of(at)


def _line_of(at: yaml.Node | yaml.Event) -> int:
    """The line in the file, whose front matter begins on the second one."""
    return at.start_mark.line + 2 if at.start_mark else 2


def _read_yaml(path: Path, source: Source) -> FrontMatter | Mistake:
    try:
        return _front_matter(source.front)
    except _NotPlain as error:
        line, text = error.line, f"the front matter is not plain YAML: {error}"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = (mark.line if mark else 0) + 2
        text = f"the front matter is not plain YAML: {error.problem or error.context}"
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        line, text = 1, f"the front matter is not plain YAML: {error}"
    return Mistake(path=str(path), line=line, text=text, remedy="correct it")


def _front_matter(text: str) -> FrontMatter:
    if text.count("[") + text.count("{") > MAX_BRACKETS:
        raise ValueError(f"more than {MAX_BRACKETS} brackets")
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _NotPlain("an alias", event)
    root = yaml.compose(text, yaml.SafeLoader)
    lines = dict(_places(root, ())) if root is not None else {}
    return FrontMatter(data=yaml.safe_load(text), lines=lines)


def _places(
    node: yaml.Node, place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Each place with its line."""
    yield place, _line_of(node)
    if isinstance(node, yaml.SequenceNode):
        for number, each in enumerate(node.value):
            yield from _places(each, (*place, number))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise _NotPlain(f"the key {name!r} is given twice", key)
            seen.add(name)
            yield from _places(value, (*place, name))
            yield (*place, name), _line_of(key)


def _read_records(path: Path) -> LabRecords | tuple[Mistake, ...]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RECORDS_BYTES + 1)
    except FileNotFoundError:
        return LabRecords(schema="vigil.runbook-records/1", records={})
    except OSError as error:
        return _refused(path, f"it cannot be read: {error}", "correct it").mistakes
    if len(content) > MAX_RECORDS_BYTES:
        return _refused(path, "it is too long", "keep the newest record of each").mistakes
    return read_records(str(path), content)
