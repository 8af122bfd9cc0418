"""What a plan took away: two inventories side by side, of before it acted and of after it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vigil.domain.inventory import Compared, Inventory, Item, Key, Kind, Loss
from vigil.domain.plan import Plan

ALIKE = 0.5
"""Share of its marks that a page keeps when it is the same page with other contents. What it has
besides is no loss: where it was broken before, all that it shows comes only with the cure."""
ALIKE_ANYWAY = 3
"""So many routes may be all that a service has and answer alike: looks at its health, such as for
being alive, ready and started."""


def compared(before: Inventory, after: Inventory, plan: Plan) -> Compared:
    """What a plan took away without saying so."""
    now = {item.key: item for item in after.items}
    apart = _come_apart(before, now)
    losses: list[Loss] = []
    unseen: list[str] = []
    for item in before.items:
        if not item.there or _announced(item, plan):
            continue
        other = now.get(item.key)
        if other is not None and other.there is None:
            unseen.append(str(item))
        elif other is not None and _another_page(item, other):
            if item.key in apart:
                continue
            if len(other.marks) > len(item.marks):
                # Was that an excuse, or is this one? Who undoes a cure has to be surer.
                unseen.append(f"{item} (another page now, with more on it)")
            else:
                losses.append(_loss(item, f"{item} shows another page than before."))
        elif (text := _lost(item, other)) is not None:
            losses.append(_loss(item, text))
    losses += _one_page_for_all(before, after)
    once = {loss.key: loss for loss in reversed(losses)}
    return Compared(lost=tuple(reversed(once.values())), unseen=tuple(unseen))


def _announced(item: Item, plan: Plan) -> bool:
    """The plan stops this very process for good: whoever allowed it knew that it would go, and that
    nobody would answer any more where it alone did.
    """
    calls = [call for action in plan.actions for call in action.effects.calls]
    stopped = {word for call in calls if call.verb == "process.stop" for word in call.arguments}
    started = {word for call in calls if call.verb == "process.start" for word in call.arguments}
    process = item.name if item.kind is Kind.INSTANCE else item.instance
    return process is not None and process in stopped - started


def _lost(before: Item, after: Item | None) -> str | None:
    """Why something that was there is lost, as a sentence."""
    if before.kind is Kind.ALERT:
        silenced = after is not None and after.there is False
        return f"Somebody silences the {before} now, and did not before." if silenced else None
    if after is None or not after.there:
        return f"{before} was there before and is gone."
    return _changed(before, after)


def _changed(before: Item, after: Item) -> str | None:
    """Why something that is still there is not what it was, as a sentence."""
    if before.count is not None and after.count is not None and after.count < before.count:
        return f"{before}: {before.count:g} before, {after.count:g} now."
    if before.kind is Kind.PROBE and before.digest != after.digest:
        return f"{before} does not look for what it looked for before."
    if before.kind is Kind.SYMPTOM and before.digest != after.digest:
        return f"{before} is not watched as it was before."
    return None


def _another_page(before: Item, after: Item) -> bool:
    if not (after.there and before.marks and after.marks):
        return False
    return len(before.marks & after.marks) / len(before.marks) < ALIKE


def _come_apart(before: Inventory, now: Mapping[Key, Item]) -> frozenset[Key]:
    """Routes that showed one page before, as an excuse does, and show pages of their own now."""
    of: dict[tuple[str, str | None], list[Key]] = defaultdict(list)
    for item in _answers(before):
        of[item.service, item.digest].append(item.key)
    same = [keys for keys in of.values() if len(keys) > 1]
    digests = [[now[key].digest for key in keys if key in now] for keys in same]
    return frozenset(
        key
        for keys, seen in zip(same, digests, strict=True)
        if len(set(seen)) == len(keys)
        for key in keys
    )


def _one_page_for_all(before: Inventory, after: Inventory) -> Iterator[Loss]:
    """Different routes that now answer with one and the same page, as for maintenance.

    It is a loss also where the routes were broken before, so that there is no page to compare with;
    not where they showed one page then as well, as those of an application in one page do, whatever
    that page is by now. Answers that are no pages are often the same, such as "ok".
    """
    once = {item.key: item.digest for item in _answers(before)}
    of: dict[tuple[str, str | None], list[Item]] = defaultdict(list)
    for item in _answers(after):
        of[item.service, item.digest].append(item)
    for (service, _), same in of.items():
        were = {once.get(item.key) for item in same}
        alike_before = len(were) == 1 and None not in were
        if len(same) > 1 and not alike_before and _for_people(same, after):
            names = ", ".join(item.name for item in same)
            for item in same:
                yield _loss(item, f"Different routes of {service} show one page: {names}.")


def _for_people(same: Sequence[Item], after: Inventory) -> bool:
    """Pages; or one answer of whatever form in place of everything that the service offers."""
    offered = [i for i in _answers(after) if i.service == same[0].service]
    return any(item.page for item in same) or len(same) == len(offered) > ALIKE_ANYWAY


def _answers(inventory: Inventory) -> Iterable[Item]:
    return (i for i in inventory.items if i.kind is Kind.ROUTE and i.there and i.digest)


def _loss(item: Item, text: str) -> Loss:
    return Loss(kind=item.kind, service=item.service, name=item.name, text=text)
