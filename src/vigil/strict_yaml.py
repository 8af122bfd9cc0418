"""YAML files of a user: read strictly, and every mistake reported at once with file and line."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.constructor import SafeConstructor

from vigil.domain.errors import SettingsError

BYTES = 1_000_000
"""A longer file is not a configuration somebody wrote."""
NODES = 50_000
DEPTH = 50
"""Values of a file and how deep they are nested, those counted again that are only referred to."""

T = TypeVar("T", bound=BaseModel)
Place = tuple[str | int, ...]
Mistake = tuple[Place, str]
CrossCheck = Callable[[Any], Iterable[Mistake]]


def load(
    path: Path,
    kind: type[T],
    cross_check: CrossCheck = lambda _: (),
    *,
    absent: str = "give the path of a file",
) -> T:
    """A file as a value, or ``SettingsError`` with every mistake.

    ``cross_check`` looks at the raw document, so that a reference to nowhere is reported even when
    something else is wrong as well; it has to bear any shape. ``absent`` says what to do when the
    file cannot be opened.
    """
    # Read once: lines and values have to be of the same file, even when it is being saved.
    text = _text(path, absent)
    root = _compose(path, text)
    mistakes = _bad_keys(path, root)
    document = _construct(path, text)
    crossed = list(cross_check(document))
    mistakes += crossed
    try:
        value = kind.model_validate(document)
    except ValidationError as error:
        details = _without_echoes(error.errors(include_url=False, include_input=False))
        # What is said of the file as a whole, the cross-check has said with its places already.
        mistakes += [_mistake(d) for d in details if d["loc"] or not crossed]
    else:
        if not mistakes:
            return value
    numbered = sorted((_line(root, place), text) for place, text in mistakes)
    raise SettingsError([f"{path}:{line}: {text}" for line, text in numbered])


def load_own(text: str, kind: type[T]) -> T:
    """A file that came with Vigil, read fast: the tests read each one with ``load``."""
    return kind.model_validate(yaml.load(text, Loader=_OwnNames))  # noqa: S506 - a safe loader


class _WordKeys(SafeConstructor):
    """Plain YAML, but a key is a word: YAML 1.1 would read the key `on` as true."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - the base class's
    ) -> dict[Hashable, Any]:
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:bool":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


class _Names(_WordKeys, yaml.SafeLoader):
    """For what somebody wrote by hand: its errors say the most."""


class _OwnNames(_WordKeys, yaml.CSafeLoader):
    """For what came with Vigil: ten times as fast."""


def _text(path: Path, absent: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES + 1)
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror}; {absent}"]) from error
    if len(raw) > BYTES:
        raise SettingsError([f"{path}: longer than {BYTES} bytes; split it"])
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise SettingsError(
            [f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8"]
        ) from error


def _compose(path: Path, text: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _not_yaml(path, error, "correct the indentation or quoting") from error
    except RecursionError as error:
        raise _too_much(path) from error
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError(
            [f"{path}:1: has to map names to values; write it as in docs/reference"]
        )
    return root


def _construct(path: Path, text: str) -> Any:  # noqa: ANN401 - a raw document of any shape
    try:
        return yaml.load(text, Loader=_Names)  # noqa: S506 - a SafeLoader, below
    except yaml.YAMLError as error:
        raise _not_yaml(path, error, "write plain values") from error
    except ValueError as error:
        # What looks like a date or a number and is none.
        raise SettingsError([f"{path}:1: {error}; put such values into quotes"]) from error


def _not_yaml(path: Path, error: yaml.YAMLError, remedy: str) -> SettingsError:
    if not isinstance(error, yaml.MarkedYAMLError):
        return SettingsError([f"{path}:1: not YAML: {error}; {remedy}"])
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return SettingsError([f"{path}:{line}: not YAML: {error.problem}; {remedy}"])


def _too_much(path: Path) -> SettingsError:
    text = f"{path}:1: more than {NODES} values, or nested more than {DEPTH} deep"
    return SettingsError([f"{text}; make it simpler (an alias counts as what it stands for)"])


def _bad_keys(path: Path, root: yaml.Node) -> list[Mistake]:
    """YAML silently keeps the last of two equal keys; a user would look at the first."""
    found: list[Mistake] = []
    waiting: list[tuple[Place, yaml.Node]] = [((), root)]
    for _ in range(NODES):
        if not waiting:
            return found
        place, node = waiting.pop()
        if len(place) > DEPTH:
            break
        if isinstance(node, yaml.SequenceNode):
            waiting += [((*place, number), value) for number, value in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(names) < len(node.value):
                found.append((place, "a key has to be a plain word; correct it"))
            twice = [name for name, times in Counter(names).items() if times > 1]
            found += [
                ((*place, name), f"'{name}' is given twice, the last was looked at; keep one")
                for name in twice
            ]
            waiting += [((*place, str(key.value)), value) for key, value in node.value]
    raise _too_much(path)


def _without_echoes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """A list whose items are wrong is called too short as well, because they were left out."""
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(
            other is not detail and other["loc"][: len(detail["loc"])] == detail["loc"]
            for other in details
        )
    ]


def _mistake(detail: ErrorDetails) -> Mistake:
    place = detail["loc"]
    if detail["type"] == "union_tag_invalid":
        # The place is the whole mapping; what is wrong is one word of it.
        place = (*place, detail["ctx"]["discriminator"].strip("'"))
    name = ".".join(str(part) for part in place) or "the file"
    remedies = {
        "missing": f"'{name}' is missing; add it",
        "extra_forbidden": f"'{name}' is not known here; remove it or correct its spelling",
    }
    return place, remedies.get(detail["type"], f"'{name}': {said(detail)}; correct it")


def said(detail: ErrorDetails) -> str:
    """What is wrong with one value, without the library's word for who says so."""
    return detail["msg"].removeprefix("Value error, ")


def _line(root: yaml.Node, place: Sequence[str | int]) -> int:
    """The line of the deepest part of a place that is in the file.

    Parts that are not (the tag of a union, a missing key) are stepped over.
    """
    node, line = root, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    node, line = value, key.start_mark.line + 1
                    break
        elif _has(node, part):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
    return line


def _has(node: yaml.Node, part: str | int) -> bool:
    is_list = isinstance(node, yaml.SequenceNode) and isinstance(part, int)
    return is_list and int(part) < len(node.value)
