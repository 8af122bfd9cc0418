"""The names that are known: of eighty languages, and how surnames end in some.

A word of the lists is no name by itself when it is more often something else: a month, a place, a
tool.
"""

import unicodedata
from functools import cache
from importlib.resources import files

from vigil.integrations.redaction.finding.lexicon import set_of

_LISTS = files(__package__) / "names"
_SHORT = 2
_FEWEST_ENDED = 6
_UNENDED = set_of("people", "unended")

ENDINGS = tuple(sorted(set_of("people", "endings")))
NOBODY = set_of("people", "nobody")


def folded(name: str) -> str:
    """In small letters, without marks."""
    if name.isascii():
        return name.lower()
    apart = unicodedata.normalize("NFD", name)
    bare = "".join(one for one in apart if not unicodedata.combining(one))
    return unicodedata.normalize("NFC", bare).lower()


def plain(word: str) -> str:
    """As the lists have it: without the s of whose it is, and the first of a double name."""
    return folded(word.removesuffix("'s").removesuffix("\u2019s")).partition("-")[0]


@cache
def names(which: str) -> frozenset[str]:
    """``first``, ``last``, and ``words``: those of them that are more often something else."""
    return frozenset((_LISTS / f"{which}.txt").read_text(encoding="utf-8").splitlines())


@cache
def known() -> frozenset[str]:
    """First and last ones."""
    return names("first") | names("last")


@cache
def written() -> frozenset[bytes]:
    """Those of three letters and more that are in ASCII, as they are written; one set for both
    ways, since to look words up costs more than anything else that is done with most of them.
    """
    capital = {name.capitalize() for name in known() if len(name) > _SHORT}
    return frozenset(name.encode() for name in capital | sure() if name.isascii())


@cache
def sure() -> frozenset[str]:
    """First names that are nothing else, so that a text without capitals has them too."""
    found = names("first") - names("words") - NOBODY
    return frozenset(name for name in found if len(name) > _SHORT)


def is_last(word: str) -> bool:
    """A surname, by the list or by its end."""
    return word in names("last") or ends_as_one(word)


def ends_as_one(word: str) -> bool:
    """Whether it ends as surnames do."""
    return len(word) >= _FEWEST_ENDED and word.endswith(ENDINGS) and word not in _UNENDED
