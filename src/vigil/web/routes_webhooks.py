"""Deliveries of alert sources."""

import asyncio
from types import MappingProxyType

import structlog
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse

from vigil.domain.alert import Delivery
from vigil.domain.errors import InboxFull
from vigil.engine import Engine, Source
from vigil.web.answers import ErrorAnswer, Refusal
from vigil.web.metrics import Metrics
from vigil.web.views import Heard

log = structlog.get_logger()

TURNED_ON_BY = MappingProxyType(
    {
        "alertmanager": "ALERTMANAGER_WEBHOOK_TOKEN",
        "datadog": "DATADOG_WEBHOOK_SECRET",
        "generic": "GENERIC_WEBHOOK_SECRET",
        "grafana": "GRAFANA_WEBHOOK_SECRET",
        "pagerduty": "PAGERDUTY_WEBHOOK_SECRET",
    }
)
"""The setting with each source's secret; without it the source is off, not open."""


def add_webhook_routes(app: FastAPI, engine: Engine, metrics: Metrics) -> None:
    """POST /webhooks/SOURCE: authenticate, write down, answer; the work comes afterwards."""

    @app.post(
        "/webhooks/{source}",
        status_code=202,
        response_model=Heard,
        responses={code: {"model": ErrorAnswer} for code in (401, 403, 404, 413, 421, 429, 503)},
    )
    async def deliver(source: str, request: Request) -> Heard | JSONResponse:
        """Take one delivery. 202 also for one that is authentic and not understood, changes nothing
        or came before: a source may stop sending after a few refusals. 429 only when so many wait
        that no more of them are kept.
        """
        known = engine.sources.get(source)
        if known is None:
            return _off(source).answer()
        headers, body = dict(request.headers), await request.body()
        if not known.adapter.authentic(headers, body):
            metrics.deliveries.labels(source, "refused").inc()
            return _refuse(source, known, engine).answer()
        # A body of the greatest size takes long to clean, and others are served meanwhile.
        delivery = await asyncio.to_thread(known.adapter.parse, headers, body)
        try:
            await engine.hear(delivery)
        except InboxFull as full:
            metrics.deliveries.labels(source, "no_room").inc()
            return _come_again(full).answer()
        known.accepted += 1
        known.refused_last = None
        metrics.deliveries.labels(source, _result(delivery)).inc()
        return Heard(
            alerts=len(delivery.alerts),
            not_understood=delivery.not_understood,
            without_effect=delivery.without_effect,
        )


def _result(delivery: Delivery) -> str:
    """The word under which a delivery is counted."""
    if delivery.not_understood is not None:
        return "not_understood"
    return "accepted" if delivery.without_effect is None else "without_effect"


def _come_again(full: InboxFull) -> Refusal:
    seconds = str(full.retry_after_s)
    return Refusal(429, str(full), f"try again after {seconds} s", {"retry-after": seconds})


def _off(source: str) -> Refusal:
    setting = TURNED_ON_BY.get(source)
    if setting is None:
        return Refusal(404, "there is no such alert source", f"sources: {', '.join(TURNED_ON_BY)}")
    return Refusal(404, f"off: set {setting}", f"set {setting} and start Vigil again")


def _refuse(name: str, source: Source, engine: Engine) -> Refusal:
    """Counted and shown by /ready until the next good delivery: a wrong secret loses alerts."""
    at = engine.now().isoformat(timespec="seconds")
    source.refused += 1
    source.refused_last = f"a delivery was refused at {at}: its secret is wrong or missing"
    log.warning("delivery refused", source=name, refused=source.refused)
    return Refusal(
        401,
        "the secret of this delivery is wrong or missing",
        "compare the secret at the sender with the one in Vigil's settings",
        {"www-authenticate": "Bearer"},
    )
