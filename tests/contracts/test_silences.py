"""The promises of ``ports.silences``, over the catalogue's windows and a real HTTP server (5 s)."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.http_server import Answer, Request, Server, serving
from tests.support.world import catalogue

from vigil.domain.catalogue import Catalogue
from vigil.domain.silence import Silence
from vigil.domain.window import Windows
from vigil.integrations.silences.alertmanager import MOST_TEXT, AlertmanagerSilences
from vigil.integrations.silences.embedded import CatalogueSilences
from vigil.ports.silences import Silences

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SYMPTOM = "checkout-errors"


RECORDED = (
    b'[{"id":"8cbfa088-d6bc-4417-9e57-1418c9cc73ef","status":{"state":"active"},'
    b'"updatedAt":"2026-11-23T15:02:28.357Z","comment":"an upgrade of web","createdBy":"ann",'
    b'"endsAt":"2026-11-23T20:00:00.000Z","matchers":[{"isEqual":true,"isRegex":true,'
    b'"name":"alertname","value":"Checkout.*"},{"isEqual":false,"isRegex":false,"name":"service",'
    b'"value":"db"}],"startsAt":"2026-11-23T15:02:28.357Z"},'
    b'{"id":"9eddd306-3f20-43aa-ac2f-450190e296aa","status":{"state":"expired"},'
    b'"updatedAt":"2026-11-23T15:02:30.292Z","comment":"an upgrade of web","createdBy":"ann",'
    b'"endsAt":"2026-11-23T15:02:30.292Z","matchers":[{"isEqual":true,"isRegex":false,'
    b'"name":"service","value":"web"}],"startsAt":"2026-11-23T15:02:28.328Z"}]\n'
)
"""Alertmanager 0.25.0 (Debian 12): one silence that holds, and one that was ended early."""


def equal(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value, "isRegex": False, "isEqual": True}


def like(name: str, value: str) -> dict[str, Any]:
    return equal(name, value) | {"isRegex": True}


def but(matcher: dict[str, Any]) -> dict[str, Any]:
    return matcher | {"isEqual": False}


def silenced(*matchers: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """As Alertmanager gives a silence of the hour from noon on."""
    return {
        "id": "6fe35c2e-6b1e-4d1b-8e3a-4f8f7a7a6c11",
        "status": {"state": "active"},
        "updatedAt": "2026-03-01T11:00:00.000Z",
        "startsAt": "2026-03-01T12:00:00.000Z",
        "endsAt": "2026-03-01T13:00:00.000Z",
        "createdBy": "ann",
        "comment": "an upgrade",
        "matchers": list(matchers),
        **more,
    }


@dataclass
class Alertmanager:
    """Answers with the silences that a test sets, or as it says."""

    silences: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[], Answer] | None = None

    def __call__(self, request: Request) -> Answer:
        assert (request.method, request.path) == ("GET", "/api/v2/silences")
        return self.answer() if self.answer else Answer(body=json.dumps(self.silences).encode())


@pytest.fixture
def alertmanager() -> Alertmanager:
    return Alertmanager()


@pytest.fixture
async def server(alertmanager: Alertmanager) -> AsyncIterator[Server]:
    async with serving(alertmanager) as running:
        yield running


@pytest.fixture
def asked(server: Server) -> AlertmanagerSilences:
    return AlertmanagerSilences(server.url(), catalogue())


async def over(
    silences: Silences, service: str = "web", symptom: str = SYMPTOM, at: datetime = NOON
) -> list[str] | None:
    found = await silences.over(service, symptom, at)
    return None if found is None else [each.service for each in found]


@pytest.fixture(params=["embedded", "alertmanager"])
def over_db(
    request: pytest.FixtureRequest, asked: AlertmanagerSilences, alertmanager: Alertmanager
) -> Silences:
    """The database, which the web service depends on, is silenced from noon until one."""
    if request.param == "alertmanager":
        alertmanager.silences = [silenced(equal("service", "db"))]
        return asked
    window = {"from": "2026-03-01 12:00", "until": "2026-03-01 13:00", "zone": "UTC"}
    whole = catalogue()
    changed = whole.services["db"].model_copy(
        update={"maintenance": Windows.model_validate({"dates": [window]})}
    )
    services = {**whole.services, "db": changed}
    return CatalogueSilences(whole.model_copy(update={"services": services}))


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (NOON - timedelta(seconds=1), []),
        (NOON, ["db"]),
        (NOON + HOUR - timedelta(seconds=1), ["db"]),
        (NOON + HOUR, []),
    ],
)
async def test_1_a_silence_counts_from_its_beginning_to_its_end(
    over_db: Silences, at: datetime, found: list[str]
) -> None:
    assert await over(over_db, "db", at=at) == found


@pytest.mark.parametrize(
    ("service", "found"), [("db", ["db"]), ("web", ["db"]), ("worker", []), ("nobody", [])]
)
async def test_2_it_counts_for_what_needs_the_service_and_for_no_other(
    over_db: Silences, service: str, found: list[str]
) -> None:
    assert await over(over_db, service) == found


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(404, b"[]"),
        Answer(302, b"[]", (("location", "/elsewhere"),)),
        Answer(body=b"<html>"),
        Answer(body=b'{"silences": []}'),
        Answer(body=b"[3]"),
        Answer(body=b"[" * 100_000),
        Answer(body=json.dumps([silenced() | {"endsAt": "soon"}]).encode()),
        Answer(body=json.dumps([silenced() | {"matchers": [{}]}]).encode()),
        Answer(body=json.dumps([silenced() | {"comment": None}]).encode()),
        Answer(body=b" " * 1_000_000, repeat=5),
        Answer(delay_s=30),
    ],
    ids=[
        "500", "404", "redirect", "html", "object", "number", "deep", "end", "matcher", "comment",
        "long", "slow",
    ],
)  # fmt: skip
async def test_3_no_answer_is_not_no_silence_and_comes_in_time(
    asked: AlertmanagerSilences, alertmanager: Alertmanager, answer: Answer
) -> None:
    alertmanager.answer = lambda: answer
    began = time.monotonic()
    assert await over(asked) is None
    assert time.monotonic() - began < 25
    alertmanager.answer = None
    assert await over(asked) == []


async def test_3_where_nobody_listens_it_cannot_be_known() -> None:
    assert await over(AlertmanagerSilences("http://127.0.0.1:1", catalogue())) is None


async def test_4_they_are_few_and_say_little(
    asked: AlertmanagerSilences, alertmanager: Alertmanager
) -> None:
    wordy = silenced(equal("service", "web"), comment="a\nb\x1b[31m " * 500, createdBy="x" * 5000)
    alertmanager.silences = [wordy] * 100
    found = await asked.over("web", SYMPTOM, NOON)
    assert found is not None
    assert len(found) == 20
    assert len(found[0].because) <= MOST_TEXT + 1
    assert len(found[0].by) <= MOST_TEXT + 1
    assert not set(found[0].because) & set("\n\x1b")


async def test_it_may_be_within_another_program_and_want_a_password() -> None:
    """As Grafana's own, which is asked at a path of its API by a user who may view."""
    asked: list[Request] = []

    def grafana(request: Request) -> Answer:
        asked.append(request)
        return Answer(body=json.dumps([silenced(equal("service", "web"))]).encode())

    async with serving(grafana) as server:
        url = f"http://viewer:pass@127.0.0.1:{server.port}/api/alertmanager/grafana/"
        assert await over(AlertmanagerSilences(url, catalogue())) == ["web"]
    [request] = asked
    assert request.path == "/api/alertmanager/grafana/api/v2/silences"
    credentials = base64.b64encode(b"viewer:pass").decode()
    assert request.headers["authorization"] == f"Basic {credentials}"


