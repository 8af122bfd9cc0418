"""Reading a model's answer: whatever it is, it is a draft that holds together, or mistakes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.briefings import answer, briefing, escalation

from vigil.domain.briefing import Draft
from vigil.integrations.reasoner.answer import AnswerForm, answer_schema
from vigil.integrations.reasoner.reading import MOST_ANSWER, MOST_MISTAKES, Mistakes, read

KNOWN = briefing()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def mistakes(text: str) -> tuple[str, ...]:
    found = read(text, KNOWN, ())
    assert isinstance(found, Mistakes)
    return found.sentences


def assert_sound(found: Draft | Mistakes) -> None:
    if isinstance(found, Mistakes):
        assert 0 < len(found.sentences) <= MOST_MISTAKES
        assert sum(map(len, found.sentences)) < 20_000
        return
    assert len(found.reasons) == 5
    assert all((each.undo is None) != (each.no_undo is None) for each in found.actions)


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert_sound(read(text, KNOWN, ()))


@given(field=st.sampled_from(sorted(AnswerForm.model_fields)), value=JSON)
def test_any_value_anywhere_is_read_or_refused(field: str, value: object) -> None:
    assert_sound(read(json.dumps(answer(**{field: value})), KNOWN, ()))


@given(
    field=st.sampled_from(["title", "script", "undo", "no_undo", "raw"]),
    value=JSON | st.text(max_size=60),
)
def test_so_is_any_value_of_an_action(field: str, value: object) -> None:
    (action,) = answer()["actions"]
    assert_sound(read(json.dumps(answer(actions=[{**action, field: value}])), KNOWN, ()))


@given(at=st.integers(0, len(json.dumps(answer())) - 1))
def test_an_answer_that_was_cut_anywhere_is_no_answer(at: int) -> None:
    assert mistakes(json.dumps(answer())[:at])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        "1" * 5000,
        '{"decision": NaN}',
        "null",
        "[]",
        '"act"',
        json.dumps(answer()) + json.dumps(answer()),
        "```json\n" + json.dumps(answer()) + "\n```",
        "\ufeff" + json.dumps(answer()),
        "x" * (MOST_ANSWER + 1),
    ],
    ids=["deep", "objects", "digits", "nan", "no", "list", "word", "two", "fence", "bom", "long"],
)
def test_what_is_not_one_object_is_not_searched_for_one(text: str) -> None:
    assert mistakes(text)


def test_every_mistake_is_told_at_once() -> None:
    wrong = answer(follows_runbook="mine", cause={"text": "x", "evidence": ["nobody-1"]})
    told = "\n".join(mistakes(json.dumps(wrong)))
    assert "follows_runbook" in told
    assert "cause.evidence" in told


def test_what_it_wrote_is_not_sent_back_to_it_in_a_mistake() -> None:
    """It may have repeated something that it was told by others."""
    told = "\n".join(mistakes(json.dumps(answer(risk="S3CRET", summary=["S3CRET"]))))
    assert "S3CRET" not in told


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",
        "\u202e",
        "\x00",
        "\x1b[31m",
        "\ue000",
        "\r",
        "\ufeff",
        "\u3164",
        "\u2028",
        "\u0430",
    ],
)
def test_nothing_invisible_gets_into_a_script_nor_what_looks_like_something_else(
    hidden: str,
) -> None:
    (action,) = answer()["actions"]
    for field in ("script", "undo"):
        found = mistakes(json.dumps(answer(actions=[{**action, field: f"true {hidden}"}])))
        assert f"actions.0.{field}: it has characters that cannot be seen" in found[0]


@pytest.mark.parametrize(
    "script",
    ["true" + " " * 60 + "; false", "true\n" + "\n \n" * 9 + "false", f"echo {'x' * 500}; false"],
    ids=["behind blanks", "below empty lines", "far to the right"],
)
def test_nothing_in_a_script_is_out_of_sight(script: str) -> None:
    (action,) = answer()["actions"]
    for field in ("script", "undo"):
        found = mistakes(json.dumps(answer(actions=[{**action, field: script}])))
        assert f"actions.0.{field}: part of it is out of sight" in found[0]


def test_a_word_for_something_private_is_in_no_script() -> None:
    (action,) = answer()["actions"]
    for field in ("script", "undo"):
        found = mistakes(json.dumps(answer(actions=[{**action, field: "echo [EMAIL_1]"}])))
        assert f"actions.0.{field}: it has a word that stands for something private" in found[0]


def test_words_of_which_nothing_can_be_seen_are_none() -> None:
    (action,) = answer()["actions"]
    unseen = answer(summary="\u202e\u3164", actions=[{**action, "title": "\x1b[2J"}])
    told = mistakes(json.dumps(unseen))
    assert told == (
        "summary: nothing of it can be seen",
        "actions.0.title: nothing of it can be seen",
    )


def test_words_for_people_are_cleaned() -> None:
    draft = read(json.dumps(answer(summary="Back\u202e to \x1b[31mred")), KNOWN, ())
    assert isinstance(draft, Draft)
    assert draft.summary == "Back to red"


def test_what_the_desk_said_may_be_cited() -> None:
    cited = json.dumps(answer(proof={"text": "x", "evidence": ["tool-1", "tool-1"]}))
    assert isinstance(read(cited, KNOWN, ()), Mistakes)
    draft = read(cited, KNOWN, ("tool-1",))
    assert isinstance(draft, Draft)
    assert draft.reasons[-1].evidence == ("tool-1",)


def test_an_escalation_has_no_action() -> None:
    draft = read(json.dumps(escalation()), KNOWN, ())
    assert isinstance(draft, Draft)
    assert draft.actions == ()


def test_the_schema_that_vendors_get_is_of_the_same_form() -> None:
    schema = answer_schema()
    assert set(schema["required"]) == set(schema["properties"]) == set(AnswerForm.model_fields)
    text = json.dumps(schema)
    assert not any(word in text for word in ("maxLength", "minLength", "maxItems", "pattern"))

    def objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            here = [value] if value.get("type") == "object" else []
            return [*here, *(each for inner in value.values() for each in objects(inner))]
        return (
            [each for inner in value for each in objects(inner)] if isinstance(value, list) else []
        )

    assert len(objects(schema)) == 3
    assert all(each["additionalProperties"] is False for each in objects(schema))
