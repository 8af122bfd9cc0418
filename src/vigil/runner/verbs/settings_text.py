"""One setting in a text of JSON, YAML or ``NAME=value`` lines: found, and replaced where it stands.

Only its own characters change, so comments, order and layout stay. That it came out right is not
believed but read again: the new text has to mean what the old one meant, but for this value.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import yaml

from vigil.domain.verbs.config import ConfigKey
from vigil.runner.verbs.base import Refusal

_ENV = re.compile(r"^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=([^\r\n]*)$", re.MULTILINE)
_VALUE = r"""(?:[^'"\\\r\n]|\\[^\r\n]|'[^'\r\n]*'|"(?:[^"\\\r\n]|\\[^\r\n])*")*"""
"""All of it on this line: no quote is open at its end, and no backslash calls for more."""
_ENV_LINE = re.compile(rf"(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*={_VALUE}|[ \t]*(?:#[^\r]*)?")
_QUOTED = re.compile(r"(?P<quote>[\"']?)(?P<word>[^\"'#\s]*)(?P=quote)")


class Place(NamedTuple):
    """Where a value stands in a text."""

    start: int
    end: int
    word: str
    """The value without quotes."""


def word_at(text: str, form: str, key: str) -> str:
    """The value of a setting.

    :raises Refusal: the text cannot be read, or has no such setting, or not as one word.
    """
    return _read(text, form, key)[0].word


def with_word(text: str, form: str, key: str, word: str, kind: ConfigKey) -> str:
    """The text with another value.

    :raises Refusal: it cannot be written so that nothing else changes.
    """
    place, wanted = _read(text, form, key)
    written = _written(text[place.start : place.end], form, word, kind)
    changed = f"{text[: place.start]}{written}{text[place.end :]}"
    _put(wanted, key.split(".") if form != "env" else [key], _value(form, word, kind))
    # By what they look like, as 1 and True are equal.
    if repr(_meaning(changed, form)) != repr(wanted):
        raise Refusal(f"'{key}' cannot be given the value '{word}' without a change elsewhere")
    return changed


def _written(former: str, form: str, word: str, kind: ConfigKey) -> str:
    if form == "env":
        quote = former[:1] if former[:1] in ("'", '"') else ""
        return f"{quote}{word}{quote}"
    # In quotes, as YAML would take some words for numbers or booleans.
    return json.dumps(word) if kind.type == "choice" else word


def _value(form: str, word: str, kind: ConfigKey) -> object:
    if form == "env" or kind.type == "choice":
        return word
    return int(word) if kind.type == "integer" else word == "true"


def _put(meaning: Any, path: list[str], value: object) -> None:  # noqa: ANN401 - as it was read
    *above, last = path
    try:
        for name in above:
            meaning = meaning[name]
        is_now, wanted = type(meaning[last]).__name__, type(value).__name__
    except KeyError as other:
        # YAML reads some words as numbers or booleans, as names too.
        raise Refusal(f"{other} is no text in this file, so no setting has that name") from None
    if is_now != wanted:
        raise Refusal(f"'{last}' is a {is_now} in the file, and the grant's type makes it {wanted}")
    meaning[last] = value


def _read(text: str, form: str, key: str) -> tuple[Place, Any]:
    """Where the value of a setting stands, and what the whole text says; YAML is read once."""
    with _readable(form):
        if form == "env":
            found, meaning = _env_place(text, key), _env(text)
        elif form == "json":
            meaning = json.loads(text, object_pairs_hook=_once)
            # Tabs of JSON stand between its parts only; YAML knows none there.
            found = _node_place(_yaml(text.replace("\t", " "))[0], key)
        else:
            node, meaning = _yaml(text)
            found = _node_place(node, key)
    if found is None:
        raise Refusal(f"the file has no setting '{key}' with one word for a value")
    return found, meaning


def _env_place(text: str, key: str) -> Place | None:
    for line in _ENV.finditer(text):
        value = _QUOTED.fullmatch(line[2].rstrip())
        if line[1] == key and value is not None:
            return Place(line.start(2), line.start(2) + value.end(), value["word"])
    return None


def _node_place(node: yaml.Node | None, key: str) -> Place | None:
    for name in key.split("."):
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for at, value in node.value if at.value == name), None)
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        return None
    return Place(node.start_mark.index, node.end_mark.index, str(node.value))


def _meaning(text: str, form: str) -> Any:  # noqa: ANN401 - whatever a file holds
    """What the text says, read as strictly as it can be.

    :raises Refusal: it is not in this format, or says something twice.
    """
    with _readable(form):
        match form:
            case "env":
                return _env(text)
            case "json":
                return json.loads(text, object_pairs_hook=_once)
            case _:
                return _yaml(text)[1]


@contextmanager
def _readable(form: str) -> Iterator[None]:
    """Translate what readers say; JSON is read by YAML's too, which knows fewer characters."""
    try:
        yield
    except (ValueError, yaml.YAMLError, RecursionError) as unreadable:
        raise Refusal(f"the file cannot be read as {form}: {_reason(unreadable)}") from None


def _reason(error: Exception) -> str:
    """Why, and where: YAML's own words quote the line, which may hold a password."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem}, line {error.problem_mark.line + 1}"[:200]
    return " ".join(str(error).split())[:200]


def _env(text: str) -> dict[str, Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        # What stands within a value of several lines looks like settings and is none.
        if _ENV_LINE.fullmatch(line) is None:
            raise ValueError(
                f"line {number} is not NAME=value on one line, nor a comment; values over several "
                "lines are not supported"
            )
    return _once([(name, _unquoted(value)) for name, value in _ENV.findall(text)])


def _unquoted(value: str) -> str:
    known = _QUOTED.fullmatch(value.rstrip())
    return value if known is None else known["word"]


def _yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """How the text is built and what it says, from one reading: a large one takes seconds."""
    loader = yaml.SafeLoader(text)
    node: yaml.Node | None = loader.get_single_node()
    for mapping in _mappings(node, set()):
        _once([(str(key.value), None) for key, _ in mapping.value])
    return node, None if node is None else loader.construct_document(node)


def _mappings(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """:raises ValueError: a node is there twice, by an alias."""
    if id(node) in seen:
        raise ValueError("it has an alias, which makes one value stand in several places")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield node
        for pair in node.value:
            for each in pair:
                yield from _mappings(each, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value, seen)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"'{name}' is there twice")
        found[name] = value
    return found
