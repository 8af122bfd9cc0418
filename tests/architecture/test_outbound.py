"""Only redaction makes text that may leave (below 1 s)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "vigil"
MAKER = Path("integrations/redaction/replacing.py")
HOME = Path("domain/outbound.py")


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


def test_only_redaction_makes_text_that_may_leave() -> None:
    made = {
        path.relative_to(SOURCE): [*makes(ast.parse(path.read_text()))]
        for path in SOURCE.rglob("*.py")
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
