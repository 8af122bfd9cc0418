"""What is there before and after: nothing may be taken away so that the rest looks healthy."""

from collections.abc import Sequence

from vigil.domain.inventory import MOST_ITEMS, Compared, Inventory, Item, Kind, Loss, compared
from vigil.domain.plan import Plan
from vigil.domain.silence import Silence
from vigil.verify.eyes import Eyes

SURE = 3
"""Counts in a row that miss a thing; what is only being started again comes back before that."""


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

    def __init__(self, plan: Plan, before: Inventory) -> None:
        self._plan = plan
        self._before = before
        self._rows: list[Compared] = []

    async def again(self, eyes: Eyes) -> None:
        """Count once more."""
        self._rows.append(compared(self._before, await count(self._plan, eyes), self._plan))

    @property
    def lost(self) -> tuple[Loss, ...]:
        """What the newest counts all miss."""
        newest = self._rows[-SURE:]
        if len(newest) < SURE:
            return ()
        return tuple(loss for loss in newest[-1].lost if all(loss in row.lost for row in newest))

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
            return " ".join(loss.text for loss in newest.lost[:5])
        if newest.unseen:
            return f"Nobody could look whether these are still there: {', '.join(newest.unseen)}."
        there = [
            f"{number} {kind}"
            for kind, number in self._before.counts().items()
            if number and kind is not Kind.ALERT
        ]
        told = f" ({', '.join(there)})" if there else ""
        return f"Everything that was there still is{told}."
