"""What a person cannot see, or may mistake, in a script of free form (below 1 s)."""

import pytest
from tests.phases.test_decide import POLICY
from tests.phases.test_free_form import CURL, KNOWN, UNDO, free

from vigil.decide.gate import judge
from vigil.domain.verdict import Decision


@pytest.mark.parametrize(
    ("hidden", "named"),
    [
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u2028", "U+2028 LINE SEPARATOR"),
        ("\u3164", "U+3164 HANGUL FILLER"),
        ("\u00a0", "U+00A0 NO-BREAK SPACE"),
        ("\ufe0f", "U+FE0F VARIATION SELECTOR-16"),
        ("\r", "U+000D"),
    ],
)
def test_characters_that_nobody_sees_are_denied_in_a_script_and_in_an_undo(
    hidden: str, named: str
) -> None:
    for planned, whose in (
        (free(f"{CURL}# {hidden}\n"), "action-1"),
        (free(undo=f"{UNDO}# {hidden}\n"), "the undo of action-1"),
    ):
        verdict = judge(planned, POLICY, KNOWN)
        assert verdict.decision is Decision.DENY
        assert f"deny: {whose} has characters that nobody sees: {named}" in verdict.rules


def test_letters_that_look_like_others_are_named_to_whoever_is_asked() -> None:
    verdict = judge(free(CURL.replace("api.ex", "\u0430pi.ex")), POLICY, KNOWN)
    said = "action-1 has letters that may be taken for others: U+0430 CYRILLIC SMALL LETTER A"
    assert f"ask: {said}" in verdict.rules


def test_however_many_there_are_few_are_named() -> None:
    many = "".join(map(chr, range(0x400, 0x440)))
    (said,) = [r for r in judge(free(f"{CURL}# {many}\n"), POLICY, KNOWN).rules if "letters" in r]
    assert said.endswith("U+0402 CYRILLIC CAPITAL LETTER DJE and 61 more")


def test_of_plain_scripts_nothing_is_said() -> None:
    said = "\n".join(judge(free(f"{CURL}\tsleep 1\n"), POLICY, KNOWN).rules)
    assert "characters" not in said
    assert "letters" not in said
