"""Silences that people have set in Alertmanager (its HTTP API, version 2)."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2

from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.run import Health
from vigil.domain.scrub import clean
from vigil.domain.silence import Silence
from vigil.domain.value import Instant
from vigil.integrations._clients.http import IDENTITY, read_body, tls_context
from vigil.integrations._clients.untrusted import moment
from vigil.integrations.silences.matching import Labels, Matcher, concerns

DEADLINE_S = 3.0
MOST_BYTES = 4 * 1024 * 1024
MOST = 20
MOST_TEXT = 200
ALERT = "alert:"
"""Begins a symptom that nobody has mapped to one of the catalogue; the alert's name follows."""


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class _NotUnderstood(Exception):
    """An answer that is not one of Alertmanager's."""


class AlertmanagerSilences:
    """Fulfils ``ports.silences.Silences`` by asking Alertmanager each time."""

    def __init__(self, url: str, catalogue: Catalogue) -> None:
        self._url = f"{url.rstrip('/')}/api/v2/silences"
        self._catalogue = catalogue

    async def over(self, service: str, symptom: str, at: Instant) -> tuple[Silence, ...] | None:
        """Those that concern the service, or what it needs."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                found = await self._ask()
            return tuple(self._silences(found, service, symptom, at))[:MOST]
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, OSError, _NotUnderstood):
            return None

    async def health(self) -> Health:
        """Whether it can be asked now; until it can, everything is asked of people."""
        known = await self.over("", "", _LONG_AGO) is not None
        return Health(
            part="silences",
            ok=known,
            text="Alertmanager says what is silenced" if known else "Alertmanager gives no answer",
            remedy=None if known else "see that it runs, and what ALERTMANAGER_URL says",
            vital=False,
        )

    async def _ask(self) -> list[Any]:
        async with (
            httpx2.AsyncClient(
                trust_env=False, verify=tls_context(), timeout=DEADLINE_S, headers=IDENTITY
            ) as client,
            client.stream("GET", self._url, follow_redirects=False) as answer,
        ):
            body = await read_body(answer, MOST_BYTES)
        if answer.status_code != httpx2.codes.OK or not body.complete:
            raise _NotUnderstood
        try:
            found = json.loads(body.content)
        except (ValueError, RecursionError):
            raise _NotUnderstood from None
        if not isinstance(found, list):
            raise _NotUnderstood
        return found

    def _silences(
        self, found: list[Any], service: str, symptom: str, at: Instant
    ) -> Iterator[Silence]:
        known = self._catalogue.services
        if service not in known:
            return
        for name in (service, *known[service].depends_on):
            labels = _labels(name, known[name], symptom if name == service else None)
            names = frozenset({name, *known[name].also_known_as})
            for raw in found:
                begins, ends, matchers = _read(raw)
                if begins <= at < ends and concerns(matchers, labels, names):
                    yield Silence(
                        service=name,
                        because=clean(raw["comment"], MOST_TEXT) or "no comment was given",
                        by=clean(raw["createdBy"], MOST_TEXT),
                        until=ends,
                    )


def _labels(name: str, service: Service, symptom: str | None) -> Labels:
    """What is known of the labels of its alerts; of what it needs, any alert counts."""
    mapped = [
        each for named, each in service.symptoms.items() if symptom is None or named == symptom
    ]
    alerts = {alert for each in mapped for alert in each.alerts}
    if symptom is not None:
        alerts.add(symptom.removeprefix(ALERT))
    labels = {
        "alertname": frozenset(alerts),
        "service": frozenset({name, *service.also_known_as}),
        "team": frozenset({service.team} - {""}),
    }
    return {label: values for label, values in labels.items() if values}


def _read(raw: Any) -> tuple[Instant, Instant, tuple[Matcher, ...]]:  # noqa: ANN401 - a stranger's
    """Beginning, end and conditions; one that cannot be read makes the whole answer doubtful."""
    try:
        begins, ends = moment(raw["startsAt"]), moment(raw["endsAt"])
        matchers = tuple(
            Matcher(
                name=_text(each["name"]),
                value=_text(each["value"]),
                is_regex=each["isRegex"] is True,
                is_equal=each.get("isEqual", True) is True,
            )
            for each in raw["matchers"]
        )
        for name in ("comment", "createdBy"):
            _text(raw[name])
    except (KeyError, TypeError, AttributeError):
        raise _NotUnderstood from None
    if begins is None or ends is None:
        raise _NotUnderstood
    return begins, ends, matchers


def _text(value: Any) -> str:  # noqa: ANN401 - a stranger's
    if not isinstance(value, str):
        raise _NotUnderstood
    return value
