"""Each scenario breaks the shop as it says, and the shop is restored (about 120 s: one shop)."""

import json
import re
import time
from pathlib import Path

import httpx2
import psycopg
import pytest
from tests.lab.alert_sink import AlertSink
from tests.lab.conftest import SECRET, TOKEN, Break
from tests.lab.customers import (
    buy,
    changes_of,
    eventually,
    get,
    metric,
    on_tables,
    order_of,
    web_urls,
)

from vigil.lab.errors import LabUsage
from vigil.lab.lab import Lab
from vigil.lab.proc import residents
from vigil.lab.ready import release_of
from vigil.lab.releases import Change
from vigil.lab.scenario import load_scenarios

pytestmark = [pytest.mark.lab, pytest.mark.takes(110)]
# What the database driver itself says when it cannot connect.
PSYCOPG = "connection is bad"
TELLING = re.compile(
    r"\b(fault\w*|bad|inject\w*|scenario\w*|lab|chaos|broke\w*|break\w*|buggy|sabotage\w*)\b",
    re.IGNORECASE,
)
NOTICED_S = 6.0
"""Customers meet what is broken, and the judge looks at the last seconds."""


def findings(lab: Lab) -> str:
    return "; ".join(lab.judge(settle_s=0).findings)


def exceptions(lab: Lab, instance: str) -> list[str]:
    lines = (lab.files.logs / f"{instance}.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines if '"exception"' in line]
    return [str(entry["exception"]["type"]) for entry in entries]


def sessions(lab: Lab, application: str) -> list[tuple[str, str]]:
    """Role and state of the sessions that call themselves so."""
    query = "SELECT usename, state FROM pg_stat_activity WHERE application_name = %s"
    with psycopg.connect(lab.config.dsn(lab.config.names.admin)) as connection:
        return connection.execute(query, [application]).fetchall()


# --- releases --------------------------------------------------------------------------------


def assert_checkout_is_500(lab: Lab) -> None:
    """On each instance, by an exception that ordinary mistakes raise; the front page works."""
    for url in web_urls(lab):
        assert buy(lab, url).status_code == 500
        assert get(f"{url}/").status_code == 200
    assert exceptions(lab, lab.config.names.web_instances[0])[-1] in {"KeyError", "TypeError"}


def test_a_bad_release_fails_checkout_until_it_is_restored(
    lab: Lab, sink: AlertSink, broken: Break
) -> None:
    before = lab.mark()
    broken("bad-release")
    assert_checkout_is_500(lab)
    assert "status 500" in findings(lab)
    after = lab.mark()
    assert after.switched_since(before)
    assert set(after.starts_since(before)) == set(lab.config.names.web_instances)

    eventually(lambda: "firing" in sink.statuses() and bool(sink.events), 15)
    body = sink.bodies[-1]
    (alert,) = body["alerts"]
    assert alert["labels"]["alertname"] == lab.config.names.checkout.alert
    assert sink.tokens == {f"Bearer {TOKEN}"}

    assert lab.restore().ok
    assert lab.releases.is_good(lab.releases.current())
    eventually(
        lambda: sink.statuses()[-1] == "resolved" and sink.kinds()[-1] == "incident.resolved", 15
    )
    assert sink.bodies[-1]["alerts"][0]["fingerprint"] == alert["fingerprint"]
    assert sink.kinds() == ["incident.triggered", "incident.resolved"]
    triggered, resolved = (received.event["data"] for received in sink.events)
    assert triggered["id"] == resolved["id"]
    assert lab.config.names.checkout.alert in triggered["title"].split()
    assert all(received.signed_with(SECRET) for received in sink.events)


def test_a_deploy_that_stopped_half_way_breaks_one_instance(lab: Lab, broken: Break) -> None:
    broken("bad-release-one-instance", 3)
    current = lab.releases.current()
    assert not lab.releases.is_good(current)
    ran = {url: release_of(url) for url in web_urls(lab)}
    (wrong,) = (url for url, release in ran.items() if release == current.name)
    (right,) = set(ran) - {wrong}
    assert ran[right] == lab.releases.last_good().name
    assert buy(lab, wrong).status_code == 500
    assert buy(lab, right).status_code == 200
    assert lab.restore().ok
    assert {release_of(url) for url in web_urls(lab)} == {lab.releases.last_good().name}


def on_one_instance(lab: Lab, change: Change) -> str:
    """Deploy this to the first instance only; where it is."""
    lab.deploy(change, only=lab.config.names.web_instances[0])
    return web_urls(lab)[0]


def test_each_change_does_what_its_scenario_says(lab: Lab) -> None:
    for change in changes_of("bad-release"):
        assert buy(lab, on_one_instance(lab, change)).status_code == 500, change.note
    for change in changes_of("uncovered-page"):
        url = on_one_instance(lab, change)
        order = order_of(buy(lab, url))
        eventually(lambda page=f"{url}/orders/{order}": "fulfilled" in get(page).text)  # type: ignore[misc]
        assert get(f"{url}/orders/{order}/receipt").status_code == 500, change.note
    for change in changes_of("previous-release-broken", "promotions.yaml"):
        url = on_one_instance(lab, change)
        assert buy(lab, url).status_code == 200, "without a promotion it works"
        lab.entries.promote(1)
        assert buy(lab, url).status_code == 500, change.note
        lab.entries.remove()
        assert buy(lab, url).status_code == 200
    for change in changes_of("bad-release-slow"):
        url = on_one_instance(lab, change)
        began = time.monotonic()
        assert buy(lab, url).status_code == 200
        assert time.monotonic() - began >= 2.0, change.note
    eventually(lambda: "customers waited" in findings(lab))
    assert lab.restore().ok
    assert "status 5" not in findings(lab)


def test_both_the_new_release_and_the_one_before_fail(lab: Lab, broken: Break) -> None:
    good = lab.releases.last_good()
    broken("previous-release-broken", 2)
    lines = [json.loads(line) for line in lab.files.release_log.read_text().splitlines()]
    before = lines[-2]
    assert lines[-1]["previous"] == before["digest"]
    assert buy(lab).status_code == 500
    previous = lab.files.releases / before["release"]
    assert not lab.releases.is_good(previous)
    assert lab.releases.last_good() == good
    assert lab.restore().ok
    assert lab.releases.current() == good


def test_only_the_receipt_is_broken(lab: Lab, broken: Break) -> None:
    broken("uncovered-page")
    eventually(lambda: "at receipt: status 500" in findings(lab), NOTICED_S)
    assert buy(lab).status_code == 200


def test_a_person_repairs_a_bad_release(lab: Lab, broken: Break) -> None:
    known = load_scenarios()
    broken("repaired-by-hand")
    assert_checkout_is_500(lab)
    with pytest.raises(LabUsage, match="no repair script"):
        lab.repair(known["bad-release"])
    lab.repair(known["repaired-by-hand"])
    assert buy(lab).status_code == 200
    assert known["repaired-by-hand"].file.expect.ends_healthy
    assert lab.judge().ok


# --- the worker ------------------------------------------------------------------------------


def test_a_hung_worker_lives_and_fulfils_nothing(lab: Lab, broken: Break) -> None:
    names, url = lab.config.names, lab.config.urls["worker"]
    broken("worker-hung", 2)
    before = lab.mark()
    assert lab.supervisor.processes()[names.worker].state == "RUNNING"
    done = metric(url, "orders_fulfilled_total")
    assert buy(lab).status_code == 200, "orders are accepted"
    eventually(lambda: "not fulfilled" in findings(lab))
    assert metric(url, "orders_fulfilled_total") == done
    assert lab.mark().actions_since(before) == 0
    # The cure: what waits is fulfilled, none lost, none twice.
    lab.supervisor.stop(names.worker)
    lab.supervisor.start(names.worker)
    assert lab.judge(settle_s=15).ok


def test_a_paused_queue_is_no_hung_worker(lab: Lab, broken: Break) -> None:
    broken("queue-paused")
    before = lab.mark()
    worker = lab.config.urls["worker"]
    assert metric(worker, "queue_paused") == 1
    eventually(lambda: "not fulfilled" in findings(lab))
    assert metric(worker, "queue_depth") > 0
    assert lab.mark().actions_since(before) == 0
    log = (lab.files.logs / f"{lab.config.names.worker}.jsonl").read_text()
    assert log.count("queue paused") == 1
    assert lab.restore().ok
    assert metric(worker, "queue_paused") == 0


def test_whatever_stands_is_set_going_again(lab: Lab) -> None:
    """Restored without a script's help, as after one that failed."""
    names = lab.config.names
    lab.fulfilment.hang(1)
    with pytest.raises(httpx2.TimeoutException):
        httpx2.get(f"{lab.config.urls['worker']}/metrics", timeout=0.5, trust_env=False)
    lab.entries.pause(1)
    lab.entries.promote(1)
    lab.sessions.report(1)
    lab.supervisor.stop(names.cache)
    lab.supervisor.stop(names.web_instances[0])
    assert lab.restore().ok


# --- what the shop stands on -----------------------------------------------------------------


def test_a_leaked_session_exhausts_the_pools(lab: Lab, broken: Break) -> None:
    names = lab.config.names
    broken("pool-exhausted")
    before = lab.mark()
    assert sessions(lab, names.backfill) == [(names.app, "idle in transaction")]
    eventually(lambda: buy(lab).status_code == 503)
    eventually(
        lambda: "PoolTimeout" in [e for i in names.web_instances for e in exceptions(lab, i)]
    )
    assert get(f"{lab.config.shop_url}/").status_code == 200
    assert lab.mark().actions_since(before) == 0


def test_sessions_differ_by_seed(lab: Lab) -> None:
    names = lab.config.names
    for seed in (0, 2):
        lab.sessions.leak(seed)
        assert sessions(lab, names.backfill) == [(names.app, "idle in transaction")]
        eventually(lambda: buy(lab).status_code == 503)
        lab.sessions.end_all()
        eventually(lambda: buy(lab).status_code == 200)
        assert sessions(lab, names.backfill) == []
    assert lab.judge().ok


def test_a_report_at_work_is_no_leaked_session(lab: Lab, broken: Break) -> None:
    names = lab.config.names
    for seed in (0, 1):
        lab.sessions.report(seed)
        before = lab.mark()
        assert sessions(lab, names.report) == [(names.app, "active")]
        assert buy(lab).status_code == 503
        assert lab.mark().actions_since(before) == 0
        lab.sessions.end_all()
        assert lab.mark().actions_since(before) == 1, "ending it is doing something"
    broken("long-report")
    assert sessions(lab, names.report) == [(names.app, "active")]
    assert get(f"{lab.config.shop_url}/").status_code == 200


def lock_waiters(lab: Lab) -> int:
    with psycopg.connect(lab.config.dsn(lab.config.names.observer)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        ).fetchone()
    assert row
    return int(row[0])


def test_a_locked_table_is_503_and_no_release(lab: Lab, broken: Break) -> None:
    broken("database-locked")
    before = lab.mark()
    # A basket that could not be filled, for what went before, leads to a page that is no checkout.
    eventually(lambda: buy(lab).status_code == 503)
    assert get(f"{lab.config.shop_url}/").status_code == 200
    eventually(lambda: lock_waiters(lab) >= 1)
    assert sessions(lab, "psql") == [(lab.config.names.admin, "idle in transaction")]
    assert {"LockNotAvailable", "QueryCanceled"} & set(
        exceptions(lab, lab.config.names.web_instances[0])[-5:]
    )
    assert lab.mark().actions_since(before) == 0
    with pytest.raises(LabUsage, match="restore"):
        lab.break_(load_scenarios()["bad-release"])


def test_without_the_cache_nobody_can_pay(lab: Lab, broken: Break) -> None:
    before = lab.mark()
    broken("cache-down")
    began = time.monotonic()
    assert buy(lab).status_code == 503
    assert get(f"{lab.config.shop_url}/").status_code == 200, "the catalogue does without"
    assert time.monotonic() - began < 20.0, "nobody waits for a cache that is away"
    assert f"process {lab.config.names.cache} is STOPPED" in findings(lab)
    assert lab.mark().actions_since(before) == 0


# --- after all of that -----------------------------------------------------------------------


def test_no_order_was_lost_and_nothing_is_left_running(lab: Lab) -> None:
    verdict = lab.judge()
    assert verdict.ok
    assert verdict.orders_acknowledged > 50
    with psycopg.connect(lab.config.dsn(lab.config.names.admin)) as connection:
        twice = on_tables(
            lab, "SELECT order_id FROM {fulfilments} GROUP BY order_id HAVING count(*) > 1"
        )
        assert connection.execute(twice).fetchall() == []
    programs = [
        name
        for pid in residents(lab.config.state)
        if (name := Path(f"/proc/{pid}/comm").read_text().strip()) in {"psql", "sleep", "cat"}
    ]
    assert programs == [], "a console ends with all its programs"


def test_nothing_the_shop_emits_tells_that_it_is_a_lab(lab: Lab) -> None:
    """Logs, code, metrics and pages of all that was deployed and done."""
    names = lab.config.names
    texts = {str(path): path.read_text() for path in lab.files.releases.rglob("*.*")}
    texts |= {str(path): path.read_text() for path in lab.config.worker_code.rglob("*.*")}
    for name in (*names.web_instances, names.worker):
        texts[name] = (lab.files.logs / f"{name}.jsonl").read_text()
        texts[f"{name} errors"] = (lab.files.logs / f"{name}.err").read_text()
    for url in (*web_urls(lab), lab.config.urls["worker"]):
        texts[url] = get(f"{url}/metrics").text
    order = order_of(buy(lab))
    for path in ("/", "/basket", "/checkout", f"/orders/{order}", f"/orders/{order}/receipt"):
        texts[path] = get(f"{lab.config.shop_url}{path}").text
    texts["release log"] = lab.files.release_log.read_text()
    texts["releases"] = " ".join(lab.releases.all_names())
    texts["processes"] = " ".join(lab.supervisor.processes())
    told = {
        where: found[0]
        for where, text in texts.items()
        if (found := TELLING.search(text.replace(str(lab.config.state), "").replace(PSYCOPG, "")))
    }
    assert told == {}
