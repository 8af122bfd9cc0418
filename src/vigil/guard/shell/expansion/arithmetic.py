"""Arithmetic of bash, as far as its numbers are known."""

import re
from collections.abc import Callable

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell.state import Array, State

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d[\w#@]*)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\*\*|<<=|>>=|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^?:,()\[\]])"
    rf"|(?P<unknown>[{UNRESOLVED}\w#@]+))",
    re.ASCII,
)
_MAX_LENGTH = 500
_MAX_DEPTH = 20
_WIDTH = 1 << 64
_MAX_EXPONENT = 64

# Lower binds less; assignments and the conditional are read apart.
_LEVELS = (",", "", "?", "||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %")
_BINDING = {
    sign: level for level, signs in enumerate((*_LEVELS, "**"), 1) for sign in signs.split()
}
_ASSIGNING = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})

Number = int | None


class _Unclear(Exception):
    """Not an expression, or one that is not followed."""


def calculate(text: str, state: State) -> str:
    """The value of an expression; what it assigns is assigned. Unresolved where not known."""
    text = text.strip()
    if text.isdecimal() and text[0] != "0":
        return text
    if not text:
        return "0"
    if len(text) > _MAX_LENGTH:
        state.forget()
        return UNRESOLVED
    try:
        value = _Expression(text, state).value()
    except _Unclear:
        # It may have assigned something, before or behind what is not clear.
        for name in re.findall(r"[A-Za-z_]\w*", text, re.ASCII):
            if name in state.variables:
                state.assign(name, UNRESOLVED)
        return UNRESOLVED
    return UNRESOLVED if value is None else str(value)


class _Expression:
    def __init__(self, text: str, state: State, depth: int = 0) -> None:
        self._state = state
        self._depth = depth
        self._nested = 0
        self._tokens = list(_tokens(text))
        self._at = 0
        self._sure = True

    def value(self) -> Number:
        value = self._binary(0)
        if self._at < len(self._tokens):
            raise _Unclear
        return value

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, sign: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign):
            self._at += 1
            return True
        return False

    def _binary(self, least: int) -> Number:
        self._nested += 1
        if self._nested > _MAX_DEPTH:
            raise _Unclear
        left = self._unary()
        while True:
            sign = self._peek()
            if sign == "?" and least <= 3:  # noqa: PLR2004 - it binds less than anything but assignments
                left = self._conditional(left)
                continue
            binding = _BINDING.get(sign, -1)
            if binding < max(least, 1):
                break
            self._at += 1
            before = self._sure
            self._sure &= sign not in {"&&", "||"}
            right = self._binary(binding if sign == "**" else binding + 1)
            self._sure = before
            left = _applied(sign, left, right)
        self._nested -= 1
        return left

    def _conditional(self, condition: Number) -> Number:
        self._at += 1
        before, self._sure = self._sure, False
        one = self._binary(2)
        if not self._take(":"):
            raise _Unclear
        other = self._binary(3)
        self._sure = before
        return None if condition is None else one if condition else other

    def _unary(self) -> Number:
        for sign, change in _UNARY.items():
            if self._take(sign):
                value = self._binary(_BINDING["**"] + 1)
                return None if value is None else change(value)
        for sign, by in (("++", 1), ("--", -1)):
            if self._take(sign):
                return self._assigned(self._name(), "+=", by)
        return self._primary()

    def _name(self) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != "name":
            raise _Unclear
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _primary(self) -> Number:
        if self._take("("):
            value = self._binary(0)
            if not self._take(")"):
                raise _Unclear
            return value
        if self._at >= len(self._tokens):
            raise _Unclear
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return _number(text)
        if kind == "unknown":
            return None
        if kind != "name" or self._peek() == "[":
            raise _Unclear
        return self._variable(text)

    def _variable(self, name: str) -> Number:
        sign = self._peek()
        if sign in _ASSIGNING:
            self._at += 1
            return self._assigned(name, sign, self._binary(2))
        value = self._looked_up(name)
        for step, by in (("++", 1), ("--", -1)):
            if self._take(step):
                self._assigned(name, "+=", by)
        return value

    def _looked_up(self, name: str) -> Number:
        value = self._state.variables.get(name, UNRESOLVED)
        if isinstance(value, Array):
            value = value.items.get("0", "")
        if value is None or not value.strip():
            return 0
        if UNRESOLVED in value or self._depth > 3:  # noqa: PLR2004 - names that lead to names
            return None
        return _Expression(value, self._state, self._depth + 1).value()

    def _assigned(self, name: str, sign: str, value: Number) -> Number:
        if sign != "=":
            value = _applied(sign[:-1], self._looked_up(name), value)
        known = value is not None and self._sure
        self._state.assign(name, str(value) if known else UNRESOLVED)
        return value


_UNARY: dict[str, Callable[[int], int]] = {
    "+": lambda value: value,
    "-": lambda value: _wrapped(-value),
    "!": lambda value: int(not value),
    "~": lambda value: ~value,
}
_BINARY: dict[str, Callable[[int, int], int]] = {
    ",": lambda _, b: b,
    "||": lambda a, b: int(bool(a or b)),
    "&&": lambda a, b: int(bool(a and b)),
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise _Unclear
        found.append((token.lastgroup, token.group(token.lastgroup)))
        at = token.end()
    return found


def _number(text: str) -> int:
    base, sharp, digits = text.partition("#")
    try:
        if sharp:
            return _wrapped(int(digits, int(base))) if int(base) <= 36 else _refuse()  # noqa: PLR2004 - beyond, letters differ by case
        if text[0] == "0" and text.isdecimal():
            return _wrapped(int(text, 8))
        return _wrapped(int(text, 16) if text[:2] in {"0x", "0X"} else int(text))
    except ValueError:
        return _refuse()


def _refuse() -> int:
    raise _Unclear


def _applied(sign: str, left: Number, right: Number) -> Number:
    if left is None or right is None:
        return None
    if sign in {"/", "%"}:
        if right == 0:
            return None
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if sign == "/" else left - quotient * right
    if sign == "**":
        return _wrapped(left**right) if 0 <= right <= _MAX_EXPONENT else None
    return _wrapped(_BINARY[sign](left, right))


def _wrapped(value: int) -> int:
    """As a machine's number of 64 bits."""
    value %= _WIDTH
    return value - _WIDTH if value >= _WIDTH // 2 else value
