"""The stories that are kept: between them they pass through every stage in every way it is left."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.support.story import Story
from tests.support.world import OLD

from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import WaitingOn
from vigil.domain.verdict import Answer, Approval

MOST_ROUNDS = 50


def _healed(_: Story) -> None:
    """The cure works."""


def _undone(story: Story) -> None:
    """The cure does not help and is undone."""
    story.shop.checkout_fails = lambda _: True


def _nothing_wrong(story: Story) -> None:
    """The alert is false."""
    story.shop.release = OLD


@dataclass(frozen=True)
class Plot:
    """A story by its name, which records refer to: one that was kept stays in the table."""

    name: str
    setting: Callable[[Story], None] = _healed
    autonomy: Autonomy = Autonomy.AUTO
    answer: Answer = Answer.APPROVED


PLOTS = {
    plot.name: plot
    for plot in (
        Plot("healed"),
        Plot("undone", setting=_undone),
        Plot("approved", autonomy=Autonomy.APPROVE),
        Plot("rejected", autonomy=Autonomy.APPROVE, answer=Answer.REJECTED),
        Plot("left-alone", autonomy=Autonomy.OBSERVE),
        Plot("false-alarm", setting=_nothing_wrong),
    )
}


async def _nothing() -> None:
    """What is done between two segments unless the caller has something to do."""


async def go_on(
    story: Story, plot: Plot, between: Callable[[], Awaitable[object]] = _nothing
) -> None:
    """Segments and answers until nothing is due.

    The sweeper of the engine marks a segment once it is handed over, so it is marked first.
    """
    for _ in range(MOST_ROUNDS):
        for following in await story.journal.due(10):
            await story.journal.mark(following)
            await story.run(following)
            await between()
        if not await story.journal.due(1) and not await _answered(story, plot):
            return
    raise AssertionError(f"still not at the end after {MOST_ROUNDS} rounds")


async def _answered(story: Story, plot: Plot) -> bool:
    (incident,) = await story.journal.incidents()
    if incident.waiting_on is not WaitingOn.APPROVAL or incident.plan_digest is None:
        return False
    answer = Approval(
        plan_digest=incident.plan_digest, answer=plot.answer, by="Ada", at=story.clock.now()
    )
    assert (await story.journal.answer(incident.id, answer)).won
    return True
