"""What is there: what a service consists of, counted before a plan acts and again after it.

A cure that takes away what was broken looks healthy to every probe of what is left. What was there
before and is not there afterwards is a loss, unless the plan said that it would go.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from pydantic import Field

from vigil.domain.plan import Plan
from vigil.domain.value import Value

ALIKE = 0.5
"""Share of its marks that a page keeps when it is the same page with other contents."""
MOST_MARKS = 200
MOST_ITEMS = 500


class Kind(StrEnum):
    """What is counted."""

    INSTANCE = "instance"
    """A process of the service that runs."""
    ENDPOINT = "endpoint"
    """An address that accepts connections."""
    ROUTE = "route"
    """A page or an answer that users can ask for."""
    ROWS = "rows"
    """What a canary query counts."""
    PROBE = "probe"
    """A probe that Vigil itself looks through, as the catalogue has it."""
    ALERT = "alert"
    """That the alerts of a symptom can be heard: nobody silences them."""


class Item(Value):
    """One thing of a service. ``there`` is None when nobody could look."""

    kind: Kind
    service: str
    name: str = Field(max_length=300)
    there: bool | None
    count: float | None = None
    """Of rows: how many."""
    marks: frozenset[str] = Field(default=frozenset(), max_length=MOST_MARKS)
    """What a page consists of, whatever its contents are: headings, forms, links, keys."""
    digest: str | None = None
    """Of a page's whole content, or of what a probe looks for."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.service}"


class Inventory(Value):
    """Everything that was counted at one time."""

    items: tuple[Item, ...] = Field(default=(), max_length=MOST_ITEMS)

    def counts(self) -> Mapping[Kind, int]:
        """How many of each kind are there."""
        found: dict[Kind, int] = defaultdict(int)
        for item in self.items:
            found[item.kind] += item.there is True
        return found


class Loss(Value):
    """One thing that was there and is not, or not as it was; ``text`` is a sentence."""

    kind: Kind
    service: str
    name: str
    text: str


class Compared(Value):
    """Two inventories side by side."""

    lost: tuple[Loss, ...] = ()
    unseen: tuple[str, ...] = ()
    """What was there before and could not be looked at again: it may be gone."""


def compared(before: Inventory, after: Inventory, plan: Plan) -> Compared:
    """What a plan took away without saying so."""
    now = {(item.kind, item.service, item.name): item for item in after.items}
    losses: list[Loss] = []
    unseen: list[str] = []
    for item in before.items:
        if not item.there or _announced(item, plan):
            continue
        other = now.get((item.kind, item.service, item.name))
        if other is not None and other.there is None:
            unseen.append(str(item))
        elif (text := _lost(item, other)) is not None:
            losses.append(_loss(item, text))
    losses += _one_page_for_all(before, after)
    once = {(loss.kind, loss.service, loss.name): loss for loss in reversed(losses)}
    return Compared(lost=tuple(reversed(once.values())), unseen=tuple(unseen))


def _announced(item: Item, plan: Plan) -> bool:
    """The plan stops this very process for good: whoever allowed it knew that it would go."""
    calls = [call for action in plan.actions for call in action.effects.calls]
    stopped = {word for call in calls if call.verb == "process.stop" for word in call.arguments}
    started = {word for call in calls if call.verb == "process.start" for word in call.arguments}
    return item.kind is Kind.INSTANCE and item.name in stopped - started


def _lost(before: Item, after: Item | None) -> str | None:
    """Why something that was there is lost, as a sentence."""
    if before.kind is Kind.ALERT:
        silenced = after is not None and after.there is False
        return f"Somebody silences the {before} now, and did not before." if silenced else None
    if after is None or not after.there:
        return f"{before} was there before and is gone."
    if before.count is not None and after.count is not None and after.count < before.count:
        return f"{before}: {before.count:g} before, {after.count:g} now."
    if before.kind is Kind.PROBE and before.digest != after.digest:
        return f"{before} does not look for what it looked for before."
    if before.marks and _likeness(before.marks, after.marks) < ALIKE:
        return f"{before} shows another page than before."
    return None


def _one_page_for_all(before: Inventory, after: Inventory) -> Iterator[Loss]:
    """Different routes that now answer with one and the same page, as for maintenance.

    It is a loss also where the routes were broken before, so that there is no page to compare with.
    """
    alike_before = {(item.service, item.digest) for item in _pages(before) if item.digest}
    of: dict[tuple[str, str | None], list[Item]] = defaultdict(list)
    for item in _pages(after):
        of[item.service, item.digest].append(item)
    for same, pages in of.items():
        if len(pages) > 1 and same not in alike_before:
            names = ", ".join(page.name for page in pages)
            for page in pages:
                yield _loss(page, f"Different routes of {page.service} show one page: {names}.")


def _pages(inventory: Inventory) -> Iterable[Item]:
    return (i for i in inventory.items if i.kind is Kind.ROUTE and i.there and i.digest)


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _loss(item: Item, text: str) -> Loss:
    return Loss(kind=item.kind, service=item.service, name=item.name, text=text)
