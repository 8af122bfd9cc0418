"""The shop: opened, broken, restored, judged. One real lab for the module (about 35 s in all)."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import LiteralString

import httpx2
import psycopg
import pytest
import yaml
from psycopg import sql
from pydantic import TypeAdapter
from tests.lab.alert_sink import AlertSink

from vigil.lab.errors import LabUsage
from vigil.lab.lab import Lab
from vigil.lab.releases import Change, digest_of
from vigil.lab.scenario import SHIPPED, load_scenarios

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab")]
# What the database driver itself says when it cannot connect.
PSYCOPG = "connection is bad"
TELLING = re.compile(
    r"\b(fault\w*|bad|inject\w*|scenario\w*|lab|chaos|broke\w*|break\w*|buggy|sabotage\w*)\b",
    re.IGNORECASE,
)


@pytest.fixture
def broken(lab: Lab) -> Iterator[Callable[[str], None]]:
    """Break the module's shop by a scenario's id; it is restored after the test."""
    known = load_scenarios()

    def inject(scenario: str, seed: int = 1) -> None:
        lab.break_(known[scenario], seed=seed)

    yield inject
    assert lab.restore().ok


def on_tables(lab: Lab, text: LiteralString) -> sql.Composed:
    tables = lab.config.names.tables.model_dump()
    return sql.SQL(text).format(**{role: sql.Identifier(name) for role, name in tables.items()})


def buy(url: str, sku: str) -> httpx2.Response:
    with httpx2.Client(base_url=url, timeout=6.0, trust_env=False) as browser:
        browser.post("/basket", data={"sku": sku, "quantity": "2"}, follow_redirects=True)
        form = {"name": "A Test", "address": "2 Lane", "card": "tok_test"}
        return browser.post("/checkout", data=form, follow_redirects=True)


def eventually(reached: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "did not come in time"
        time.sleep(0.1)


def test_a_person_can_buy_and_follow_the_order(lab: Lab) -> None:
    product = lab.config.products[0]
    with httpx2.Client(base_url=lab.config.shop_url, timeout=5.0, trust_env=False) as browser:
        assert product.title in browser.get("/").text
        form = {"sku": product.sku, "quantity": "2"}
        basket = browser.post("/basket", data=form, follow_redirects=True)
        assert f"{2 * product.price_cents / 100:,.2f}" in basket.text
        checkout = browser.get("/checkout").text
        assert '<label for="address">' in checkout
        order = re.search(r'name="order_id" value="(\w+)"', checkout)
        assert order
        sent = {"order_id": order[1], "name": "A", "address": "B", "card": "tok_a"}
        page = browser.post("/checkout", data=sent, follow_redirects=True)
        assert page.url.path == f"/orders/{order[1]}"
        eventually(lambda: "fulfilled" in browser.get(page.url.path).text)
        again = browser.post("/checkout", data=sent, follow_redirects=True)
        assert again.url.path == page.url.path, "the form sent twice is one order"
    assert lab.judge().ok


def test_three_good_releases_with_digests_in_the_log(lab: Lab) -> None:
    lines = [json.loads(line) for line in lab.files.release_log.read_text().splitlines()]
    assert len(lines) >= 3
    assert len({line["digest"] for line in lines[:3]}) == 3
    for line in lines[:3]:
        assert line["digest"] == digest_of(lab.files.releases / line["release"])
    assert lines[1]["previous"] == lines[0]["digest"]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)


def test_the_catalogue_names_what_is_really_there(lab: Lab) -> None:
    catalogue = yaml.safe_load(lab.files.catalogue.read_text())
    services = catalogue["services"]
    running = lab.supervisor.processes()
    for service in services.values():
        assert set(service["processes"]["names"]) <= set(running)
        for metrics in service.get("telemetry", {}).get("metrics", []):
            assert httpx2.get(metrics["url"], trust_env=False).status_code == 200
    web = services[lab.config.names.web]
    assert Path(web["grants"]["release"]["link"]).resolve().parent == lab.files.releases
    with httpx2.Client(timeout=3.0, trust_env=False) as browser:
        for step in (step for probe in web["probes"].values() for step in probe["steps"]):
            answer = browser.request(
                step["method"],
                step["url"],
                data=step.get("form"),
                follow_redirects=step.get("follow", False),
            )
            assert answer.status_code == step["expect"]["status"]
            assert step["expect"].get("text", "") in answer.text


def lock_waiters(lab: Lab) -> int:
    services = yaml.safe_load(lab.files.catalogue.read_text())["services"]
    probe = services[lab.config.names.database]["probes"]["lock-waiters"]
    with psycopg.connect(probe["dsn"]) as connection:
        row = connection.execute(probe["query"]).fetchone()
    assert row
    return int(row[0])


def test_the_observer_can_watch_and_read_no_customer(lab: Lab) -> None:
    assert lock_waiters(lab) == 0
    observer = lab.config.dsn(lab.config.names.observer)
    with psycopg.connect(observer) as connection, pytest.raises(psycopg.Error):
        connection.execute(on_tables(lab, "SELECT * FROM {orders}"))


def test_a_bad_release_fails_checkout_until_it_is_restored(
    lab: Lab, sink: AlertSink, broken: Callable[[str], None]
) -> None:
    before = lab.mark()
    broken("bad-release")
    assert_checkout_is_500(lab)
    verdict = lab.judge(settle_s=0)
    assert not verdict.ok
    assert any("status 500" in finding for finding in verdict.findings)
    after = lab.mark()
    assert after.switched_since(before)
    assert set(after.starts_since(before)) == set(lab.config.names.web_instances)

    eventually(lambda: "firing" in sink.statuses(), 15)
    body = sink.bodies[-1]
    (alert,) = body["alerts"]
    assert body["version"] == "4"
    assert alert["labels"]["alertname"] == lab.config.names.checkout.alert
    assert alert["endsAt"].startswith("0001-")
    assert sink.tokens == {"Bearer made-up-token-of-the-lab-tests"}

    changes = (SHIPPED / "bad-release" / "changes.yaml").read_text()
    for change in TypeAdapter(tuple[Change, ...]).validate_python(yaml.safe_load(changes)):
        lab.deploy(change)
        assert_checkout_is_500(lab)

    assert lab.restore().ok
    assert lab.releases.is_good(lab.releases.current())
    eventually(lambda: sink.statuses()[-1] == "resolved", 15)
    assert sink.bodies[-1]["alerts"][0]["fingerprint"] == alert["fingerprint"]


def assert_checkout_is_500(lab: Lab) -> None:
    """On each instance, by an exception that ordinary mistakes raise; the front page works."""
    for url in lab.config.urls["web"].split():
        assert buy(url, lab.config.products[0].sku).status_code == 500
        assert httpx2.get(f"{url}/", trust_env=False).status_code == 200
    assert last_exception(lab) in {"KeyError", "TypeError"}


def last_exception(lab: Lab) -> str:
    log = lab.files.logs / f"{lab.config.names.web_instances[0]}.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return str([line for line in lines if "exception" in line][-1]["exception"]["type"])


def test_a_false_alert_touches_nothing(
    lab: Lab, sink: AlertSink, broken: Callable[[str], None]
) -> None:
    before, bodies = lab.mark(), len(sink.bodies)
    broken("false-alert")
    assert sink.statuses()[bodies:] == ["firing"]
    assert lab.judge().ok
    assert lab.mark().actions_since(before) == 0


def test_a_locked_table_is_503_and_no_release(lab: Lab, broken: Callable[[str, int], None]) -> None:
    before = lab.mark()
    broken("database-locked", 1)
    assert buy(lab.config.shop_url, lab.config.products[0].sku).status_code == 503
    assert httpx2.get(f"{lab.config.shop_url}/", trust_env=False).status_code == 200
    assert lock_waiters(lab) >= 1
    assert last_exception(lab) in {"LockNotAvailable", "QueryCanceled"}
    assert not lab.mark().switched_since(before)
    with pytest.raises(LabUsage, match="restore"):
        lab.break_(load_scenarios()["bad-release"])


def test_a_harmless_release_costs_no_customer_an_order(lab: Lab) -> None:
    errors = lab.judge().customer_errors
    lab.deploy_harmless()
    verdict = lab.judge()
    assert verdict.ok
    assert verdict.customer_errors == errors


def test_the_judge_sees_a_second_payment_and_a_changed_price(lab: Lab) -> None:
    assert lab.judge().ok
    with psycopg.connect(lab.config.dsn(lab.config.names.admin), autocommit=True) as connection:
        copy = on_tables(
            lab,
            "INSERT INTO {payments} (order_id, amount_cents, card_token) "
            "SELECT order_id, amount_cents, card_token FROM {payments} LIMIT 1 RETURNING id",
        )
        paid = connection.execute(copy).fetchone()
        twice = lab.judge(settle_s=0)
        connection.execute(on_tables(lab, "DELETE FROM {payments} WHERE id = %s"), paid)
        dearer = "UPDATE {products} SET price_cents = price_cents + 1"
        connection.execute(on_tables(lab, dearer))
        changed = lab.judge(settle_s=0)
        cheaper = "UPDATE {products} SET price_cents = price_cents - 1"
        connection.execute(on_tables(lab, cheaper))
    assert any("paid more than once" in finding for finding in twice.findings)
    assert any("products are not those" in finding for finding in changed.findings)
    assert lab.judge().ok


def test_nothing_the_shop_emits_tells_that_it_is_a_lab(lab: Lab) -> None:
    """Runs last of those that break: logs, code, metrics and pages of all that was deployed."""
    names = lab.config.names
    texts = {str(path): path.read_text() for path in lab.files.releases.rglob("*.*")}
    for name in (*names.web_instances, names.worker):
        texts[name] = (lab.files.logs / f"{name}.jsonl").read_text()
    for url in lab.config.urls["web"].split():
        texts[url] = httpx2.get(f"{url}/metrics", trust_env=False).text
    texts["front page"] = httpx2.get(f"{lab.config.shop_url}/", trust_env=False).text
    texts["release log"] = lab.files.release_log.read_text()
    texts["releases"] = " ".join(lab.releases.all_names())
    texts["processes"] = " ".join(lab.supervisor.processes())
    told = {
        where: found[0]
        for where, text in texts.items()
        if (found := TELLING.search(text.replace(str(lab.config.state), "").replace(PSYCOPG, "")))
    }
    assert told == {}
