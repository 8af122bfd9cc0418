"""The words that tell what stands beside them, from ``words.toml``."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _all() -> dict[str, dict[str, str]]:
    return tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))


def as_it_is(group: str, which: str) -> str:
    """As it is."""
    return _all()[group][which]


def set_of(group: str, which: str) -> frozenset[str]:
    """Words that are compared as they are."""
    return frozenset(as_it_is(group, which).split())


def one_of(group: str, which: str) -> str:
    """Words as alternatives of a pattern, for Python's matching and for a hint's."""
    return "|".join(as_it_is(group, which).split()).replace("~", " ")
