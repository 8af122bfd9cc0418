"""Secrets that are known by nothing but their disorder: letters and digits that chance drew.

What an investigation needs is drawn by chance too: hashes, commits, UUIDs, names of pods. They are
of one case or in known groups, and stay; a secret that looks like a hash is found by its name.
"""

import math
import re
from collections import Counter
from itertools import pairwise

_FEWEST = 20
_BITS = 3.6
"""Shannon's measure per character; words stay below 3.5 at this length, random base64 above 3.9."""
_FEWEST_TURNS = 0.3
"""Of neighbours, how many differ in kind: lower case, upper case, digit. In random base64 six of
ten do, in names that are made of words and numbers one or two."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KNOWN = re.compile(
    r"""(?x)
    (?:0x)?[0-9a-f]+ | (?:0x)?[0-9A-F]+            # hashes, addresses
    | (?:sha\d{1,3}|md5|h1)[-:=].*                  # digests in base64
    | (?:[A-Z]?[a-z]{2,}|[A-Z]{2,4})(?:[A-Z][a-z]{1,}){1,12}\d{0,4}  # camelCase
    | [A-Z0-9_]+ | [a-z0-9_-]+                      # CONSTANTS, pods, slugs
    """
)
_PARTS = re.compile(r"[-_+/=.]+")
_WORD = re.compile(
    r"[A-Za-z]?[a-z]*|[A-Z]*|[A-Z0-9]{2,8}|v?\d*|[A-Za-z]+\d{1,4}|[0-9a-f]{6,64}|(?:[A-Z][a-z]+)+\d{0,4}"
)


def _kind(character: str) -> int:
    return 0 if character.islower() else 1 if character.isupper() else 2


_FEWEST_OF_ONE_CASE = 32
_LETTER = re.compile(r"[G-Zg-z]")


def drawn(token: str) -> bool:
    """Whether chance drew it of digits and the letters of one case, more of them than of a hash."""
    digits = sum(map(str.isdigit, token))
    turns = sum(one.isdigit() != other.isdigit() for one, other in pairwise(token))
    even = len(token) / 10 <= digits <= len(token) / 2
    return (
        token.isalnum() and even and _LETTER.search(token) is not None and turns >= len(token) / 5
    )


def disordered(token: str) -> bool:
    """Whether chance drew it."""
    body = token.strip("=_-/+.")
    if len(body) >= _FEWEST_OF_ONE_CASE and body.upper() in {body, body.swapcase()} and drawn(body):
        return True
    if len(body) < _FEWEST or _KNOWN.fullmatch(body) or _UUID.search(body):
        return False
    parts = [part for part in _PARTS.split(body) if part]
    if len(parts) > 1 and all(map(_WORD.fullmatch, parts)):
        return False
    letters = [_kind(character) for character in body if character.isalnum()]
    if len(set(letters)) < 3 or len(parts) > len(body) / 6:  # noqa: PLR2004 - all three kinds
        return False
    turns = sum(one != other for one, other in pairwise(letters))
    return turns >= _FEWEST_TURNS * len(letters) and _bits(body) >= _BITS


def _bits(text: str) -> float:
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


_TURNS = r"[a-z][0-9+/_-]{0,3}[A-Z][A-Z0-9+/_-]{0,4}[a-z][a-z0-9+/_-]{0,4}[A-Z]"
HINT = rf"{_TURNS}[A-Za-z+/_-]{{0,20}}[0-9]|[0-9][A-Za-z+/_-]{{0,20}}{_TURNS}"
"""Cases that change soon and again, and a digit near: as in any base64 of some length."""
ONE_CASE = r"[a-z0-9]{32}|[A-Z0-9]{32}"
ONE_CASE_FIRST = r"[g-z]\d[a-z]|[G-Z]\d[A-Z]"
HEX_OF_TEXT = r"(?:[2-7][0-9a-f]){16}|(?:[2-7][0-9A-F]){16}"
TOKEN = re.compile(
    r"(?<![A-Za-z0-9+/_.-])[A-Za-z0-9+/_-]{20,65536}={0,2}(?![A-Za-z0-9])"
    r"|(?<=\.)[A-Za-z0-9_-]{20,65536}={0,2}(?![A-Za-z0-9/+])"
)
"""Behind a dot it is a part of a key, or the rest of an address of a page: that one has slashes."""
