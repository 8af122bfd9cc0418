"""What a model says while it writes, on its way to the timeline."""

import math

from hypothesis import given
from hypothesis import strategies as st

from vigil.integrations.reasoner.aloud import MOST_HELD, Aloud


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
    assert told[1].endswith("49.\nI ask.")


async def test_what_never_ends_is_held_only_so_far() -> None:
    told = Told()
    aloud = Aloud(told.tell, every_s=0)
    for _ in range(100):
        await aloud.say("x" * 1000)
    await aloud.finish("")
    assert [len(each) for each in told] == [MOST_HELD]


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
