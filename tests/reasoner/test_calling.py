"""One call of a model: counted whatever becomes of it, and tried again where it makes sense."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from tests.support.desks import WrittenLedger

from vigil.domain.cost import NOTHING, Allowance, Cost
from vigil.domain.errors import PortUnavailable
from vigil.domain.run import Health
from vigil.domain.thinking import Unheard
from vigil.integrations.reasoner.calling import Caller, Mind, Patience, size, used
from vigil.integrations.reasoner.model import (
    MOST_TOKENS,
    Call,
    Conversation,
    Heard,
    ModelFailed,
    Said,
    Say,
    Stop,
    Turn,
    Usage,
)
from vigil.integrations.reasoner.price import Price

ASKED = Conversation("Be careful.", (), {}, (Said(words="Write the plan."),))
DONE = Turn(Stop.DONE, "{}", (), Heard([]), Usage(fresh=100, cache_read=1000, out=10))
PRICE = Price(Decimal(2), Decimal(10))
LONG = Conversation("Be careful. " * 500, (), {}, (Said(words="Write the plan."),))


async def nobody(text: str) -> None:
    """Hears what is said aloud."""


@dataclass
class Scripted:
    """A model whose turns are written down; each is a turn, an error, or seconds of silence."""

    moves: list[Turn | ModelFailed | float]
    calls: int = 0
    name: str = field(default="scripted")

    async def turn(self, conversation: Conversation, aloud: Say) -> Turn:
        self.calls += 1
        move = self.moves.pop(0)
        if isinstance(move, ModelFailed):
            raise move
        if isinstance(move, Turn):
            return move
        await asyncio.sleep(move)
        raise AssertionError("nobody waits for so long")

    async def health(self) -> Health:
        return Health(part=self.name, ok=True, text="answers")

    async def close(self) -> None:
        return


def caller(model: Scripted, ledger: WrittenLedger, patience: Patience | None = None) -> Caller:
    mind = Mind(model, PRICE, most_out=500)
    return Caller(mind, patience or Patience(), ledger, "inc-1")


def failed(usage: Usage | None = None, again: float | None = None) -> ModelFailed:
    return ModelFailed(Unheard.BROKEN, "broke", usage=usage, again_after_s=again)


async def test_what_a_turn_costs_is_by_the_vendors_count_and_our_prices() -> None:
    ledger = WrittenLedger()
    asking = caller(Scripted([DONE]), ledger)
    assert await asking.turn(ASKED, nobody) is DONE
    # 100 fresh and a tenth of 1000 at 2, and 10 written at 10, a million.
    assert asking.cost == Cost(tokens_in=1100, tokens_out=10, money=Decimal("0.0005"))
    assert ledger.settled == [asking.cost]
    (most,) = ledger.reserved
    assert most.tokens > 500
    assert most.money > asking.cost.money


@pytest.mark.parametrize(
    ("error", "cost"),
    [
        (failed(Usage()), lambda most: NOTHING),
        (failed(Usage(fresh=7)), lambda most: PRICE.of(Usage(fresh=7))),
        (failed(None), lambda most: most),
        (60.0, lambda most: most),
    ],
    ids=["nothing", "known", "not known", "silence"],
)
async def test_what_is_not_known_counts_as_the_most_it_can_be(
    error: ModelFailed | float, cost: Callable[[Cost], Cost]
) -> None:
    ledger = WrittenLedger()
    asking = caller(Scripted([error]), ledger, Patience(call_s=0.05))
    with pytest.raises(ModelFailed):
        await asking.turn(ASKED, nobody)
    assert ledger.settled == [cost(ledger.reserved[0])]
    assert asking.cost == ledger.settled[0]


async def test_it_is_tried_as_often_as_makes_sense() -> None:
    again = failed(Usage(), again=0)
    model, ledger = Scripted([again, again, DONE]), WrittenLedger()
    assert await caller(model, ledger).turn(ASKED, nobody) is DONE
    assert len(ledger.settled) == 3
    model = Scripted([again] * 9)
    with pytest.raises(ModelFailed):
        await caller(model, WrittenLedger()).turn(ASKED, nobody)
    assert model.calls == 3


@pytest.mark.parametrize("again", [None, 10_000.0, float("inf")])
async def test_where_it_makes_none_it_is_asked_once(again: float | None) -> None:
    model = Scripted([failed(Usage(), again=again)])
    with pytest.raises(ModelFailed):
        await caller(model, WrittenLedger()).turn(ASKED, nobody)
    assert model.calls == 1


async def test_whoever_ends_it_from_outside_still_pays() -> None:
    ledger = WrittenLedger()
    asking = caller(Scripted([60.0]), ledger)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await asking.turn(ASKED, nobody)
    assert ledger.settled == ledger.reserved
    assert asking.cost == ledger.reserved[0]


async def test_nothing_is_asked_where_the_budget_is_used_up() -> None:
    model = Scripted([DONE])
    with pytest.raises(ModelFailed) as caught:
        await caller(model, WrittenLedger(Allowance(tokens=10))).turn(ASKED, nobody)
    assert caught.value.unheard is Unheard.BUDGET
    assert model.calls == 0


class Silent(WrittenLedger):
    """A record that does not answer."""

    async def reserve(self, incident: str, most: Cost) -> str | None:
        raise PortUnavailable("the record does not answer")


class Forgetful(WrittenLedger):
    """A record that stops answering in the middle."""

    async def settle(self, incident: str, most: Cost, cost: Cost) -> None:
        raise PortUnavailable("the record does not answer")


async def test_nor_where_nobody_knows() -> None:
    model = Scripted([DONE])
    with pytest.raises(ModelFailed, match="nobody knows what it has cost"):
        await caller(model, Silent()).turn(ASKED, nobody)
    assert model.calls == 0


async def test_an_answer_that_is_there_is_not_lost_with_the_record() -> None:
    asking = caller(Scripted([DONE]), Forgetful())
    assert await asking.turn(ASKED, nobody) is DONE
    assert asking.cost.tokens == 1110


def turn(usage: Usage | None, text: str = "", *calls: Call) -> Turn:
    return Turn(Stop.DONE, text, calls, Heard([]), usage=usage)


@pytest.mark.parametrize("cached", [0, 5], ids=["nothing", "a little"])
def test_who_counts_next_to_nothing_is_not_believed(cached: int) -> None:
    """Otherwise an endpoint that says zero would have no limit."""
    found = used(LONG, turn(Usage(cache_read=cached), "x" * 6000, Call("1", "look", "y" * 600)))
    assert found.fresh + found.cache_read == size(LONG) // 6
    assert found.out == 1100


def test_who_counts_so_much_as_can_be_is_believed() -> None:
    said = Usage(fresh=size(LONG) // 5, cache_written=1, cache_read=2, out=2000)
    assert used(LONG, turn(said, "x" * 6000)) == said


def test_where_nobody_counts_it_is_as_much_as_it_can_be() -> None:
    found = used(LONG, turn(None, "x" * 6000))
    assert (found.fresh, found.out) == (size(LONG) // 2, 3001)


async def test_what_is_counted_for_nothing_ends_at_the_limit_all_the_same() -> None:
    ledger = WrittenLedger(Allowance(tokens=size(LONG)))
    model = Scripted([turn(Usage(), "x" * 600)] * 20)
    asking = caller(model, ledger)

    async def ask_on() -> None:
        for _ in range(20):
            await asking.turn(LONG, nobody)

    with pytest.raises(ModelFailed, match="tokens, more than"):
        await ask_on()
    assert 1 <= model.calls <= 4


async def test_half_a_character_stops_nobody_from_counting() -> None:
    """A model can write one in JSON, and it comes back with the next question."""
    odd = ASKED.with_more(Heard([{"type": "text", "text": "\ud800"}]))
    answered = turn(Usage(fresh=1), "\udfff")
    assert await caller(Scripted([answered]), WrittenLedger()).turn(odd, nobody) is answered


@pytest.mark.parametrize("price", [PRICE, Price(Decimal(10**6), Decimal(10**6))])
def test_the_largest_bill_at_the_highest_price_can_be_written_down(price: Price) -> None:
    cost = price.of(Usage(*[MOST_TOKENS] * 4))
    assert Cost.model_validate_json(cost.model_dump_json()) == cost
