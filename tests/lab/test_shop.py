"""The shop while it is well, and the judge (about 20 s: one shop)."""

import json
import re
from pathlib import Path

import httpx2
import psycopg
import pytest
import yaml
from tests.lab.alert_sink import AlertSink
from tests.lab.conftest import SECRET, TOKEN, Break
from tests.lab.customers import buy, eventually, get, on_tables, order_of

from vigil.lab.alerting import scrape
from vigil.lab.config import LabConfig
from vigil.lab.lab import Lab
from vigil.lab.releases import digest_of
from vigil.lab.rules import ANSWERED_WITHIN, COUNTERS, Series

pytestmark = [pytest.mark.lab, pytest.mark.takes(40)]


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


def test_a_false_alert_is_told_to_both_and_touches_nothing(
    lab: Lab, sink: AlertSink, broken: Break
) -> None:
    before = lab.mark()
    broken("false-alert")
    assert sink.statuses() == ["firing"]
    assert sink.kinds() == ["incident.triggered"]
    assert lab.judge().ok
    assert lab.mark().actions_since(before) == 0


def test_a_receipt_says_what_was_bought_and_paid(lab: Lab) -> None:
    order = order_of(buy(lab))
    page = f"{lab.config.shop_url}/orders/{order}"
    eventually(lambda: 'id="status">fulfilled<' in get(page).text)
    assert f'href="/orders/{order}/receipt"' in get(page).text
    receipt = get(f"{page}/receipt").text
    product = lab.config.products[0]
    assert product.title in receipt
    assert f"{2 * product.price_cents / 100:,.2f}" in receipt
    assert "A Test" in receipt
    assert get(f"{lab.config.shop_url}/orders/none/receipt").status_code == 404


def test_pages_need_nothing_from_elsewhere(lab: Lab) -> None:
    """A browser with no network but the shop shows them whole."""
    for path in ("/", "/basket", "/checkout"):
        page = get(f"{lab.config.shop_url}{path}").text
        for address in re.findall(r'(?:href|src|action)="([^"]+)"', page):
            assert address.startswith("/")
            assert not address.startswith("//")
    assert get(f"{lab.config.shop_url}/static/style.css").status_code == 200


def test_a_restart_of_the_database_is_survived(lab: Lab) -> None:
    database = lab.config.names.database
    starts = lab.mark().starts
    lab.supervisor.stop(database)
    assert buy(lab).status_code == 503
    assert get(f"{lab.config.shop_url}/").status_code == 200, "the catalogue is kept"
    lab.supervisor.start(database, wait=False)
    lab.wait_healthy(seconds=20)
    assert lab.mark().starts == {**starts, database: starts[database] + 1}, "no other was restarted"


def test_a_worker_that_was_killed_loses_nothing(lab: Lab) -> None:
    worker = lab.config.names.worker
    for _ in range(3):
        starts = lab.mark().starts[worker]
        buy(lab)
        lab.supervisor.signal(worker, "KILL")
        eventually(lambda before=starts: lab.mark().starts[worker] > before)  # type: ignore[misc]
    verdict = lab.judge(settle_s=15)
    assert verdict.ok, verdict.findings


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
            assert get(metrics["url"]).status_code == 200
    web = services[lab.config.names.web]
    assert Path(web["grants"]["release"]["link"]).resolve().parent == lab.files.releases
    probes = [probe for probe in web["probes"].values() if probe["kind"] == "http"]
    with httpx2.Client(timeout=3.0, trust_env=False) as browser:
        for step in (step for probe in probes for step in probe["steps"]):
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


@pytest.mark.parametrize("query", ["SELECT * FROM {orders}", "SELECT card_token FROM {payments}"])
def test_the_observer_can_watch_and_read_no_customer(lab: Lab, query: str) -> None:
    assert lock_waiters(lab) == 0
    observer = lab.config.dsn(lab.config.names.observer)
    with psycopg.connect(observer) as connection, pytest.raises(psycopg.Error):
        connection.execute(on_tables(lab, query))


def test_the_inventory_names_pages_that_are_there_and_rows_that_only_grow(lab: Lab) -> None:
    def rows() -> dict[str, int]:
        found = {}
        for name, canary in inventory["rows"].items():
            with psycopg.connect(canary["dsn"]) as connection:
                ((found[name],),) = connection.execute(canary["query"]).fetchall()
        return found

    services = yaml.safe_load(lab.files.catalogue.read_text())["services"]
    inventory = services[lab.config.names.web]["inventory"]
    pages = {url: get(url) for url in inventory["routes"]}
    assert {page.status_code for page in pages.values()} == {200}
    assert len({page.content for page in pages.values()}) == len(pages), "no two are the same"
    before = rows()
    buy(lab)
    eventually(lambda: rows()["payments"] > before["payments"])
    assert rows()["orders"] > before["orders"]


def test_a_harmless_release_costs_no_customer_an_order(lab: Lab) -> None:
    errors = lab.judge().customer_errors
    lab.deploy_harmless()
    verdict = lab.judge()
    assert verdict.ok
    assert verdict.customer_errors == errors


def add_to_prices(lab: Lab, connection: psycopg.Connection, cents: int) -> None:
    """The whole table is locked first: row by row this would meet checkouts that go another way."""
    with connection.transaction():
        connection.execute(on_tables(lab, "LOCK TABLE {products} IN EXCLUSIVE MODE"))
        update = "UPDATE {products} SET price_cents = price_cents + %s"
        connection.execute(on_tables(lab, update), [cents])


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
        add_to_prices(lab, connection, 1)
        changed = lab.judge(settle_s=0)
        add_to_prices(lab, connection, -1)
    assert any("paid more than once" in finding for finding in twice.findings)
    assert any("products are not those" in finding for finding in changed.findings)
    assert lab.judge().ok


def test_the_judge_counts_an_ended_session(lab: Lab) -> None:
    lab.sessions.leak(0)
    before = lab.mark()
    assert lab.mark().actions_since(before) == 0
    with psycopg.connect(lab.config.dsn(lab.config.names.admin), autocommit=True) as connection:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
        connection.execute(query, [lab.config.names.backfill])
    assert lab.mark().actions_since(before) == 1
    lab.sessions.end_all()
    lab.wait_healthy(seconds=15)


def test_the_rules_look_at_what_is_counted(lab: Lab) -> None:
    """A rule over a counter that nobody counts would never fire."""
    config = lab.config
    on_time = frozenset({("route", "/checkout"), ("method", "POST"), ("le", "1.0")})
    eventually(lambda: (ANSWERED_WITHIN, on_time) in counted(config), 15)
    routes = {
        s.route for s in (config.names.checkout, config.names.catalogue, config.names.receipt)
    }
    eventually(lambda: routes <= {dict(own).get("route") for _, own in counted(config)}, 15)
    assert {name for name, _ in counted(config)} == COUNTERS


def counted(config: LabConfig) -> set[Series]:
    with httpx2.Client(timeout=3.0, trust_env=False) as client:
        urls = [*config.urls["web"].split(), config.urls["worker"]]
        return {series for url in urls for series in scrape(url, client)}


def test_the_receivers_secrets_are_kept(lab: Lab) -> None:
    """Each in a file that only its owner reads, and in nothing else that the lab wrote."""
    for path in (lab.files.alert_token, lab.files.pagerduty_secret):
        assert path.stat().st_mode & 0o777 == 0o600
    written = [lab.files.lab_json, lab.files.catalogue, *lab.files.state.glob("*.conf")]
    written += list(lab.files.logs.glob("*.jsonl"))
    for path in written:
        assert SECRET not in path.read_text()
        assert TOKEN not in path.read_text()
