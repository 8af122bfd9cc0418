"""What a rehearsal finds fault with, over runs that are made up (no processes, under a second)."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from vigil.cli.client import Client
from vigil.cli.rehearsal import report
from vigil.cli.rehearsal.run import Run
from vigil.cli.rehearsal.watching import Watching
from vigil.lab.bounds import breaches
from vigil.lab.config import new_config
from vigil.lab.judge import Counters, Judgement
from vigil.lab.names import Names
from vigil.lab.ports import Ports
from vigil.lab.scenario import choose, load_scenarios

NOW = datetime.now(UTC).isoformat()
HEARD = ("watch", "alertmanager", "pagerduty")
AUDIT = {"verified": True, "events": 1, "head": "0" * 64}
Made = Callable[..., Run]


@pytest.fixture
def made() -> Iterator[Made]:
    """Makes a run of a scenario; as it says itself, all is as expected."""
    with closing(Client("http://127.0.0.1:9", "made-up")) as client:

        def make(
            name: str,
            *,
            outcome: str | None = None,
            failure_type: str | None = None,
            sources: tuple[str, ...] = HEARD,
            executed: int | None = None,
            **further: Any,  # noqa: ANN401 - whatever a run has
        ) -> Run:
            scenario = choose(load_scenarios(), name)
            expect = scenario.file.expect
            if executed is None:
                executed = 0 if expect.actions == "0" else 1
            cause = failure_type or (expect.cause.failure_type if expect.cause else "nothing")
            ranked = [{"failure_type": cause, "component": "some"}]
            incident = {"outcome": outcome or expect.proof, "opened_at": NOW, "closed_at": NOW}
            events = [
                *({"kind": "alert_joined", "payload": {"source": one}} for one in sources),
                {"kind": "hypotheses", "payload": {"ranked": ranked}},
                *[{"kind": "executed", "payload": {}}] * executed,
            ]
            run = Run(
                scenario=scenario,
                watching=Watching(client, "i1", incident, events=events),
                began=datetime.now(UTC),
                judgement=Judgement(
                    ok=expect.ends_healthy,
                    findings=(),
                    orders_acknowledged=1,
                    orders_fulfilled=1,
                    customer_errors=0,
                ),
                touched=0,
                breaches=(),
                also_opened=(),
                expected_rank=1 if expect.cause else None,
            )
            return replace(run, **further)

        yield make


@pytest.mark.parametrize("name", sorted(load_scenarios()))
def test_a_run_that_went_as_it_should_has_none(made: Made, name: str) -> None:
    run = made(name)
    assert run.complaints == ()
    assert run.as_expected
    assert run.judge_agrees


@pytest.mark.parametrize(
    ("name", "wrong", "complaint"),
    [
        ("worker-hung", {"outcome": "not_fixed"}, "ended as not_fixed, expected verified"),
        (
            "worker-hung",
            {"expected_rank": 2},
            "the cause, process_hung of the worker, is named as number 2",
        ),
        (
            "worker-hung",
            {"expected_rank": None},
            "the cause, process_hung of the worker, is not named",
        ),
        (
            "long-report",
            {"failure_type": "leaked_session"},
            "taken for leaked_session, which it only looks like",
        ),
        (
            "worker-hung",
            {"also_opened": ("i2 (slow, edge, not_fixed)",)},
            "2 incidents, expected one; also i2 (slow, edge, not_fixed)",
        ),
        ("worker-hung", {"sources": ("watch",)}, "not reported by alertmanager, pagerduty"),
        (
            "worker-hung",
            {"executed": 0},
            "Vigil says that it executed 0 actions, expected >0",
        ),
        (
            "false-alert",
            {"executed": 1},
            "Vigil says that it executed 1 actions, expected 0",
        ),
        ("false-alert", {"touched": 1}, "1 changes were counted at the shop, expected 0"),
        ("worker-hung", {"breaches": ("too much",)}, "too much"),
    ],
)
def test_each_thing_that_is_wrong_is_named(
    made: Made, name: str, wrong: dict[str, Any], complaint: str
) -> None:
    run = made(name, **wrong)
    assert run.complaints == (complaint,)
    assert not run.as_expected


def test_all_that_is_wrong_is_named_at_once(made: Made) -> None:
    assert len(made("worker-hung", outcome="regressed", also_opened=("i2", "i3")).complaints) == 2


def test_what_the_own_watcher_cannot_see_it_need_not_report(made: Made) -> None:
    assert made("uncovered-page", sources=("alertmanager", "pagerduty")).complaints == ()
    assert made("false-alert", sources=("alertmanager",)).complaints == ()


def test_the_report_shows_them_and_is_not_ok(made: Made) -> None:
    run = made("false-alert", touched=1)
    console = Console(width=100)
    with console.capture() as shown:
        report.show(console, [], [run], AUDIT)
    assert f"✘ {run.complaints[0]}\n" in shown.get()
    assert report.as_json(1, [], [run], AUDIT)["ok"] is False
    assert report.as_json(1, [], [made("false-alert")], AUDIT)["ok"] is True


# --- how much may be done --------------------------------------------------------------------

MARK = Counters(
    release="r4", link_changed_ns=1, release_log_lines=4, starts={"other": 1}, sessions_ended=2
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    ports = Ports(proxy=1, web=(2, 3), worker=4, database=5, cache=6)
    return new_config(tmp_path_factory.mktemp("shop"), seed=3, ports=ports, alert_url=None).names


def found(scenario: str, names: Names, **changed: Any) -> tuple[str, ...]:  # noqa: ANN401 - counters
    expect = choose(load_scenarios(), scenario).file.expect
    return breaches(expect, MARK, MARK.model_copy(update=changed), names)


def switched(times: int) -> dict[str, Any]:
    return {"release": "r3", "link_changed_ns": 2, "release_log_lines": 4 + times}


@pytest.mark.parametrize("name", ["bad-release", "bad-release-one-instance", "bad-release-slow"])
def test_a_bad_release_needs_one_switch_and_two_starts(names: Names, name: str) -> None:
    one, other = names.web_instances
    assert found(name, names, starts={one: 1, other: 1}, **switched(1)) == ()
    twice, again = found(name, names, starts={one: 1, other: 2}, **switched(2))
    assert twice == "2 switches of the release were counted at the shop, at most 1 expected"
    assert again == "3 starts of the web were counted at the shop, at most 2 expected"
    assert found(name, names, sessions_ended=3)


def test_a_hung_worker_needs_one_start(names: Names) -> None:
    assert found("worker-hung", names, starts={names.worker: 1, "other": 1}) == ()
    assert found("worker-hung", names, starts={names.worker: 2})
    assert found("worker-hung", names, starts={names.worker: 1, names.web_instances[0]: 1})
    assert found("worker-hung", names, starts={names.worker: 1, names.database: 1})
    (stranger,) = found("worker-hung", names, starts={names.worker: 1, "other": 2})
    assert stranger == "1 starts of other were counted at the shop, at most 0 expected"
    assert found("worker-hung", names, **switched(0)), "a switch that no log tells of"


def test_a_leaked_session_needs_one_session_ended(names: Names) -> None:
    assert found("pool-exhausted", names, sessions_ended=3) == ()
    assert found("pool-exhausted", names, sessions_ended=4)
    assert found("pool-exhausted", names, sessions_ended=3, starts={names.worker: 1})


def test_a_cure_that_failed_is_taken_back(names: Names) -> None:
    name = "previous-release-broken"
    back = {**switched(2), "release": MARK.release}
    assert found(name, names, starts=dict.fromkeys(names.web_instances, 2), **back) == ()
    (left,) = found(name, names, **switched(1))
    assert left == "r3 is current at the end, expected r4 as before"


def test_without_a_bound_anything_may_be_done(names: Names) -> None:
    assert found("false-alert", names, sessions_ended=9, **switched(9)) == ()
