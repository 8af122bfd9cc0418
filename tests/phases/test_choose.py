"""Which probes are chosen for a fix, with which role and for which reason (well under 1 s)."""

import pytest
from tests.phases.values import RESTART, action, incident
from tests.support.world import catalogue, http

from vigil.decide.choose import choose
from vigil.domain.catalogue import Catalogue, Processes, Service, Symptom, Work
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.plan import Action, Chosen, Role
from vigil.domain.probe import RedisProbe, TcpProbe
from vigil.domain.runbook import Runbook


def shop() -> Catalogue:
    """The small world, with somebody who needs the web application, and a worker beside it."""
    known = catalogue()
    queue = RedisProbe(kind="redis", host="127.0.0.1", port=1)
    accepts = TcpProbe(kind="tcp", host="127.0.0.1", port=2)
    return known.model_copy(
        update={
            "services": {
                **known.services,
                "proxy": Service(depends_on=("web",), probes={"accepts": accepts}),
                "mailer": Service(
                    processes=Processes(supervisor="/run/s.sock", names=("mailer-1",)),
                    probes={"sends": http("mail")},
                ),
                "reports": Service(depends_on=("mailer",), probes={"made": http("report")}),
                "worker": Service(
                    probes={"backlog": queue},
                    work=Work(backlog="backlog", done="done_total"),
                    symptoms={"late": Symptom(probes=("backlog",))},
                ),
            }
        }
    )


def chosen(
    failure_type: FailureType,
    *actions: Action,
    component: str = "web",
    symptom: str = "checkout-errors",
    runbook: Runbook | None = None,
) -> dict[str, Chosen]:
    top = Hypothesis(failure_type=failure_type, component=component, likelihood=0.9, text="It is.")
    about = incident("web", symptom)
    return {str(c.ref): c for c in choose(about, top, actions or (action(),), runbook, shop())}


def test_what_shows_the_symptom_comes_first() -> None:
    found = chosen(FailureType.UNKNOWN)
    assert next(iter(found)) == "web/checkout"
    assert found["web/checkout"].role is Role.SYMPTOM
    assert "shows checkout-errors" in found["web/checkout"].why


@pytest.mark.parametrize(
    ("failure_type", "component", "causes"),
    [
        (FailureType.BAD_RELEASE, "web", {"web/catalogue"}),
        (FailureType.PROCESS_DOWN, "web", {"web/processes-running"}),
        (FailureType.DATABASE_LOCK, "db", {"db/lock-waiters"}),
        (FailureType.LEAKED_SESSION, "db", {"db/lock-waiters"}),
        (FailureType.DEPENDENCY_FAILURE, "db", {"db/accepts", "db/lock-waiters"}),
        (FailureType.PROCESS_HUNG, "worker", {"worker/backlog"}),
        (FailureType.UNKNOWN, "web", set()),
        (FailureType.BAD_RELEASE, "nobody", set()),
    ],
)
def test_what_would_fail_if_the_hypothesis_were_right(
    failure_type: FailureType, component: str, causes: set[str]
) -> None:
    found = chosen(failure_type, component=component)
    assert {ref for ref, each in found.items() if each.role is Role.CAUSE} == causes
    for ref in causes:
        assert f"If the cause is {failure_type} of {component}" in found[ref].why


def test_what_an_action_could_break_and_what_needs_that() -> None:
    """It restarts a process of a service that has nothing to do with the symptom."""
    found = chosen(FailureType.UNKNOWN, action(RESTART.replace("web-1", "mailer-1"), None))
    assert found["mailer/sends"].role is Role.RISK
    assert found["mailer/sends"].why == "action-1 is disruptive and touches mailer."
    assert found["reports/made"].role is Role.RISK
    assert "touches mailer, which reports needs" in found["reports/made"].why
    assert "reports/made" not in chosen(FailureType.UNKNOWN)


def test_everything_around_is_looked_at_with_a_reason() -> None:
    found = chosen(FailureType.UNKNOWN)
    assert "web needs db" in found["db/accepts"].why
    assert "proxy needs web" in found["proxy/accepts"].why
    assert {each.role for ref, each in found.items() if ref != "web/checkout"} == {Role.NEIGHBOUR}
    assert "worker/backlog" not in found, "nobody there needs the other"


def test_a_probe_has_its_strongest_role_only() -> None:
    found = chosen(FailureType.BAD_RELEASE, action(RESTART, None))
    assert found["web/checkout"].role is Role.SYMPTOM
    assert found["web/catalogue"].role is Role.CAUSE
    assert found["web/processes-running"].role is Role.RISK
    assert found["db/accepts"].role is Role.NEIGHBOUR
