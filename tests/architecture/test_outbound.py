"""Only redaction makes text that may leave (below 1 s)."""

import ast
import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from enum import Enum, StrEnum
from inspect import isfunction
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, Protocol, get_args, get_origin, get_type_hints

import pytest
from pydantic import AwareDatetime, BaseModel

from vigil.domain.outbound import Outbound
from vigil.integrations.reasoner.model import Model
from vigil.ports.redaction import Redaction
from vigil.ports.silences import Silences
from vigil.ports.trackers import Trackers

SOURCE = Path(__file__).parents[2] / "src" / "vigil"
MAKER = Path("integrations/redaction/replacing.py")
HOME = Path("domain/outbound.py")
SOURCES = sorted(SOURCE.rglob("*.py"))


def makes(module: ast.Module) -> Iterator[int]:
    """The lines in which something is done with the type but to name it as one.

    To call it, to call what belongs to it (``_make``, ``__new__``), to rename it, to give it to
    ``cast``: whoever does any of it holds the type itself in an expression.
    """
    named = {
        alias.asname or alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.module == "vigil.domain.outbound"
        for alias in node.names
        if alias.name in {"Outbound", "Redacted"}
    }
    types = {id(part) for node in _annotations(module) for part in ast.walk(node)}
    for node in ast.walk(module):
        if not isinstance(node, ast.expr):
            continue
        whole = isinstance(node, ast.Attribute) and node.attr in {"Outbound", "Redacted"}
        if (isinstance(node, ast.Name) and node.id in named) or whole:
            if id(node) not in types:
                yield node.lineno
        elif named and isinstance(node, ast.Attribute) and node.attr in {"_make", "_replace"}:
            yield node.lineno


