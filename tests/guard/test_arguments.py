"""The words of a command told apart: what no example of a rule file shows by itself."""

from collections.abc import Sequence

import pytest

from vigil.guard.arguments import tell_apart
from vigil.guard.program import UNRESOLVED, Word
from vigil.guard.rule_text import together
from vigil.guard.tools import Tool


def tool(verbs: Sequence[str] = (), **options: object) -> Tool:
    rule = {"id": "read", "verb": list(verbs), "effect": "read", "reason": "shows"}
    return Tool.model_validate(
        {"tool": "x", "about": "x", "options": options, "verb_words": 3, "rules": [rule]}
    )


def told(of: Tool, *words: str) -> tuple[dict[str, str | None], list[str]]:
    arguments = tell_apart(of, tuple(Word(text=word) for word in words))
    values = {o.name: o.value.text if o.value is not None else None for o in arguments.options}
    return values, [word.text for word in arguments.operands]


@pytest.mark.parametrize(
    ("words", "options", "operands"),
    [
        (["-psecret", "shop"], {"-p": "secret"}, ["shop"]),
        (["-p", "shop"], {"-p": None}, ["shop"]),
        (["-vpsecret", "-e", "1"], {"-v": None, "-p": "secret", "-e": "1"}, []),
    ],
)
def test_an_attached_value_is_never_the_next_word(
    words: list[str], options: dict[str, str | None], operands: list[str]
) -> None:
    assert told(tool(attached=["-p"], plain=["-v"], valued=["-e"]), *words) == (options, operands)


def test_behind_the_first_operand_nothing_is_an_option_where_a_tool_says_so() -> None:
    of = tool(stops=True, valued=["-n"])
    assert told(of, "-n", "1", "get", "-n", UNRESOLVED) == ({"-n": "1"}, ["get", "-n", UNRESOLVED])
    assert not tell_apart(of, (Word(text="get"), Word(text=UNRESOLVED))).vague


def test_two_dashes_are_one_where_one_dash_begins_long_names() -> None:
    of = tool(clusters=False, plain=["-auto-approve"], valued=["-target", "--all"])
    assert told(of, "--auto-approve", "--target=a", "--all", "b") == (
        {"-auto-approve": None, "-target": "a", "--all": "b"},
        [],
    )
    assert "-auto-approve" not in told(tool(plain=["-auto-approve"]), "--auto-approve")[0]


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (["get", "pods"], ["get"]),
        (["compute", "disks", "list"], ["compute", "disks", "list"]),
        (["compute", "disk", "list"], ["compute"]),
        (["apply", "x"], ["apply"]),
        (["acl", "x"], ["acl", "x"]),
        (["get\nx", "x"], ["get\nx"]),
        (["ge?", "x"], ["ge?", "x"]),
        ([UNRESOLVED, "x"], [UNRESOLVED]),
        ([], []),
    ],
)
def test_the_verb_is_the_longest_that_fits(words: list[str], verb: list[str]) -> None:
    of = tool(["get", "* *s list", "[!b]?? x", "li*st now"])
    found = tell_apart(of, tuple(Word(text=word) for word in words)).verb
    assert [word.text for word in found] == verb


def test_verbs_are_one_expression_for_each_number_of_words() -> None:
    verbs = together(("get", "list-*", "a.b c", "[xy] [!z]*"))
    assert list(verbs) == [2, 1]
    assert all(verbs[1].fullmatch(text) for text in ("get", "list-", "list-pods"))
    assert all(verbs[2].fullmatch(text) for text in ("a.b\nc", "x\na", "y\nab"))
    assert not any(verbs[1].fullmatch(text) for text in ("gets", "list-\n", "list"))
    assert not any(verbs[2].fullmatch(text) for text in ("aXb\nc", "x\nz", "x\n\n", "x\na\nb"))
