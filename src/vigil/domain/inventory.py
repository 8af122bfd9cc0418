"""What is there: what a service consists of, counted before a plan acts and again after it.

A cure that takes away what was broken looks healthy to every probe of what is left. What was there
before and is not there afterwards is a loss, unless the plan said that it would go
(``domain/taken_away.py``).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import Field

from vigil.domain.value import Value

MOST_ITEMS = 500
"""Things of one inventory; what is beyond is not counted, before nor after."""
MOST_MARKS = 200
"""Marks of one page, the first ones."""
MOST_NAME = 300
"""Characters of a thing's name: an address may be long."""


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
    SYMPTOM = "symptom"
    """How the catalogue has a symptom watched: its probes, its condition, when it is left alone."""


THINGS: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        Kind.INSTANCE: ("process", "processes"),
        Kind.ENDPOINT: ("address", "addresses"),
        Kind.ROUTE: ("page", "pages"),
        Kind.ROWS: ("row count", "row counts"),
        Kind.PROBE: ("probe", "probes"),
    }
)
"""One and many of each kind that is a thing, as people call them."""

COMES_BACK = frozenset({Kind.INSTANCE, Kind.ENDPOINT, Kind.ROUTE})
"""What is gone for a while when something is restarted, and then is there again by itself."""

Key = tuple[Kind, str, str]
"""Kind, service and name: by these the same thing is found in another count."""


class Item(Value):
    """One thing of a service. ``there`` is None when nobody could look."""

    kind: Kind
    service: str
    name: str = Field(max_length=MOST_NAME)
    there: bool | None
    count: float | None = None
    """Of rows: how many."""
    marks: frozenset[str] = Field(default=frozenset(), max_length=MOST_MARKS)
    """What a page consists of, whatever its contents are: headings, forms, links, keys."""
    digest: str | None = None
    """Of a page's whole content, or of what a probe looks for."""
    page: bool = False
    """Of a route: it answers with HTML, for people to read."""
    opened_by: frozenset[str] = frozenset()
    """Of a route: the service's probes that open it."""
    instance: str | None = None
    """Of an endpoint: the process that it is known to be of, and goes with."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.service}"

    @property
    def key(self) -> Key:
        """What it is, whatever became of it."""
        return self.kind, self.service, self.name


class Inventory(Value):
    """Everything that was counted at one time."""

    items: tuple[Item, ...] = Field(default=(), max_length=MOST_ITEMS)

    def counts(self) -> Mapping[Kind, int]:
        """How many of each kind are there."""
        found: dict[Kind, int] = defaultdict(int)
        for item in self.items:
            found[item.kind] += item.there is True
        return found

    def steady(self, again: "Inventory") -> "Inventory":
        """What is the same in two counts: what comes and goes by itself is no loss later.

        Of a page those marks stay that it kept; its other contents are news.
        """
        now = {item.key: item for item in again.items}
        return Inventory(items=tuple(_steady(item, now.get(item.key)) for item in self.items))

    def without_looks_of(self, failing: Collection[tuple[str, str]]) -> "Inventory":
        """As if nobody had seen the pages that these probes open (service, probe).

        What a failing probe saw is not how a page should be.
        """
        return Inventory(
            items=tuple(
                item.model_copy(update={"marks": frozenset()})
                if any((item.service, probe) in failing for probe in item.opened_by)
                else item
                for item in self.items
            )
        )


class Loss(Value):
    """One thing that was there and is not, or not as it was; ``text`` is a sentence."""

    kind: Kind
    service: str
    name: str
    text: str

    @property
    def key(self) -> Key:
        """What is lost, in whatever way."""
        return self.kind, self.service, self.name


class Counted(Value):
    """How many of one kind were there before a plan acted, and at the newest count since."""

    kind: Kind
    before: int
    after: int


class Compared(Value):
    """Two inventories side by side."""

    lost: tuple[Loss, ...] = ()
    unseen: tuple[str, ...] = ()
    """What was there before and of which nobody can say whether it still is: it may be gone."""


def _steady(item: Item, again: Item | None) -> Item:
    if again is None or again.there is not item.there:
        return item.model_copy(update={"there": None})
    return again.model_copy(update={"marks": item.marks & again.marks})