async def test_an_answer_of_a_real_alertmanager_is_understood(
    server: Server, alertmanager: Alertmanager
) -> None:
    alertmanager.answer = lambda: Answer(body=RECORDED)
    asked = AlertmanagerSilences(server.url(), known_by_more(catalogue()))
    both = datetime(2026, 11, 23, 15, 2, 29, tzinfo=UTC)
    assert await over(asked, at=both) == ["web", "web"]
    assert await over(asked, at=both + timedelta(minutes=1)) == ["web"]
    assert await over(asked, "worker", at=both) == []


async def test_alertmanager_says_who_and_why_and_until_when(
    asked: AlertmanagerSilences, alertmanager: Alertmanager
) -> None:
    alertmanager.silences = [silenced(equal("service", "web"))]
    assert await asked.over("web", SYMPTOM, NOON) == (
        Silence(service="web", because="an upgrade", by="ann", until=NOON + HOUR),
    )


def known_by_more(whole: Catalogue) -> Catalogue:
    """The web service has another name and a team, and its symptom an alert."""
    web = whole.services["web"]
    symptom = web.symptoms[SYMPTOM].model_copy(update={"alerts": ("CheckoutErrors",)})
    changed = web.model_copy(
        update={
            "also_known_as": ("shop-web",),
            "team": "shop",
            "symptoms": {**web.symptoms, SYMPTOM: symptom},
        }
    )
    return whole.model_copy(update={"services": {**whole.services, "web": changed}})


