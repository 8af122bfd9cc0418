"""TRIGGERED: from authentic deliveries to incidents, opened or joined."""

from collections.abc import Sequence

from vigil.domain.alert import Alert, Delivery
from vigil.domain.catalogue import Catalogue
from vigil.domain.identity import content_digest
from vigil.domain.scrub import clean
from vigil.ports.clock import Clock
from vigil.ports.inbox import Arrival, Inbox, Letter, MappedAlert, TakenIn

UNMAPPED = "alert:"
"""Prefix of the symptom of an alert that nobody mapped; it keeps different alerts apart."""

MOST_NAME = 48
"""Characters of a name that nobody here gave, in what an incident is known by."""
MOST_SHOWN = 200


async def intake(
    letters: Sequence[Letter], *, catalogue: Catalogue, inbox: Inbox, clock: Clock
) -> tuple[TakenIn, ...]:
    """Take every alert of these letters in; one fault heard of twice becomes one incident.

    All of it is one transaction, with which the letters leave the inbox: after a crash they are
    still there, or everything is done. Letters that cannot be read stay where they are.
    """
    return await inbox.receive(
        [
            arrival(letter, letter.delivery, catalogue, clock)
            for letter in letters
            if letter.delivery is not None
        ]
    )


def arrival(letter: Letter, delivery: Delivery, catalogue: Catalogue, clock: Clock) -> Arrival:
    """What a delivery means here."""
    traces = (delivery.not_understood, delivery.without_effect)
    return Arrival(
        number=letter.number,
        source=letter.source,
        at=letter.at,
        alerts=tuple(mapped(alert, catalogue, clock) for alert in delivery.alerts),
        doings=delivery.doings,
        traces=tuple(trace for trace in traces if trace is not None),
        ids=delivery.ids,
    )


def mapped(alert: Alert, catalogue: Catalogue, clock: Clock) -> MappedAlert:
    """What an alert means here, in the catalogue's words."""
    return MappedAlert(
        alert=shown(alert),
        service=service_of(alert, catalogue),
        symptom=symptom_of(alert, catalogue),
        title=title_of(alert),
        new_id=clock.new_id(),
    )


def service_of(alert: Alert, catalogue: Catalogue) -> str:
    """The service's name here, or the source's own word for one that is not known here."""
    service = catalogue.service_called(alert.service)
    return service if service in catalogue.services else _short(service)


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
