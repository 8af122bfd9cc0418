"""The stories that are kept: between them they pass through every stage in every way it is left."""

from asyncio import Event
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.support.story import Story
from tests.support.world import OLD

from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import Incident, WaitingOn
from vigil.domain.run import RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Answer, Approval
from vigil.ports.journal import Decided
from vigil.taking_in import TakingIn

MOST_ROUNDS = 50
ANOTHER = "another incident"
"""Who has locked what a plot says is busy; nothing else is known of it."""
STOPPED = SwitchState(stopped=True, by="Ada", text="drill")


def _healed(_: Story) -> None:
    """The cure works."""


def _undone(story: Story) -> None:
    """The cure does not help and is undone."""
    story.shop.checkout_fails = lambda _: True


def _nothing_wrong(story: Story) -> None:
    """The alert is false."""
    story.shop.release = OLD


def _stopped(story: Story) -> None:
    """Somebody stops Vigil while it acts. The cure does not help, and must not be undone."""
    _undone(story)

    def stop(_: RunOrder) -> None:
        story.switch.set(STOPPED)

    story.sandbox.before = stop


@dataclass(frozen=True)
class Plot:
    """A story by its name, which records refer to: one that was kept stays in the table."""

    name: str
    setting: Callable[[Story], None] = _healed
    autonomy: Autonomy = Autonomy.AUTO
    answer: Answer = Answer.APPROVED
    busy: tuple[str, ...] = ()
    """What another incident keeps locked until this one waits for it."""
    stopped: bool = False
    """Somebody stops Vigil while the plan waits, and lets it go on before it is answered."""


PLOTS = {
    plot.name: plot
    for plot in (
        Plot("healed"),
        Plot("undone", setting=_undone),
        Plot("approved", autonomy=Autonomy.APPROVE),
        Plot("rejected", autonomy=Autonomy.APPROVE, answer=Answer.REJECTED),
        Plot("left-alone", autonomy=Autonomy.OBSERVE),
        Plot("false-alarm", setting=_nothing_wrong),
        Plot("queued", busy=("service:db",)),
        Plot("stopped", setting=_stopped, autonomy=Autonomy.APPROVE, stopped=True),
    )
}


async def _nothing() -> None:
    """What is done between two segments unless the caller has something to do."""


async def go_on(
    story: Story, plot: Plot, between: Callable[[], Awaitable[object]] = _nothing
) -> None:
    """What is unread, segments, and what the incident waits for, until nothing is due.

    The sweeper of the engine marks a segment once it is handed over, so it is marked first.
    """
    await TakingIn(story.record.inbox, story.parts.catalogue, story.clock, Event()).round()
    for _ in range(MOST_ROUNDS):
        for following in await story.journal.due(10):
            await story.journal.mark(following)
            await story.run(following)
            await between()
        if not await story.journal.due(1) and not await _waited(story, plot):
            return
    raise AssertionError(f"still not at the end after {MOST_ROUNDS} rounds")


async def _waited(story: Story, plot: Plot) -> bool:
    """Whether it waited for something; it has come by now, and nothing was begun before."""
    (incident,) = await story.journal.incidents()
    if incident.waiting_on is None:
        return False
    assert not story.sandbox.asked, "what waits is not begun"
    if incident.waiting_on is WaitingOn.LOCKS:
        await _free(story, incident)
    else:
        await _settle(story, plot, incident)
    return True


async def _free(story: Story, incident: Incident) -> None:
    assert await story.parts.locks.ready(10) == ()
    await story.parts.locks.release(ANOTHER)
    assert await story.parts.locks.ready(10) == (incident.id,)
    assert await story.journal.wake(incident.id)


async def _settle(story: Story, plot: Plot, incident: Incident) -> None:
    if plot.stopped:
        story.switch.set(STOPPED)
        assert not (await _answered(story, plot, incident)).won
        story.switch.set(SwitchState(stopped=False))
    assert (await _answered(story, plot, incident)).won


async def _answered(story: Story, plot: Plot, incident: Incident) -> Decided:
    assert incident.plan_digest is not None
    answer = Approval(
        plan_digest=incident.plan_digest, answer=plot.answer, by="Ada", at=story.clock.now()
    )
    return await story.journal.answer(incident.id, answer)
