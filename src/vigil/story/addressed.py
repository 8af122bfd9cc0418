"""To whom a moment is told: one outside incident after the other, and what is done with each."""

from collections.abc import Callable, Iterator, Sequence

from vigil.domain.catalogue import Outside
from vigil.domain.message import Deed, Draft
from vigil.domain.timeline import Event
from vigil.domain.value import Instant
from vigil.story.moments import Kind, Moment, reported

MOST_PLACES = 20
"""Outside incidents of one incident that are told of it: those that were reported first."""

PlaceOf = Callable[[str, str], str | None]
"""What a channel calls the incident of an alert, by its source and fingerprint."""


def drafts(
    events: Sequence[Event],
    moments: Sequence[Moment],
    place_of: PlaceOf,
    wishes: Outside,
    since: Instant,
) -> Iterator[Draft]:
    """What is to be told of a timeline, in order; nothing of what came before ``since``.

    Whoever is reported later is told what comes after that, and first that Vigil is at work.
    """
    places: dict[str, int] = {}
    for alert in reported(events):
        place = place_of(alert.source, alert.fingerprint)
        if place is not None and len(places) < MOST_PLACES:
            places.setdefault(place, alert.seq)
    for moment in moments:
        for place, first in places.items():
            joins = moment.kind is Kind.JOINED
            concerns = moment.seq == first if joins else moment.seq >= first
            if concerns and moment.at >= since:
                for deed in deeds(moment.kind, wishes):
                    yield Draft(place=place, key=moment.key, deed=deed, said_at=moment.at)


def deeds(kind: Kind, wishes: Outside) -> Iterator[Deed]:
    """What is done where such a moment is told.

    Nothing is resolved but what is proven, unless the owner wants it; and nobody's pager is kept
    quiet unless the owner wants that, and only while something is really being done. What is said
    comes first: one deed of a place waits for the one before, and what is done may be refused.
    """
    yield Deed.NOTE
    if kind is Kind.ACTING and wishes.acknowledge:
        yield Deed.ACKNOWLEDGE
    resolved = kind is Kind.RESOLVED and wishes.resolve
    if resolved or (kind is Kind.FALSE_ALARM and wishes.resolve_false_alarms):
        yield Deed.RESOLVE
