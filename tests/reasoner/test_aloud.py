"""What a model says while it writes, on its way to the timeline."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.integrations.reasoner.aloud import LEFT_OUT, MOST_HELD, Aloud


class Told(list[str]):
    """What was told, in order."""

    async def tell(self, text: str) -> None:
        self.append(text)


async def test_a_paragraph_is_told_once_it_is_whole_and_never_in_two() -> None:
    told = Told()
    aloud = Aloud(told.tell, every_s=0)
    for piece in ("I look at [EMA", "IL_1].\n", "\nIt is ", "the release.", "\n\n", "So I"):
        await aloud.say(piece)
    assert told == ["I look at [EMAIL_1].", "It is the release."]
    await aloud.finish("")
    assert told[2:] == ["So I"]


async def test_paragraphs_that_come_too_fast_are_told_together() -> None:
    told = Told()
    aloud = Aloud(told.tell, every_s=math.inf)
    for number in range(50):
        await aloud.say(f"{number}.\n\n")
    assert told == ["0."]
    await aloud.finish("I ask.")
    assert told[1].startswith("1.\n\n2.\n\n")
    assert told[1].endswith("49.\n\nI ask.")


@pytest.mark.parametrize("size", [1, 999, MOST_HELD, MOST_HELD * 3])
async def test_what_never_ends_is_left_out_and_never_told_in_part(size: int) -> None:
    told = Told()
    aloud = Aloud(told.tell, every_s=0)
    text = f"I look.\n\n{'x' * (MOST_HELD + 5)}\n\nIt is it.\n\n{'y' * (MOST_HELD + 1)}"
    for at in range(0, len(text), size):
        await aloud.say(text[at : at + size])
    await aloud.finish("I ask.")
    assert "\n\n".join(told).split("\n\n") == ["I look.", LEFT_OUT, "It is it.", LEFT_OUT, "I ask."]


async def test_no_more_waits_than_is_held() -> None:
    told = Told()
    aloud = Aloud(told.tell, every_s=math.inf)
    await aloud.say("first\n\n")
    for number in range(100):
        await aloud.say(f"{number:03} {'x' * 1000}\n\n")
    await aloud.finish("y" * MOST_HELD)
    _, *waited = "\n\n".join(told).split("\n\n")
    assert {len(each) for each in waited} == {1004, len(LEFT_OUT)}
    assert waited[-1] == LEFT_OUT
    assert sum(map(len, waited)) <= MOST_HELD + len(LEFT_OUT)


async def test_who_says_nothing_is_not_told() -> None:
    told = Told()
    aloud = Aloud(told.tell, every_s=0)
    await aloud.say("\n\n \n\n")
    await aloud.finish("")
    assert told == []


@given(pieces=st.lists(st.text(alphabet="ab \n", max_size=6), max_size=40))
async def test_however_it_is_cut_all_of_it_is_told_in_its_order(pieces: list[str]) -> None:
    told = Told()
    aloud = Aloud(told.tell, every_s=0)
    for piece in pieces:
        await aloud.say(piece)
    await aloud.finish("")
    assert "".join("".join(told).split()) == "".join("".join(pieces).split())
