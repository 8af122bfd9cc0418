"""Names of people: by names of eighty languages, by titles, and by what a field is called.

A word of the lists alone is no name when it is more often something else (a month, a place, a
tool): then a second name has to stand beside it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from vigil.domain.redacted import Found, Kind
from vigil.integrations.redaction.finding.forms import Form, blocks
from vigil.integrations.redaction.finding.lexicon import one_of, set_of

_LISTS = files(__package__) / "names"
_CAPITAL = re.compile(r"[A-Z][a-z]{2,}")
_CAPITAL_OF_ANY = re.compile(r"(?<![^\W\d_])[^\W\d_a-z][^\W\d_A-Z]+")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019-](?=[^\W\d_]))+|[A-Z]\.?(?![\w])")
_HAN = re.compile(r"[\u4e00-\u9fff]{2,5}|[\uac00-\ud7af]{2,4}")
_HAN_APART = re.compile(
    r"([\u4e00-\u9fff\uac00-\ud7af]{1,3})[ \u3000]([\u4e00-\u9fff\uac00-\ud7af]{1,3})"
)
_MOST_WORDS, _LONGEST = 5, 120
_PART = 8192
_SHORT, _PAIR = 2, 2

_NOBODY = set_of("people", "nobody")
_PLACES = set_of("people", "places")
_FIRMS = set_of("people", "firms")
_PARTICLES = set_of("people", "particles")
_TITLE = one_of("people", "titles")
_FIELDS = rf"(?:(?:{one_of('people', 'fields')})[_ -]?name|surname|cardholder)"
_NAME_WORD = r"[^\W\d_a-z][^\W\d_]*(?:['\u2019-][^\W\d_]+)*\.?"
_NAMED = r"(?:(?i:\bmy name is|\bi am called|\bmy name's)|\bName:)"

FORMS = (
    # Dr. Anna van Meier
    Form(
        Kind.NAME,
        rf"\b(?:{_TITLE})\.? ",
        re.compile(
            rf"\b(?:{_TITLE})\.? "
            rf"(?P<value>{_NAME_WORD}"
            rf"(?: (?:(?:de|van|von|der|da|di|bin|al|el) )?{_NAME_WORD}){{0,3}})"
        ),
    ),
    # "customer_name": "Anna Meier"
    Form(
        Kind.NAME,
        rf"(?i){_FIELDS}[\"'\\]{{0,3}}\s{{0,3}}[:=]",
        re.compile(
            rf"""(?ix)(?<![a-z])(?:[a-z]{{1,20}}[_-])?{_FIELDS}(?:\\?["'])?\s{{0,3}}[:=]\s{{0,3}}
            \\?["'](?P<value>[^\W\d_][^"'\\\n\d:/@_]{{1,60}})\\?["']"""
        ),
    ),
    Form(
        Kind.NAME,
        r"(?i)my name (?:is|was)|my name's|i am called|\bname:\s",
        re.compile(
            rf"{_NAMED}\s{{1,8}}(?P<value>{_NAME_WORD}(?: {_NAME_WORD}){{0,3}})(?![\w/:@-])"
        ),
    ),
)


def folded(name: str) -> str:
    """In small letters, without marks."""
    if name.isascii():
        return name.lower()
    apart = unicodedata.normalize("NFD", name)
    bare = "".join(one for one in apart if not unicodedata.combining(one))
    return unicodedata.normalize("NFC", bare).lower()


@cache
def _names(which: str) -> frozenset[str]:
    return frozenset((_LISTS / f"{which}.txt").read_text(encoding="utf-8").splitlines())


@cache
def _known() -> frozenset[str]:
    return _names("first") | _names("last")


@cache
def _written() -> frozenset[str]:
    """All of them, as they are written."""
    return frozenset(name.capitalize() for which in ("first", "last") for name in _names(which))


class People:
    """Finds names of people."""

    def __call__(self, text: str) -> Iterator[Found]:
        """Those that begin with a known name, or that are in Chinese, Japanese or Korean."""
        for start, end in blocks(text, _PART):
            part = text[start:end]
            if not part.isascii():
                yield from _han_names(text, start, end)
                begins: Iterable[int] = (
                    word.start()
                    for word in _CAPITAL_OF_ANY.finditer(text, start, end)
                    if _plain(word[0]) in _known()
                )
            else:
                begins = _places_of(
                    _written().intersection(_CAPITAL.findall(part)), text, start, end
                )
            covered = start
            for place in begins:
                if place >= covered:
                    covered = max(covered, _end_of_name(text, place))
                    if covered > place:
                        yield Found(place, covered, Kind.NAME)


def _places_of(names: Iterable[str], text: str, start: int, end: int) -> list[int]:
    """Where these are in a part of a text, in order."""
    places: list[int] = []
    for name in names:
        at = text.find(name, start, end)
        while at >= 0:
            behind = at + len(name)
            if not (text[at - 1 : at].isalnum() or text[behind : behind + 1].islower()):
                places.append(at)
            at = text.find(name, behind, end)
    return sorted(places)


def _end_of_name(text: str, start: int) -> int:
    """Where the name that may begin here ends; here, when there is none."""
    if not _may_begin(text, start):
        return start
    words = [*_WORD.finditer(text, start, start + _LONGEST)][:_MOST_WORDS]
    many = _name_at(text, words) if words and words[0].start() == start else 0
    if not many or _after_place(text, start):
        return start
    return words[many - 1].end()


def _may_begin(text: str, start: int) -> bool:
    """What is more often something else begins a name only when another word goes on with it."""
    word = _CAPITAL_OF_ANY.match(text, start)
    if word is None or _plain(word[0]) not in _names("words"):
        return True
    following = text[word.end() : word.end() + 3].lstrip(" .")
    return following[:1].isupper()


def _after_place(text: str, start: int) -> bool:
    """Whether what stands before makes it a place: San, Costa, Lake."""
    if text[max(start - 1, 0) : start] != " ":
        return False
    return text[max(start - 10, 0) : start - 1].rpartition(" ")[2].lower() in _PLACES


def _han_names(text: str, start: int, end: int) -> Iterator[Found]:
    for match in _HAN.finditer(text, start, end):
        if _is_han_name(match[0]):
            yield Found(*match.span(), Kind.NAME)
    for match in _HAN_APART.finditer(text, start, end):
        if {match[1], match[2]} & _names("last") and {match[1], match[2]} & _names("first"):
            yield Found(*match.span(), Kind.NAME)


def _name_at(text: str, words: list[re.Match[str]]) -> int:
    """How many of the words are one name, from the first on."""
    first, plain = words[0][0], _plain(words[0][0])
    if plain in _NOBODY or _part_of_more(text, words[0]):
        return 0
    begins = plain in _names("first")
    if not begins and plain not in _names("last"):
        return 0
    many, known = _reach(text, words) if begins else (1, False)
    if many < len(words) and _plain(words[many][0]) in _FIRMS and _apart(text, words, many) == " ":
        return 0
    if many == 1:
        telling = len(plain) > _SHORT and plain not in _names("words") and not first.isupper()
        return 1 if telling and (begins or len(plain) > _SHORT + 1) else 0
    if plain not in _names("words"):
        return many
    # Words of the language in a row are a sentence, unless they are two and no more.
    sure = any(_plain(word[0]) not in _names("words") for word in words[1:many])
    goes_on = many < len(words) and words[many][0][0].isupper() and _apart(text, words, many) == " "
    return many if known and (sure or (many == _PAIR and not goes_on)) else 0


def _reach(text: str, words: list[re.Match[str]]) -> tuple[int, bool]:
    """How many words a first name goes on for, and whether a known last name is among them."""
    many, known = 1, False
    for number, word in enumerate(words[1:], start=1):
        if _apart(text, words, number) not in {" ", ". ", "  "}:
            break
        if _part_of_more(text, word, before=False):
            break
        if word[0] in _PARTICLES:
            continue
        if not _goes_on_with(word[0]):
            break
        many = number + 1
        known = known or _plain(word[0]) in _names("last")
    return many, known


def _apart(text: str, words: list[re.Match[str]], number: int) -> str:
    return text[words[number - 1].end() : words[number].start()]


def _plain(word: str) -> str:
    """As the lists have it: without the s of whose it is, and the first of a double name."""
    return folded(word.removesuffix("'s").removesuffix("\u2019s")).partition("-")[0]


def _goes_on_with(word: str) -> bool:
    if len(word.rstrip(".")) == 1:
        return word[0].isupper()
    return word[0].isupper() and not word.isupper() and folded(word) not in _NOBODY


def _part_of_more(text: str, word: re.Match[str], *, before: bool = True) -> bool:
    """Whether it is a piece of a path, a host, a class or an address."""
    start, end = word.span()
    left, right, after = (
        text[max(start - 1, 0) : start],
        text[end : end + 1],
        text[end + 1 : end + 2],
    )
    if before and left and (left.isalnum() or left in "_/\\.@$#%+=-"):
        return True
    if right and right in "_/\\@$=(%#":
        return True
    return bool(right and right in ".:-" and after and (after.isalnum() or after in ":/"))


def _is_han_name(word: str) -> bool:
    return any(
        word[:cut] in _names("last") and word[cut:] in _names("first")
        for cut in range(1, len(word))
    )
