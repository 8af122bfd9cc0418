"""What a plan took away without saying so (well under 1 s)."""

from collections.abc import Callable

import pytest
from tests.phases.values import action, plan
from tests.support.world import catalogue

from vigil.domain.inventory import Inventory, Item, Kind, compared
from vigil.domain.plan import Plan

PAGE = frozenset({"title Shop", "h1 Catalogue", "form action /basket", "a href /about"})
NEWS = frozenset({"title Shop", "h1 Catalogue", "form action /basket", "a href /news"})
SORRY = frozenset({"title We will be back", "h1 Maintenance"})
PLAN = plan(catalogue())


def item(
    kind: Kind,
    name: str,
    there: bool | None = True,
    *,
    count: float | None = None,
    marks: frozenset[str] = frozenset(),
    digest: str | None = None,
) -> Item:
    return Item(
        kind=kind, service="web", name=name, there=there, count=count, marks=marks, digest=digest
    )


def rows(count: float) -> Item:
    return item(Kind.ROWS, "orders", count=count)


def page(name: str, marks: frozenset[str], digest: str) -> Item:
    return item(Kind.ROUTE, name, marks=marks, digest=digest)


def lost(before: list[Item], after: list[Item], of: Plan = PLAN) -> list[str]:
    found = compared(Inventory(items=tuple(before)), Inventory(items=tuple(after)), of)
    return [loss.text for loss in found.lost]


@pytest.mark.parametrize("kind", [Kind.INSTANCE, Kind.ENDPOINT, Kind.ROUTE, Kind.PROBE])
@pytest.mark.parametrize("after", [[], [False]], ids=["not counted any more", "not there"])
def test_what_was_there_and_is_not(kind: Kind, after: list[bool]) -> None:
    now = [item(kind, "one", there) for there in after]
    assert lost([item(kind, "one")], now) == [f"{kind} one of web was there before and is gone."]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rows(7), rows(7)),
        (rows(7), rows(8)),
        (item(Kind.INSTANCE, "one", there=False), item(Kind.INSTANCE, "one", there=False)),
        (item(Kind.INSTANCE, "one", there=None), item(Kind.INSTANCE, "one", there=False)),
        (item(Kind.INSTANCE, "one", there=False), item(Kind.INSTANCE, "one")),
        (page("/", PAGE, "1"), page("/", NEWS, "2")),
        (item(Kind.ALERT, "late", there=False), item(Kind.ALERT, "late", there=False)),
    ],
    ids=["same rows", "more rows", "gone before", "unseen before", "back", "news", "silenced"],
)
def test_what_is_no_loss(before: Item, after: Item) -> None:
    assert lost([before], [after]) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (rows(7), rows(6), "rows orders of web: 7 before, 6 now."),
        (
            page("/", PAGE, "1"),
            page("/", SORRY, "2"),
            "route / of web shows another page than before.",
        ),
        (
            item(Kind.PROBE, "buy", digest="1"),
            item(Kind.PROBE, "buy", digest="2"),
            "probe buy of web does not look for what it looked for before.",
        ),
        (
            item(Kind.ALERT, "late"),
            item(Kind.ALERT, "late", there=False),
            "Somebody silences the alert late of web now, and did not before.",
        ),
    ],
    ids=["fewer rows", "another page", "another probe", "silenced"],
)
def test_what_is_not_as_it_was(before: Item, after: Item, said: str) -> None:
    assert lost([before], [after]) == [said]


def test_one_page_for_all_routes_is_a_loss_also_where_they_were_broken_before() -> None:
    before = [item(Kind.ROUTE, path, there=False) for path in ("/", "/basket")]
    sorry = [page(path, SORRY, "same") for path in ("/", "/basket")]
    assert lost(before, sorry)[0] == "Different routes of web show one page: /, /basket."
    apart = [page("/", PAGE, "1"), page("/basket", NEWS, "2")]
    assert lost(before, apart) == []


def test_routes_that_always_showed_one_page_may_go_on() -> None:
    both = [page(path, PAGE, "same") for path in ("/", "/home")]
    assert lost(both, both) == []


@pytest.mark.parametrize(
    ("script", "may_go"),
    [
        ("vigil-do process.stop stop web-1\n", True),
        ("vigil-do process.stop stop web-1\nvigil-do process.start start web-1\n", False),
        ("vigil-do process.restart restart web-1\n", False),
        ("vigil-do process.stop stop web-2\n", False),
    ],
)
def test_what_the_plan_said_may_go(script: str, *, may_go: bool) -> None:
    announced = plan(catalogue(), action(script, None))
    gone = lost([item(Kind.INSTANCE, "web-1")], [], announced)
    assert (gone == []) is may_go


def test_what_nobody_could_look_at_again_is_told() -> None:
    see: Callable[[bool | None], Inventory] = lambda there: Inventory(  # noqa: E731 - short
        items=(item(Kind.ENDPOINT, "db:1", there),)
    )
    assert compared(see(True), see(None), PLAN).unseen == ("endpoint db:1 of web",)
    assert compared(see(None), see(None), PLAN).unseen == ()
