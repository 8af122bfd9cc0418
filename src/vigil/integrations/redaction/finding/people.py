"""Names of people, by the lists: one alone, first and last, and those that are named together.

A word of the lists alone is no name when it is more often something else (a month, a place, a
tool): then a second name has to stand beside it.
"""

import re
from collections.abc import Iterable, Iterator

import re2

from vigil.domain.redacted import Found, Kind
from vigil.integrations.redaction.finding.forms import blocks
from vigil.integrations.redaction.finding.lexicon import set_of
from vigil.integrations.redaction.finding.name_lists import (
    ENDINGS,
    NOBODY,
    ends_as_one,
    folded,
    is_last,
    known,
    names,
    plain,
    sure,
    written,
)

_CAPITAL = re.compile(r"(?<![^\W\d_])[^\W\d_a-z][^\W\d_A-Z]+")
_CAPITAL_OR_SMALL = re.compile(r"(?<![^\W\d_])(?:[^\W\d_a-z][^\W\d_A-Z]+|[^\W\d_A-Z]{3,})")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019-](?=[^\W\d_]))+|[A-Z]\.?(?![\w])")
_HAN = re.compile(r"[\u4e00-\u9fff]{2,5}|[\uac00-\ud7af]{2,4}")
_HAN_APART = re.compile(
    r"([\u4e00-\u9fff\uac00-\ud7af]{1,3})[ \u3000]([\u4e00-\u9fff\uac00-\ud7af]{1,3})"
)
_SMALL_PAIR = re.compile(
    r"(?<![^\s(\"':,;>])[^\W\d_]{3,20} ([^\W\d_]{3,20})"
    r"(?!(?:['\u2019](?!s\b)|[:=@/_-])?[\w(]|\.\w)"
)
_BESIDE = re.compile(r"(?:, (?:and )?| and | & )(?=([^\W\d_a-z][^\W\d_A-Z]+))")
_BEFORE = re.compile(r"(?<![^\W\d_])([^\W\d_a-z][^\W\d_A-Z]{1,30})(?:, (?:and )?| and | & )\Z")
_IN_TOWN = re.compile(r"(?<!\w)(?:in|from|at|near|via) \Z")
_LETTERS = bytes(byte if chr(byte).isascii() and chr(byte).isalpha() else 32 for byte in range(256))
"""Everything else becomes a blank."""
_MOST_WORDS, _LONGEST = 5, 120
_MOST_BESIDE, _FAR_BESIDE = 12, 40
_PART = 16_384
_SHORT, _PAIR = 2, 2

_ENDED = re2.compile(rf"\b[A-Z][a-z]+(?:{'|'.join(ENDINGS)})\b".encode())
_PLACES = set_of("people", "places")
_FIRMS = set_of("people", "firms")
_PARTICLES = set_of("people", "particles")


class People:
    """Finds names of people."""

    def __call__(self, text: str) -> Iterator[Found]:
        """Those that begin with a known name, or that are in Chinese, Japanese or Korean."""
        for start, end in blocks(text, _PART):
            part = text[start:end]
            if part.isascii():
                letters = part.encode().translate(_LETTERS)
                begins, small = _in_ascii(letters, text, start, end)
            else:
                yield from _han_names(text, start, end)
                begins, small = _in_any(text, start, end)
            yield from _from_there(text, start, begins)
            yield from _small_names(text, small)


def _in_ascii(letters: bytes, text: str, start: int, end: int) -> tuple[list[int], list[int]]:
    """Where names may begin, with a capital and without; of most words it is soon known."""
    listed = written().intersection(letters.split())
    # Few texts have one: to look for one is five times as fast as to look at each word.
    ended = {match[0] for match in _ENDED.finditer(letters)}
    small = {word for word in listed if word.islower()}
    capital = listed - small | ended
    return _places_of(capital, text, start, end), _places_of(small, text, start, end)


def _in_any(text: str, start: int, end: int) -> tuple[list[int], list[int]]:
    """The same, word by word."""
    found = [(one.start(), one[0]) for one in _CAPITAL_OR_SMALL.finditer(text, start, end)]
    capital = [at for at, word in found if not word.islower() and _may_be_one(plain(word))]
    return capital, [at for at, word in found if word.islower() and folded(word) in sure()]


def _may_be_one(bare: str) -> bool:
    return bare in known() or ends_as_one(bare)


def _places_of(words: Iterable[bytes], text: str, start: int, end: int) -> list[int]:
    """Where these are in a part of a text, in order."""
    places: list[int] = []
    for name in map(bytes.decode, words):
        at = text.find(name, start, end)
        while at >= 0:
            behind = at + len(name)
            if not (text[at - 1 : at].isalnum() or text[behind : behind + 1].islower()):
                places.append(at)
            at = text.find(name, behind, end)
    return sorted(places)


