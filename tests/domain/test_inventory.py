"""What a plan took away without saying so (well under 1 s)."""

from collections.abc import Callable

import pytest
from tests.phases.values import action, plan
from tests.support.world import catalogue

from vigil.domain.inventory import Inventory, Item, Kind
from vigil.domain.plan import Plan
from vigil.domain.taken_away import compared

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
    return answer(name, marks, digest).model_copy(update={"page": True})


def answer(name: str, marks: frozenset[str], digest: str) -> Item:
    """Of a route, and no page."""
    return item(Kind.ROUTE, name, marks=marks, digest=digest)


def lost(before: list[Item], after: list[Item], of: Plan = PLAN) -> list[str]:
    found = compared(Inventory(items=tuple(before)), Inventory(items=tuple(after)), of)
    return [loss.text for loss in found.lost]


def unsure(before: list[Item], after: list[Item]) -> tuple[str, ...]:
    return compared(Inventory(items=tuple(before)), Inventory(items=tuple(after)), PLAN).unseen


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.ALERT])
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
            item(Kind.SYMPTOM, "late", digest="1"),
            item(Kind.SYMPTOM, "late", digest="2"),
            "symptom late of web is not watched as it was before.",
        ),
        (
            item(Kind.ALERT, "late"),
            item(Kind.ALERT, "late", there=False),
            "Somebody silences the alert late of web now, and did not before.",
        ),
    ],
    ids=["fewer rows", "another page", "another probe", "another condition", "silenced"],
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
    another = [page(path, NEWS, "another release") for path in ("/", "/home")]
    assert lost(both, another) == [], "an application in one page, and a new release of it"
    joined = [*both, page("/about", NEWS, "own")]
    assert len(lost(joined, [page(i.name, NEWS, "same") for i in joined])) == 3


def test_answers_that_are_no_pages_may_be_alike() -> None:
    """Such as "ok"; but not in place of everything that a service of several routes offers."""
    paths = ("/alive", "/ready", "/started", "/orders")
    before = [item(Kind.ROUTE, path, there=False) for path in paths]
    ok = [answer(path, frozenset({"type text/plain"}), "ok") for path in paths]
    assert lost(before[:3], ok[:3]) == []
    assert lost(before, [*ok[:3], answer("/orders", frozenset({"/ list"}), "orders")]) == []
    assert len(lost(before, ok)) == 4


def test_what_a_failing_probe_saw_is_not_how_a_page_should_be() -> None:
    """A page that says "sorry" with status 200, and after the cure is a page again."""
    sorry = page("/", SORRY, "1").model_copy(update={"opened_by": frozenset({"home"})})
    before = Inventory(items=(sorry,))
    assert unsure([sorry], [page("/", PAGE, "2")]) != ()
    unseen = before.without_looks_of({("web", "home")})
    assert lost(list(unseen.items), [page("/", PAGE, "2")]) == []
    assert unsure(list(unseen.items), [page("/", PAGE, "2")]) == ()
    other = before.without_looks_of({("db", "home"), ("web", "buy")})
    assert other == before


def test_a_page_that_comes_back_whole_is_no_loss() -> None:
    """Before the cure it had its frame and none of the goods, and answered 200."""
    goods = frozenset(f"a href /goods/{number}" for number in range(40))
    assert lost([page("/", PAGE, "1")], [page("/", PAGE | goods, "2")]) == []
    assert lost([page("/", PAGE | goods, "1")], [page("/", PAGE, "2")]) != []


def test_an_excuse_that_becomes_a_page_is_no_loss_and_no_proof() -> None:
    """No probe failed that opens it: whether this is the page that it should be, nobody knows."""
    assert lost([page("/", SORRY, "1")], [page("/", PAGE, "2")]) == []
    assert unsure([page("/", SORRY, "1")], [page("/", PAGE, "2")]) == (
        "route / of web (another page now, with more on it)",
    )
    assert unsure([page("/", PAGE, "1")], [page("/", SORRY, "2")]) == ()


def test_one_excuse_for_all_routes_that_become_pages_is_what_a_cure_looks_like() -> None:
    sorry = [page(path, SORRY, "same") for path in ("/", "/basket")]
    pages = [page("/", PAGE, "1"), page("/basket", frozenset({"h1 Basket"}), "2")]
    assert lost(sorry, pages) == []
    assert unsure(sorry, pages) == ()
    shell = [page(path, PAGE, "same") for path in ("/", "/basket")]
    assert len(lost(shell, sorry)) == 2, "an application in one page, closed for maintenance"


def test_what_comes_and_goes_by_itself_is_no_loss_later() -> None:
    """Two counts right after each other: what they do not share is not what a plan takes away."""
    one = Inventory(
        items=(item(Kind.INSTANCE, "a"), item(Kind.INSTANCE, "b"), page("/", PAGE, "1"))
    )
    other = Inventory(items=(item(Kind.INSTANCE, "a"), page("/", NEWS, "2")))
    steady = one.steady(other)
    assert [i.there for i in steady.items] == [True, None, True]
    assert steady.items[2].marks == PAGE & NEWS
    assert lost(list(steady.items), [item(Kind.INSTANCE, "a"), page("/", NEWS, "3")]) == []


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
    its_own = item(Kind.ENDPOINT, "10.0.0.1:80").model_copy(update={"instance": "web-1"})
    assert (lost([its_own], [], announced) == []) is may_go, "it alone listened there"
    assert lost([item(Kind.ENDPOINT, "10.0.0.1:80")], [], announced) != []


def test_what_nobody_could_look_at_again_is_told() -> None:
    see: Callable[[bool | None], Inventory] = lambda there: Inventory(  # noqa: E731 - short
        items=(item(Kind.ENDPOINT, "db:1", there),)
    )
    assert compared(see(True), see(None), PLAN).unseen == ("endpoint db:1 of web",)
    assert compared(see(None), see(None), PLAN).unseen == ()
