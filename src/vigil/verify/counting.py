"""What is there before and after: nothing may be taken away so that the rest looks healthy."""

from collections.abc import Sequence

from vigil.domain.inventory import (
    COMES_BACK,
    MOST_ITEMS,
    THINGS,
    Compared,
    Counted,
    Inventory,
    Item,
    Kind,
    Loss,
)
from vigil.domain.plan import Plan
from vigil.domain.silence import Silence
from vigil.domain.taken_away import compared
from vigil.verify.eyes import Eyes
from vigil.verify.starting import Starting

SURE = 3
"""Counts in a row that miss a thing before it is lost."""
MOST_TOLD = 5
"""Losses that the sentence tells."""


async def count(plan: Plan, eyes: Eyes) -> Inventory:
    """Everything of the service and of those around it, and whether its alerts can be heard."""
    around = (plan.service, *(ref.service for ref in plan.neighbours))
    inventory = await eyes.inventories.take(tuple(dict.fromkeys(around)))
    return Inventory(items=(await _heard(plan, eyes), *inventory.items)[:MOST_ITEMS])


async def _heard(plan: Plan, eyes: Eyes) -> Item:
    said: list[Sequence[Silence] | None] = [
        await source.over(plan.service, plan.symptom, eyes.clock.now()) for source in eyes.silences
    ]
    known = [silences for silences in said if silences is not None]
    there = None if len(known) < len(said) else not any(known)
    return Item(kind=Kind.ALERT, service=plan.service, name=plan.symptom, there=there)


class Counting:
    """The counts of one verification, beside the one before the plan acted."""

    def __init__(self, plan: Plan, before: Inventory, starting: Starting, began: float) -> None:
        """``began`` is when the plan had acted, by a clock that cannot jump."""
        self._plan = plan
        self._before = before
        self._starting = starting
        self._began = began
        self._rows: list[Compared] = []
        self._newest = Inventory()
        self._elapsed = began

    async def again(self, eyes: Eyes) -> None:
        """Count once more."""
        self._newest = await count(self._plan, eyes)
        self._rows.append(compared(self._before, self._newest, self._plan))
        self._elapsed = eyes.clock.elapsed()

    @property
    def lost(self) -> tuple[Loss, ...]:
        """What the newest counts all miss, but for what a restart may still bring back."""
        newest = self._rows[-SURE:]
        if len(newest) < SURE:
            return ()
        known = [{loss.key for loss in row.lost} for row in newest]
        return tuple(
            loss
            for loss in newest[-1].lost
            if all(loss.key in row for row in known) and not self._may_come_back(loss)
        )

    def _may_come_back(self, loss: Loss) -> bool:
        since = self._elapsed - self._began
        return loss.kind in COMES_BACK and since < self._starting.within_s(loss.service)

    @property
    def doubtful(self) -> bool:
        """Something is missing, and it was not counted often enough to call it lost."""
        return bool(self._rows) and bool(self._rows[-1].lost) and not self.lost

    @property
    def missing(self) -> tuple[Loss, ...]:
        """What the newest count misses, whether or not the ones before it did."""
        return self._rows[-1].lost[:MOST_ITEMS] if self._rows else ()

    @property
    def counted(self) -> tuple[Counted, ...]:
        """How much of each kind was there before, and is there at the newest count."""
        if not self._rows:
            return ()
        before, after = self._before.counts(), self._newest.counts()
        kinds = (kind for kind in Kind if before.get(kind) or after.get(kind))
        return tuple(
            Counted(kind=kind, before=before.get(kind, 0), after=after.get(kind, 0))
            for kind in kinds
        )

    @property
    def began(self) -> bool:
        """Something was counted since the plan acted."""
        return bool(self._rows)

    @property
    def whole(self) -> bool:
        """Nothing that was there is missing in the newest count, and all of it could be seen."""
        return bool(self._rows) and not self._rows[-1].lost and not self._rows[-1].unseen

    @property
    def text(self) -> str:
        """What the newest count says, as a sentence."""
        if not self._rows:
            return "It was not counted what is there."
        newest = self._rows[-1]
        if newest.lost:
            texts = dict.fromkeys(loss.text for loss in newest.lost)
            return " ".join(list(texts)[:MOST_TOLD])
        if newest.unseen:
            return f"Nobody can say whether these are still there: {', '.join(newest.unseen)}."
        there = [
            f"{number} {THINGS[kind][number > 1]}"
            for kind, number in self._before.counts().items()
            if number and kind in THINGS
        ]
        told = f" ({', '.join(there)})" if there else ""
        return f"Everything that was there still is{told}."