def _from_there(text: str, start: int, begins: Iterable[int]) -> Iterator[Found]:
    """The names that begin at some of these places, and those that are named with them."""
    covered = start
    for place in begins:
        if place >= covered:
            covered = max(covered, _end_of_name(text, place))
            if covered > place:
                yield Found(place, covered, Kind.NAME)
                yield from _beside(text, place, covered)


def _beside(text: str, start: int, end: int) -> Iterator[Found]:
    """Those that are named together with one: there a word that can be a name is one."""
    for _ in range(_MOST_BESIDE):
        more = _BESIDE.match(text, end)
        if more is None or not _can_be_one(text, more.start(1)):
            break
        end = more.end(1)
        yield Found(*more.span(1), Kind.NAME)
    for _ in range(_MOST_BESIDE):
        before = _BEFORE.search(text[max(start - _FAR_BESIDE, 0) : start])
        at = start - len(before[0]) if before else start
        if before is None or not _can_be_one(text, at):
            break
        start = at
        yield Found(at, at + len(before[1]), Kind.NAME)


def _can_be_one(text: str, start: int) -> bool:
    word = _WORD.match(text, start)
    bare = plain(word[0]) if word else ""
    can_be = bare in known() and bare not in NOBODY and len(bare) > _SHORT
    return word is not None and can_be and not _part_of_more(text, word)


def _small_names(text: str, places: Iterable[int]) -> Iterator[Found]:
    """First and last name in a text without capitals."""
    for place in places:
        match = _SMALL_PAIR.match(text, place)
        if match is None or not match[1].islower():
            continue
        last = folded(match[1])
        if last not in NOBODY and last not in names("words") and is_last(last):
            yield Found(place, match.end(1), Kind.NAME)


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
    word = _CAPITAL.match(text, start)
    if word is None or plain(word[0]) not in names("words"):
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
        if {match[1], match[2]} & names("last") and {match[1], match[2]} & names("first"):
            yield Found(*match.span(), Kind.NAME)


def _name_at(text: str, words: list[re.Match[str]]) -> int:
    """How many of the words are one name, from the first on."""
    bare = plain(words[0][0])
    if bare in NOBODY or _part_of_more(text, words[0]):
        return 0
    begins = bare in names("first")
    if not begins and not is_last(bare):
        return 0
    many, with_last = _reach(text, words) if begins else (1, False)
    if many < len(words) and plain(words[many][0]) in _FIRMS and _apart(text, words, many) == " ":
        return 0
    if many == 1:
        return int(_tells_alone(text, words[0], bare))
    if bare not in names("words"):
        return many
    # Words of the language in a row are a sentence, unless they are two and no more.
    sure_of_one = any(plain(word[0]) not in names("words") for word in words[1:many])
    goes_on = many < len(words) and words[many][0][0].isupper() and _apart(text, words, many) == " "
    return many if with_last and (sure_of_one or (many == _PAIR and not goes_on)) else 0


def _tells_alone(text: str, word: re.Match[str], bare: str) -> bool:
    """Whether it is a name with no other beside it."""
    # What a setting holds is anything, but for two names in a row.
    if bare in names("words") or word[0].isupper() or text[word.start() - 1 : word.start()] == "=":
        return False
    if bare not in known():  # Towns end as people do.
        return _IN_TOWN.search(text[max(word.start() - 6, 0) : word.start()]) is None
    return len(bare) > _SHORT + (bare not in names("first"))


def _reach(text: str, words: list[re.Match[str]]) -> tuple[int, bool]:
    """How many words a first name goes on for, and whether a known last name is among them."""
    many, with_last = 1, False
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
        with_last = with_last or is_last(plain(word[0]))
    return many, with_last


def _apart(text: str, words: list[re.Match[str]], number: int) -> str:
    return text[words[number - 1].end() : words[number].start()]


def _goes_on_with(word: str) -> bool:
    if len(word.rstrip(".")) == 1:
        return word[0].isupper()
    return word[0].isupper() and not word.isupper() and folded(word) not in NOBODY


def _part_of_more(text: str, word: re.Match[str], *, before: bool = True) -> bool:
    """Whether it is a piece of a path, a host, a class or an address."""
    start, end = word.span()
    left, right, after = (
        text[max(start - 1, 0) : start],
        text[end : end + 1],
        text[end + 1 : end + 2],
    )
    if before and left and (left.isalnum() or left in "_/\\.@$#%+-"):
        return True
    if right and right in "_/\\@$=(%#":
        return True
    return bool(right and right in ".:-" and after and (after.isalnum() or after in ":/"))


def _is_han_name(word: str) -> bool:
    return any(
        word[:cut] in names("last") and word[cut:] in names("first") for cut in range(1, len(word))
    )
