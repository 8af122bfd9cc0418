"""What everybody may ask, what the log keeps, and what no answer tells."""

import re

import structlog
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.web.house import BEARER, TOKEN, WEBHOOK_TOKEN, House

from vigil.domain.ending import Ending
from vigil.domain.incident import Stage
from vigil.domain.proof import Outcome
from vigil.story.progress import Progress
from vigil.web.answers import SECURITY_HEADERS
from vigil.web.routes_webhooks import TURNED_ON_BY


def sample(metrics: str, series: str) -> float | None:
    found = re.search(rf"^{re.escape(series)} (\S+)$", metrics, re.MULTILINE)
    return float(found[1]) if found else None


async def test_health_says_no_more_than_that_it_lives(house: House) -> None:
    answer = await house.client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


async def test_ready_names_each_part_and_no_secret(house: House) -> None:
    answer = await house.client.get("/ready")
    assert answer.status_code == 200
    parts = {part["part"]: part for part in answer.json()["parts"]}
    sources = {f"source {name}" for name in TURNED_ON_BY}
    own = {"workflow", "sandbox", "inbox", "workers", "work", "locks", "breakers", "switch"}
    assert parts.keys() == {*own, *sources}
    shown = {"part", "ok", "text", "remedy", "vital"}
    assert all(part.keys() == shown for part in parts.values())
    assert TOKEN not in answer.text
    assert WEBHOOK_TOKEN not in answer.text


async def test_metrics_count_each_thing_once(house: House) -> None:
    incident, _ = await house.waiting()
    path = "/webhooks/alertmanager"
    secret = {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
    await house.client.post(path, content=b"{}")
    await house.client.post(path, content=b"{}", headers=secret)
    await house.client.post(path, content=b'{"alerts": []}', headers=secret)
    await house.client.get(f"/api/incidents/{incident.id}", headers=BEARER)
    await house.client.get(f"/api/incidents/{incident.id}")
    step = Progress(incident, 1, house.record.journal, house.clock)
    open_one = (await house.client.get("/metrics")).text
    assert sample(open_one, "vigil_incidents_open") == 1
    ending = Ending(resolved=False, outcome=Outcome.NOT_EXECUTED, text="a test")
    await step.close(Stage.ESCALATED, ending)
    await house.client.get("/metrics")
    answer = await house.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    for series, value in {
        "vigil_incidents_opened_total": 1,
        'vigil_incidents_closed_total{outcome="not_executed"}': 1,
        "vigil_incidents_open": 0,
        'vigil_deliveries_total{result="accepted",source="alertmanager"}': 1,
        'vigil_deliveries_total{result="not_understood",source="alertmanager"}': 1,
        'vigil_deliveries_total{result="refused",source="alertmanager"}': 1,
        'vigil_alerts_total{result="opened",source="alertmanager"}': 1,
        'vigil_intake_seconds_count{source="alertmanager"}': 1,
        'vigil_inbox_deliveries{source="alertmanager"}': 2,
        'vigil_inbox_set_aside{source="alertmanager"}': 0,
        'vigil_stage_seconds_count{stage="INVESTIGATING"}': 1,
        'vigil_stage_seconds_sum{stage="INVESTIGATING"}': 2,
        'vigil_http_requests_total{method="GET",route="/api/incidents/{incident}",status="200"}': 1,
        'vigil_http_requests_total{method="GET",route="-",status="401"}': 1,
        "vigil_stopped": 0,
    }.items():
        assert sample(answer.text, series) == value, series


async def test_metrics_are_there_without_the_record(house: House) -> None:
    with house.record.engine.begin() as connection:
        connection.execute(text("ALTER TABLE incidents RENAME TO elsewhere"))
    answer = await house.client.get("/metrics")
    assert answer.status_code == 200
    assert sample(answer.text, "vigil_stopped") == 0


async def test_every_answer_carries_the_common_headers(house: House) -> None:
    for path, status in (("/", 200), ("/metrics", 200), ("/nowhere", 401), ("/ready", 200)):
        answer = await house.client.get(path)
        assert answer.status_code == status
        assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
        assert "server" not in answer.headers


async def test_errors_of_every_kind_have_one_shape(house: House) -> None:
    for method, path, status in (
        ("GET", "/api/nowhere", 404),
        ("DELETE", "/api/stop", 405),
        ("POST", "/api/stop", 422),
        ("GET", "/api/incidents/no%20id", 422),
    ):
        answer = await house.client.request(method, path, headers=BEARER)
        assert answer.status_code == status
        assert answer.json().keys() == {"error"}
        assert answer.json()["error"].keys() == {"what", "next"}


async def test_a_failure_of_vigil_tells_nothing_of_the_inside(house: House) -> None:
    incident, _ = await house.waiting()
    with house.record.engine.begin() as connection:
        connection.execute(text("UPDATE incidents SET stage = 'NO_SUCH_STAGE'"))
    answer = await house.client.get(f"/api/incidents/{incident.id}", headers=BEARER)
    assert answer.status_code == 500
    assert answer.json()["error"]["what"] == "Vigil failed on this request"
    assert "NO_SUCH_STAGE" not in answer.text
    assert SECURITY_HEADERS.items() <= dict(answer.headers).items()


async def test_the_log_has_one_line_a_request_and_nothing_of_what_it_carried(house: House) -> None:
    structlog.reset_defaults()
    with capture_logs() as lines:
        await house.client.get(
            "/api/incidents/nobody?attempt=secret-query", headers={**BEARER, "x-secret": "h3ader"}
        )
        await house.client.post("/api/session", json={"token": "secret-body"})
    requests = [line for line in lines if line["event"] == "request"]
    assert [(r["method"], r["route"], r["status"]) for r in requests] == [
        ("GET", "/api/incidents/{incident}", 404),
        ("POST", "/api/session", 401),
    ]
    assert all(line["ms"] >= 0 for line in requests)
    written = str(lines)
    for secret in ("secret-query", "h3ader", "secret-body", TOKEN, "nobody"):
        assert secret not in written


async def test_the_schema_needs_the_token_and_there_are_no_pages_that_load_from_elsewhere(
    house: House,
) -> None:
    assert (await house.client.get("/openapi.json")).status_code == 401
    assert (await house.client.get("/openapi.json", headers=BEARER)).status_code == 200
    for path in ("/docs", "/redoc"):
        assert (await house.client.get(path, headers=BEARER)).status_code == 404