def _annotations(module: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(module):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield node.returns


def remakes(module: ast.Module) -> Iterator[int]:
    """The lines in which more is done with the type of something than to name it or look it up.

    Who has a text that may leave has its type as well, and would need no import to make another.
    What makes more of its own kind says ``self``.
    """
    above = {id(part): node for node in ast.walk(module) for part in ast.iter_child_nodes(node)}
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
            of = node.args[0] if node.func.id == "type" else None
        else:
            of = (
                node.value if isinstance(node, ast.Attribute) and node.attr == "__class__" else None
            )
        if of is None or (isinstance(of, ast.Name) and of.id == "self"):
            continue
        if not _only_looks(above[id(node)]):
            yield of.lineno


def _only_looks(use: ast.AST) -> bool:
    """Its name, a comparison, or a table by types: who is in one was named where it was made."""
    if isinstance(use, ast.Call):
        return isinstance(use.func, ast.Attribute) and use.func.attr == "get"
    named = isinstance(use, ast.Attribute) and use.attr == "__name__"
    return named or isinstance(use, ast.Compare | ast.Subscript)


def test_nobody_makes_one_of_the_type_of_another() -> None:
    found = {path.relative_to(SOURCE): [*remakes(ast.parse(path.read_text()))] for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "code",
    [
        "type(sending.text)('x')",
        "sending.text.__class__('x')",
        "type(sending.text)._make(['x'])",
        "made = type(sending.text)",
        "cast(type(sending.text), 'x')",
        "sending.text.__class__.__new__(sending.text.__class__, ('x',))",
    ],
)
def test_the_rule_of_types_can_fail(code: str) -> None:
    assert [*remakes(ast.parse(code))]


def test_only_redaction_makes_text_that_may_leave() -> None:
    made = {
        path.relative_to(SOURCE): [*makes(ast.parse(path.read_text()))]
        for path in SOURCES
        if "outbound" in path.read_text()
    }
    makers = {path for path, lines in made.items() if lines}
    assert MAKER in makers, "the rule sees nothing any more"
    assert makers - {HOME} == {MAKER}


@pytest.mark.parametrize(
    "code",
    [
        "Outbound('x')",
        "Outbound._make(['x'])",
        "made._replace(text='x')",
        "cast(Outbound, 'x')",
        "Made = Outbound",
        "outbound.Outbound('x')",
        "Redacted(Outbound('x'), tokens, ())",
        "tuple.__new__(Outbound, ('x',))",
    ],
)
def test_the_rule_can_fail(code: str) -> None:
    imported = "from vigil.domain.outbound import Outbound, Redacted\n"
    assert [*makes(ast.parse(imported + code))]


def test_to_name_the_type_is_no_making() -> None:
    code = (
        "from vigil.domain.outbound import Outbound\n"
        "async def ask(text: Outbound, *more: Outbound) -> tuple[Outbound, ...]: ...\n"
        "known: list[Outbound] = []\n"
    )
    assert not [*makes(ast.parse(code))]


VENDORS: Mapping[str, type] = {
    "reasoner": Model,
    "redaction": Redaction,
    "silences": Silences,
    "trackers": Trackers,
}
"""By the package of integrations: what an adapter of a vendor fulfils."""
OUR_OWN = {
    "_clients": "plumbing that integrations share",
    "inventory": "the service itself",
    "probes": "the service itself, as its owner wrote it down",
    "telemetry": "the service's own metrics",
}
"""Packages that speak HTTP with what belongs to the house."""
OVER_HTTP = frozenset({"anthropic", "httpx2", "openai"})

OURS = "our own word, the same for every incident"
PLACE = "what the tracker itself calls its incident"
HERE = "compared with the answer here; it is not sent"
PLAIN = {
    "Conversation.system": OURS,
    "Conversation.answer": OURS,
    "Tool.name": OURS,
    "Tool.description": OURS,
    "Tool.schema": OURS,
    "Said.words": OURS,
    "Piece.name": "a name of ours for what the vendor is shown",
    "Reply.call": "what the model itself called it",
    "Heard.wire": "what the model itself said",
    "Redaction.redact.text": "this is who makes it fit to leave",
    "Tokens.values": "kept here, so that one value has one token",
    "Silences.over.service": HERE,
    "Silences.over.symptom": HERE,
    "Trackers.place.source": HERE,
    "Trackers.place.fingerprint": "the tracker's own key, out of which its name is read",
    "Trackers.note.place": PLACE,
    "Trackers.resolve.place": PLACE,
    "Trackers.acknowledge.place": PLACE,
    "Sending.link": "an address of Vigil's console",
    "Sending.mark": "a digest",
}
"""Text that an adapter of a vendor takes as it is, and why it may."""
NO_TEXT = (int, float, bool, NoneType, datetime, AwareDatetime)


def plain(protocol: type) -> Iterator[str]:
    """Where text of any kind can be handed in; what nobody knows counts as text."""
    for name, method in vars(protocol).items():
        if isfunction(method) and not name.startswith("_"):
            for parameter, kind in get_type_hints(method).items():
                if parameter != "return":
                    yield from _texts(f"{protocol.__name__}.{name}.{parameter}", kind)


def _texts(place: str, kind: object) -> Iterator[str]:
    if kind is Outbound or kind in NO_TEXT or get_origin(kind) in {Callable, Literal}:
        return
    if parts := [part for part in get_args(kind) if part is not ...]:
        for part in parts:
            yield from _texts(place, part)
    elif isinstance(kind, type) and (fields := _fields(kind)):
        hints = get_type_hints(kind)
        for field in fields:
            yield from _texts(f"{kind.__name__}.{field}", hints[field])
    elif not (isinstance(kind, type) and issubclass(kind, Enum)):
        yield place


def _fields(kind: type) -> tuple[str, ...]:
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    if issubclass(kind, BaseModel):
        return tuple(kind.model_fields)
    return tuple(getattr(kind, "_fields", ()))


def test_what_a_vendor_is_given_is_redacted_or_named_here_with_its_reason() -> None:
    found = {place for protocol in VENDORS.values() for place in plain(protocol)}
    assert found == set(PLAIN)


def test_each_package_that_speaks_http_is_known_for_whom_it_speaks_with() -> None:
    speak = {
        path.relative_to(SOURCE / "integrations").parts[0]
        for path in SOURCES
        if path.is_relative_to(SOURCE / "integrations")
        and OVER_HTTP & {name.partition(".")[0] for name in _imported(path)}
    }
    assert speak == {*VENDORS, *OUR_OWN}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


class _Named(NamedTuple):
    text: Outbound
    more: str


@dataclasses.dataclass
class _Class:
    lines: tuple[str, ...]


class _Model(BaseModel):
    known: dict[str, int] | None


class _Word(StrEnum):
    ONE = "one"


class _Leaking(Protocol):
    def a_text(self, text: str) -> None: ...
    def bytes_of_it(self, body: bytes) -> None: ...
    def anything(self, body: object) -> None: ...
    def wire(self, body: dict[str, Any]) -> None: ...
    def many(self, lines: list[str]) -> None: ...
    def within(self, named: _Named, kept: _Class, model: _Model) -> None: ...


class _Sound(Protocol):
    def tell(self, text: Outbound, *more: Outbound, words: tuple[_Word, ...]) -> str: ...
    def at(self, at: AwareDatetime, number: int | None, one: Literal["a", "b"]) -> None: ...
    def hear(self, aloud: Callable[[str], Awaitable[None]]) -> None: ...


def test_the_rule_of_ports_can_fail() -> None:
    assert [*plain(_Leaking)] == [
        "_Leaking.a_text.text",
        "_Leaking.bytes_of_it.body",
        "_Leaking.anything.body",
        "_Leaking.wire.body",
        "_Leaking.wire.body",
        "_Leaking.many.lines",
        "_Named.more",
        "_Class.lines",
        "_Model.known",
    ]
    assert [*plain(_Sound)] == []
