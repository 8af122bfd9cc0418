"""TRIGGERED: from an authentic delivery to an incident, opened or joined."""

from vigil.domain.alert import Alert, Delivery
from vigil.domain.catalogue import Catalogue
from vigil.ports.clock import Clock
from vigil.ports.journal import Joined, Journal

UNMAPPED = "alert:"
"""Prefix of the symptom of an alert that nobody mapped; it keeps different alerts apart."""


async def intake(
    delivery: Delivery, *, catalogue: Catalogue, journal: Journal, clock: Clock
) -> tuple[Joined, ...]:
    """Record every alert of a delivery; one fault heard of twice becomes one incident."""
    now = clock.now()
    if delivery.not_understood is not None:
        await journal.record_delivery(delivery.source, delivery.not_understood, now)
    return tuple(
        [
            await journal.receive(
                alert=alert,
                service=alert.service,
                symptom=symptom_of(alert, catalogue),
                title=title_of(alert),
                now=now,
                new_id=clock.new_id(),
            )
            for alert in delivery.alerts
        ]
    )


def symptom_of(alert: Alert, catalogue: Catalogue) -> str:
    """What the alert means to a user, or a symptom of its own when the catalogue does not say."""
    return catalogue.symptom_for(alert.service, alert.name) or f"{UNMAPPED}{alert.name}"


def title_of(alert: Alert) -> str:
    """One line for people."""
    return alert.summary or f"{alert.name} on {alert.service}"
