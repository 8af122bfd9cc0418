"""TRIGGERED: from an authentic delivery to an incident, opened or joined."""

from vigil.domain.alert import Alert, Delivery
from vigil.domain.catalogue import Catalogue
from vigil.domain.identity import content_digest
from vigil.domain.scrub import clean
from vigil.domain.value import Value
from vigil.ports.clock import Clock
from vigil.ports.journal import Joined, Journal

UNMAPPED = "alert:"
"""Prefix of the symptom of an alert that nobody mapped; it keeps different alerts apart."""

MOST_NAME = 48
"""Characters of an alert's own name in the symptom of one that nobody mapped."""
MOST_SHOWN = 200


class TakenIn(Value):
    """What became of a delivery, alert by alert."""

    joined: tuple[Joined, ...]
    replayed: bool = False
    """It was taken in before, and changed nothing now."""


async def intake(
    delivery: Delivery, *, catalogue: Catalogue, journal: Journal, clock: Clock
) -> TakenIn:
    """Record every alert of a delivery; one fault heard of twice becomes one incident.

    It is remembered last: after a crash in between it is taken in once more, which the keys of its
    alerts make harmless, while the other order could lose it.
    """
    if delivery.ids and await journal.seen_before(delivery.source, delivery.ids):
        return TakenIn(joined=(), replayed=True)
    now = clock.now()
    for trace in (delivery.not_understood, delivery.without_effect):
        if trace is not None:
            await journal.record_delivery(delivery.source, trace, now)
    joined = [
        await journal.receive(
            alert=shown(alert),
            service=catalogue.service_called(alert.service),
            symptom=symptom_of(alert, catalogue),
            title=title_of(alert),
            now=now,
            new_id=clock.new_id(),
        )
        for alert in delivery.alerts
    ]
    if delivery.ids:
        await journal.remember_delivery(delivery.source, delivery.ids, now)
    return TakenIn(joined=tuple(joined))


def symptom_of(alert: Alert, catalogue: Catalogue) -> str:
    """What the alert means to a user, or a symptom of its own when the catalogue does not say."""
    service = catalogue.service_called(alert.service)
    return catalogue.symptom_for(service, alert.name) or f"{UNMAPPED}{_short(alert.name)}"


def shown(alert: Alert) -> Alert:
    """With a name to keep and show: the whole one, which may be a stranger's sentence, was only
    needed to find the symptom.
    """
    return alert.model_copy(update={"name": clean(alert.name, MOST_SHOWN)})


def title_of(alert: Alert) -> str:
    """One line for people."""
    return alert.summary or f"{shown(alert).name} on {alert.service}"


def _short(name: str) -> str:
    """Names that differ stay apart also where what tells them apart may not be kept."""
    kept = clean(name, MOST_NAME)
    return kept if kept == name else f"{kept}#{content_digest(name)[-8:]}"
