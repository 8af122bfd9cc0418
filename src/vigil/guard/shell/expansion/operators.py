"""What ``${name OPERATOR argument}`` makes of a value, and the patterns that it uses."""

import re
from functools import lru_cache

from vigil.guard.program import UNRESOLVED

_CLASSES = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "A-Za-z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t\n\r\f\v",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": "A-Za-z0-9_",
}
_MAX_PATTERN = 200
"""Characters of a pattern; a longer one could take very long."""
_MAX_STARS = 4


def operated(value: str, operator: str, arguments: tuple[str, ...]) -> str:
    """The value after ``#``, ``%``, ``/``, ``^``, ``,`` and ``@``; unresolved where not known."""
    if UNRESOLVED in value or any(UNRESOLVED in argument for argument in arguments):
        return UNRESOLVED
    if operator == "@":
        return _transformed(value, arguments[0])
    if len(value) > _MAX_VALUE or work(value, operator, arguments) >= _MAX_WORK:
        return UNRESOLVED
    if operator[0] in "^,":
        return _cased(value, operator, arguments[0])
    pattern = arguments[0]
    if operator[0] == "/":
        return _replaced(value, operator, pattern, arguments[1] if arguments[1:] else "")
    return _trimmed(value, operator, pattern)


_MAX_VALUE = 10_000
_MAX_WORK = 1_000_000


def work(value: str, operator: str, arguments: tuple[str, ...]) -> int:
    """How long an operation may take: each star of a pattern may end anywhere."""
    stars = min(sum(argument.count("*") for argument in arguments[:1]), _MAX_STARS)
    from_anywhere = operator[0] in "%/"
    return min(int((len(value) + 1) ** (stars + from_anywhere)), _MAX_WORK)


def expression(pattern: str, *, greedy: bool = True) -> re.Pattern[str] | None:
    """A pattern of the shell as an expression; None where it is one that is not followed."""
    return _compiled(pattern, greedy)


@lru_cache(maxsize=256)
def _compiled(pattern: str, greedy: bool) -> re.Pattern[str] | None:  # noqa: FBT001 - private, and its callers name it
    if (
        len(pattern) > _MAX_PATTERN
        or pattern.count("*") > _MAX_STARS
        or "(" in pattern.replace("\\(", "")
    ):
        return None
    found: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "\\" and at < len(pattern):
            found.append(re.escape(pattern[at]))
            at += 1
        elif character == "*":
            found.append(".*" if greedy else ".*?")
        elif character == "?":
            found.append(".")
        elif character == "[" and (bracket := _bracket(pattern, at)):
            text, at = bracket
            found.append(text)
        else:
            found.append(re.escape(character))
    try:
        return re.compile("".join(found), re.DOTALL)
    except re.error:
        return None


def _bracket(pattern: str, at: int) -> tuple[str, int] | None:
    end = pattern.find("]", at + (2 if pattern[at : at + 1] in {"!", "^"} else 1))
    while (
        end > 0
        and "[:" in pattern[at:end]
        and pattern[at:end].rfind("[:") > pattern[at:end].rfind(":]")
    ):
        end = pattern.find("]", end + 1)
    if end < 0:
        return None
    inside = pattern[at:end]
    negated = inside[:1] in {"!", "^"}
    inside = inside[1:] if negated else inside
    text = re.sub(
        r"\[:(\w+):\]|([\[\]\\^&~|])",
        lambda found: _CLASSES.get(found.group(1), "") if found.group(1) else "\\" + found.group(2),
        inside.replace("\\", ""),
    )
    return f"[{'^' if negated else ''}{text}]", end + 1


def _trimmed(value: str, operator: str, pattern: str) -> str:
    if operator[0] == "#":
        found = expression(pattern, greedy=operator == "##")
        if found is None:
            return UNRESOLVED
        match = found.match(value)
        return value[match.end() :] if match else value
    whole = expression(pattern)
    if whole is None:
        return UNRESOLVED
    # The longest is found from the front, the shortest from the back.
    starts = range(len(value) + 1) if operator == "%%" else range(len(value), -1, -1)
    for start in starts:
        if whole.fullmatch(value, start):
            return value[:start]
    return value


def _replaced(value: str, operator: str, pattern: str, by: str) -> str:
    by = re.sub(r"\\(.)", r"\1", by, flags=re.DOTALL)
    if not pattern:
        return value
    anchor = pattern[0] if operator == "/" and pattern[0] in "#%" else ""
    found = expression(pattern[len(anchor) :])
    if found is None or "&" in by or (not anchor and found.match("")):
        return UNRESOLVED
    if anchor == "#":
        match = found.match(value)
        return by + value[match.end() :] if match else value
    if anchor == "%":
        ends = (start for start in range(len(value) + 1) if found.fullmatch(value, start))
        start = next(ends, None)
        return value if start is None else value[:start] + by
    return found.sub(lambda _: by, value, count=1 if operator == "/" else 0)


def _cased(value: str, operator: str, pattern: str) -> str:
    found = expression(pattern or "?")
    if found is None:
        return UNRESOLVED
    change = str.upper if operator[0] == "^" else str.lower
    if len(operator) == 1:
        first = value[:1]
        return (change(first) if first and found.fullmatch(first) else first) + value[1:]
    return "".join(change(c) if found.fullmatch(c) else c for c in value)


def _transformed(value: str, operator: str) -> str:
    if operator == "U":
        return value.upper()
    if operator == "L":
        return value.lower()
    if operator == "u":
        return value[:1].upper() + value[1:]
    return UNRESOLVED
