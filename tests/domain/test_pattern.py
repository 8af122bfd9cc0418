"""Patterns end soon, and paths lead to one place at most (about 2 s)."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from vigil.domain.json_path import JsonPath, nodes
from vigil.domain.pattern import MOST_MATCHED, Pattern, matches

PATTERN: TypeAdapter[str] = TypeAdapter(Pattern)
PATH: TypeAdapter[str] = TypeAdapter(JsonPath)
SLOWEST_S = 20.0
"""On a busy machine; on one that is not, a third of a second."""


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "5..",
        r"\d{4}-\d{2}-\d{2}",
        r"v\d+\.\d+\.\d+",
        ".*(timeout|refused).*",
        r"\(+",
        "[(|*]+",
        r"\d++\.\d++\.\d++\.\d++",
        "(abc)+",
        "(?:a|b)?",
        "(a*)?b",
    ],
)
def test_everyday_patterns_are_taken(pattern: str) -> None:
    assert PATTERN.validate_python(pattern) == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "(a+)+",
        "(a|a)*",
        "(a?){50}",
        "((a*))*",
        "(?:a{1,3})+",
        "(a)\\1",
        "(?=a)",
        "(?P<a>b)",
        ".*.*.*.*",
        "a?" * 20,
        "(a|a)" * 20,
        "a" * 201,
        "(?i)x",
        "a{1,9999999999}",
        "(?#" + "x)",
    ],
)
def test_patterns_that_may_never_end_are_not(pattern: str) -> None:
    with pytest.raises(ValidationError):
        PATTERN.validate_python(pattern)


@given(
    st.text(alphabet="ab.*+?|()[]{}\\^$,012:-&~", max_size=25),
    st.text(alphabet="ab", max_size=3),
)
def test_whatever_is_taken_ends_soon(pattern: str, end: str) -> None:
    try:
        PATTERN.validate_python(pattern)
    except ValidationError:
        return
    started = time.monotonic()
    for letter in "ab":
        matches(pattern, (letter * MOST_MATCHED)[: MOST_MATCHED - len(end)] + end)
    assert time.monotonic() - started < SLOWEST_S


def test_a_text_is_matched_whole_and_a_long_one_never() -> None:
    assert matches("ab*", "abb")
    assert not matches("ab*", "abbc")
    assert not matches("a*", "a" * (MOST_MATCHED + 1))


DOCUMENT = {"a": [{"b c": 1}, 2], "": 3, "0": 4, "é": 5, "n": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", (DOCUMENT,)),
        ("$.a[0]['b c']", (1,)),
        ('$["a"][-1]', (2,)),
        ("$['']", (3,)),
        ("$['0']", (4,)),
        ("$.é", (5,)),
        ("$.n", (None,)),
        ("$.n.a", ()),
        ("$[0]", ()),
        ("$.a[2]", ()),
        ("$.a[-3]", ()),
        ("$.a['0']", ()),
    ],
)
def test_a_path_leads_to_one_place_or_none(path: str, found: tuple[object, ...]) -> None:
    assert nodes(DOCUMENT, PATH.validate_python(path)) == found


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "$.",
        "$.*",
        "$..a",
        "$[*]",
        "$[1:2]",
        "$[?@.a]",
        "$[01]",
        "$[-0]",
        "$.a b",
        "$['a]",
        "$.a ",
        " $.a",
        "$.0",
        "$" + ".a" * 200,
        "$[9999999999]",
    ],
)
def test_what_is_no_such_path_is_not_taken(path: str) -> None:
    with pytest.raises(ValidationError):
        PATH.validate_python(path)


def test_the_oracle_of_speed_can_fail() -> None:
    started = time.monotonic()
    re.fullmatch("(a|a)*b", "a" * 18)
    slow = time.monotonic() - started
    started = time.monotonic()
    re.fullmatch("(a|a)*b", "a" * 14)
    assert slow > time.monotonic() - started
