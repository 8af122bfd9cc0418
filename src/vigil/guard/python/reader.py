"""A Python script as what its calls do and what else they run."""

import ast
import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding
from vigil.guard.program import Command, Nested, Span
from vigil.guard.python import calling, expressions, members, statements
from vigil.guard.python.functions import follow_the_rest
from vigil.guard.python.library import Library
from vigil.guard.python.machine import Arguments, Machine, TooMuch
from vigil.guard.python.values import ANYTHING, Values, constant

MAX_CHARS = 100_000
"""A longer script is refused: parsing it alone takes too long."""

_DECLARED = re.compile(r"(?:[ \t\f]*(?:#.*)?\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PLAIN = frozenset({"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"})

NOTHING_KNOWN = Library()
"""With it every call is unknown."""


class PythonReading(NamedTuple):
    """What a script does by itself, and the commands and code that it runs."""

    findings: tuple[Finding, ...] = ()
    nested: tuple[Command | Nested, ...] = ()


def read_python(code: str, library: Library = NOTHING_KNOWN) -> PythonReading:
    """Everything that a script can reach. Never raises, never runs anything."""
    if len(code) > MAX_CHARS:
        reason = f"Python longer than {MAX_CHARS} characters; split the script"
        return PythonReading(findings=(_refused(code, 1, reason),))
    try:
        tree = _parsed(code)
    except SyntaxError as error:
        reason = f"not well-formed Python: {error.msg}; correct it"
        return PythonReading(findings=(_refused(code, error.lineno or 1, reason),))
    except (ValueError, RecursionError, MemoryError):
        reason = "Python that is nested too deeply, in an encoding of its own, or with a null byte"
        return PythonReading(findings=(_refused(code, 1, reason),))
    reader = _Reader(code, library)
    findings = reader.follow(tree)
    return PythonReading(findings=findings, nested=tuple(reader.nested))


def _parsed(code: str) -> ast.Module:
    declared = _DECLARED.match(code)
    if declared is not None and declared[1].lower().replace("_", "-") not in _PLAIN:
        raise ValueError("in an encoding of its own")
    with warnings.catch_warnings():
        # A doubtful escape in a text is the script's business.
        warnings.simplefilter("ignore")
        return ast.parse(code)


def _refused(code: str, line: int, reason: str) -> Finding:
    return Finding(
        kind=EffectKind.UNKNOWN,
        resource="?",
        rule="guard.unreadable",
        reason=reason,
        span=Span(line=max(line, 1), start=0, end=len(code)),
    )


class _Reader(Machine):
    """Ties the parts together."""

    def follow(self, tree: ast.Module) -> tuple[Finding, ...]:
        """Follow a whole script, and say so where its end was not reached."""
        self.trees.append(tree)
        try:
            self.execute(tree.body)
            follow_the_rest(self)
        except (TooMuch, RecursionError):
            reason = "too long, or nested too deeply, to be followed to its end; split the script"
            whole = Span(line=1, start=0, end=0)
            too_much = Finding(
                kind=EffectKind.UNKNOWN,
                resource="?",
                rule="guard.too-much",
                reason=reason,
                span=whole,
            )
            return (*self.findings, too_much)
        return tuple(self.findings)

    def evaluate(self, node: ast.expr) -> Values:
        return expressions.evaluate(self, node)

    def execute(self, statements_: Sequence[ast.stmt]) -> None:
        statements.execute(self, statements_)

    def call(self, callee: Values, arguments: Arguments, node: ast.AST) -> Values:
        return calling.call(self, callee, arguments, node)

    def attribute(self, values: Values, name: str, node: ast.AST) -> Values:
        return members.attribute(self, values, name, node)

    def run_code(self, code: str, node: ast.AST) -> Values:
        """In the scope at hand, as ``exec`` and ``eval`` do."""
        self.spend(len(code) // 10)
        try:
            tree = _parsed(code.strip())
        except SyntaxError:
            # A run would end here with an error.
            return constant(None)
        except (ValueError, RecursionError, MemoryError):
            self.unknown(node, "runs Python that cannot be read")
            return ANYTHING
        self.trees.append(tree)
        before, self.place = self.place, self.span(node)
        self.enter()
        try:
            return self._run(tree.body)
        finally:
            self.leave()
            self.place = before

    def _run(self, body: list[ast.stmt]) -> Values:
        if len(body) == 1 and isinstance(body[0], ast.Expr):
            return self.evaluate(body[0].value)
        self.execute(body)
        return constant(None)
