"""The catalogue of verbs: what the broker can do, one file for each kind of target.

Each file holds what an owner may grant and what the guard has to know; how it is done is in
``runner/verbs/``, one file a verb, found by its name. Nothing lists them: a file that is put here
and has ``VERBS`` is read. ``tests/contracts/test_verbs.py`` runs over all of them.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules

from vigil.domain.verbs.base import Verb


def _declared() -> Iterator[Verb]:
    """By the names of their files, so that the order is the same everywhere."""
    for found in sorted(iter_modules(__path__), key=lambda found: found.name):
        yield from getattr(import_module(f"{__name__}.{found.name}"), "VERBS", ())


def by_name(verbs: Iterable[Verb]) -> dict[str, Verb]:
    """Each verb under its name.

    :raises ValueError: two have one name, and nobody could say which one is meant.
    """
    named: dict[str, Verb] = {}
    for verb in verbs:
        if verb.name in named:
            raise ValueError(f"two verbs are called {verb.name}; give one another name")
        named[verb.name] = verb
    return named


VERBS = by_name(_declared())
