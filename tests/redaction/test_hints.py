"""What a pattern would find by itself is never lost for want of its hint (below 10 s)."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vigil.domain.redacted import Found, Kind
from vigil.integrations.redaction.finding import keys
from vigil.integrations.redaction.finding.finder import Finder
from vigil.integrations.redaction.finding.forms import _BLOCK, Form, blocks

FORMS = Finder()._all
WRITTEN = r"""
password=hunter2abc|DB_PASS: 'x y z'|--auth-token abcdefgh1|<secret>abc12345</secret>
name: X_TOKEN\n  value: abc12345|https://u:p4ssw0rd@db/x|Authorization: Basic dTpw|-u bo:hunter2
mysql -u root -phunter2|identified by 'hunter2'|Cookie: sid=abcdef123456|JSESSIONID=abc123def456
4111 1111 1111 1111|DE89 3704 0044 0532 0130 00|10.1.2.3|2001:db8::7|::ffff:10.1.2.3
536-22-8726|AB 12 34 56 C|12345678Z|RSSMRA85T10A562S|529.982.247-25|driver's license A1234567
+44 20 7946 0958|(555) 010-9999|020 7946 0958|20-32-85-26|call me at 555123|3732695155-Office
Mr. Smith|"full_name": "anna meier"|my name is Zog|Hauptstraße 5|12 rue de la Paix
17 Kingston Road|Long Acre Lane 3|38 Tacuarembo 6626\nX|Apt. 12|APO AE 09499|SW1A 1AA
Springfield, IL 62704|zip code is 62704|lives at 21 Tylova 42|the corner of High and Main
中山路12号|ул. Мира, д. 3|anna@example.org|[EMAIL_1]| |\n|, |ä|😀|x|12|A
"""
WORDED = [form for form in keys.FORMS if form.words]
WRITABLE = st.characters(min_codepoint=32, max_codepoint=126)
PIECES = [
    piece.replace("\\n", "\n") for line in WRITTEN.strip().splitlines() for piece in line.split("|")
]


def lost(text: str) -> list[str]:
    # What is told by its disorder alone is told by its hint too.
    found = set(FORMS(text))
    return [
        f"{form.kind}: {text[one.start : one.end]!r}"
        for form in FORMS._forms
        if form.kind is not Kind.SECRET
        for one in by_itself(form, text)
        if one not in found and not covered(one, found)
    ]


def by_itself(form: Form, text: str) -> list[Found]:
    return [one for match in form.pattern.finditer(text) for one in form.at(text, match.start())]


def covered(one: Found, found: set[Found]) -> bool:
    """The same stretch may be begun a little sooner or later by what is beside it."""
    return any(other.start <= one.start and one.end <= other.end for other in found)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
@example("\n".join(PIECES))
def test_nothing_is_lost_for_want_of_a_hint(text: str) -> None:
    assert lost(text) == []


@pytest.mark.parametrize("piece", PIECES)
def test_nor_at_the_end_of_a_block(piece: str) -> None:
    """Long lines are read in blocks that overlap; what lies across their border is found."""
    for length in range(_BLOCK - 1 - len(piece), _BLOCK + 1, 3):
        for beside in (" ", "\n"):
            text = ("lorem ipsum " * 400)[:length] + beside + piece + beside + "dolor sit " * 60
            assert lost(text) == []


@pytest.mark.parametrize("form", WORDED, ids=lambda form: form.words[:20])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_key_is_not_lost_for_want_of_its_first_hint(form: Form, data: st.DataObject) -> None:
    """Of each way in which its pattern can be met."""
    key = data.draw(st.from_regex(form.pattern, fullmatch=True, alphabet=WRITABLE))
    assert lost(f"with {key} in it") == []


def test_blocks_leave_nothing_out() -> None:
    text = "word " * 3000 + "\n" + "line\n" * 3000
    at = 0
    for start, end in blocks(text):
        assert start <= at < end
        at = end
    assert at == len(text)
