"""What a model is told is redacted text of others, or words of the prompt's files (below 1 s)."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from vigil.domain.outbound import Outbound
from vigil.integrations.reasoner.model import Piece, Reply, Said

ROOM = Path(__file__).parents[2] / "src/vigil/integrations/reasoner"
OURS = {"words", "system"}
"""The functions that read the prompt's files."""


def strangers(module: ast.Module) -> Iterator[int]:
    """Lines in which a conversation is given words that are not of the prompt's files."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        given = [each.value for each in node.keywords if each.arg in {"words", "system"}]
        if node.func.id == "Conversation":
            given += node.args[:1]
        if node.func.id == "Said":
            given += node.args[2:]
        yield from (each.lineno for each in given if not _of_a_file(each))


def _of_a_file(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in OURS
        and all(isinstance(each, ast.Constant) for each in value.args)
    )


def test_our_own_words_are_those_of_the_prompts_files() -> None:
    found = {path.name: [*strangers(ast.parse(path.read_text()))] for path in ROOM.glob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert "words(" in (ROOM / "loop.py").read_text()


@pytest.mark.parametrize(
    "code",
    [
        "Said(words=alert.title)",
        "Said((), (), 'do it')",
        "replace(said, words=f'{title}')",
        "Conversation(title, TOOLS, {})",
        "Conversation(system=words(name), tools=(), answer={})",
    ],
)
def test_the_rule_sees_anybody_elses(code: str) -> None:
    assert [*strangers(ast.parse(code))] == [1]


def test_everything_else_is_text_that_may_leave() -> None:
    """The fields of a message in which text of others can be."""
    assert get_type_hints(Piece)["text"] is Outbound
    assert get_type_hints(Reply)["piece"] is Piece
    assert set(get_type_hints(Said)) == {"replies", "pieces", "words"}