@pytest.mark.parametrize(
    ("matchers", "concerns"),
    [
        ([equal("service", "web")], True),
        ([equal("service", "shop-web")], True),
        ([equal("service", "shop")], False),
        ([equal("alertname", "CheckoutErrors")], True),
        ([equal("alertname", "Other")], False),
        ([equal("alertname", "Other"), equal("service", "web")], False),
        ([equal("alertname", "CheckoutErrors"), equal("service", "db2")], False),
        ([equal("team", "shop")], True),
        # Under whatever label it is called so; what says nothing of it is left out of account.
        ([equal("job", "web")], True),
        ([equal("job", "web"), equal("instance", "10.0.0.1:9100")], True),
        ([equal("instance", "10.0.0.1:9100")], False),
        ([equal("cluster", "eu"), equal("severity", "critical")], False),
        # What is left out by name concerns the others only when it names them as well.
        ([but(equal("service", "web"))], False),
        ([but(equal("service", "db"))], False),
        ([but(equal("service", "db")), equal("team", "shop")], True),
        ([but(equal("service", "web")), equal("alertname", "CheckoutErrors")], True),
        ([like("service", "web|worker")], True),
        ([like("service", "(web|worker)")], True),
        ([like("service", "w.*")], True),
        ([like("service", "shop-.+")], True),
        ([like("service", ".*-web")], True),
        ([like("service", "w")], False),
        ([like("service", "x.*")], False),
        ([like("alertname", "Checkout.*")], True),
        ([like("job", "api|web")], True),
        ([like("job", ".*")], False),
        # What nobody can read concerns it, where it speaks of a label that is known.
        ([like("service", "(?i)WEB")], True),
        ([like("service", "(a+)+$")], True),
        ([like("instance", "(a+)+$")], False),
    ],
)
async def test_what_a_silence_of_alertmanagers_concerns(
    server: Server,
    alertmanager: Alertmanager,
    matchers: list[dict[str, Any]],
    concerns: bool,
) -> None:
    alertmanager.silences = [silenced(*matchers)]
    asked = AlertmanagerSilences(server.url(), known_by_more(catalogue()))
    assert ("web" in (await over(asked) or [])) is concerns


async def test_an_expression_that_is_made_to_hang_does_not(
    asked: AlertmanagerSilences, alertmanager: Alertmanager
) -> None:
    alertmanager.silences = [silenced(like("service", "w" + ".*w" * 100 + "x"))] * 200
    began = time.monotonic()
    assert await over(asked) == []
    assert time.monotonic() - began < 30


async def test_its_health_says_what_to_do(
    asked: AlertmanagerSilences, alertmanager: Alertmanager
) -> None:
    assert (await asked.health()).ok
    alertmanager.answer = lambda: Answer(503)
    ill = await asked.health()
    assert not ill.ok
    assert not ill.vital
    assert "ALERTMANAGER_URL" in str(ill.remedy)
