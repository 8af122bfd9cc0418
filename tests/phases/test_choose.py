"""Which probes are chosen for a fix, with which role and for which reason (well under 1 s)."""

import pytest
from tests.phases.values import RESTART, action, incident
from tests.support.world import catalogue, http

from vigil.decide.choose import choose
from vigil.decide.named import Named, named
from vigil.domain.catalogue import Catalogue, Processes, Service, Symptom, Work
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.plan import Action, Chosen, Role
from vigil.domain.probe import PerformanceProbe, ProbeRef, RedisProbe, TcpProbe

IN_THE_DATABASE = ("accepts", "lock-waiters", "catalogue")


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
                "db": known.services["db"].model_copy(
                    update={"probes": {**known.services["db"].probes, "catalogue": accepts}}
                ),
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
    words: tuple[str, ...] = (),
    author: tuple[str, ...] = (),
) -> dict[str, Chosen]:
    """``words`` are the probes that the runbook is verified with, ``author`` those of the plan."""
    about, top = incident("web", symptom), thought(failure_type, component)
    further = {
        Role.RUNBOOK: named_by(words, component),
        Role.AUTHOR: named_by(author, component, by="The plan"),
    }
    found = choose(about, top, actions or (action(),), further, shop())
    return {str(each.ref): each for each in found}


def thought(failure_type: FailureType, component: str = "web") -> Hypothesis:
    return Hypothesis(failure_type=failure_type, component=component, likelihood=0.9, text="It is.")


def named_by(
    words: tuple[str, ...],
    component: str = "web",
    known: Catalogue | None = None,
    by: str = "Runbook back",
) -> Named:
    """What these names lead to, for trouble of the web application."""
    return named(words, by, "web", thought(FailureType.UNKNOWN, component), known or shop())


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
        (FailureType.DEPENDENCY_FAILURE, "db", {f"db/{name}" for name in IN_THE_DATABASE}),
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


# what the runbook says ----------------------------------------------------------------------------


def test_what_the_runbook_names_is_looked_at_with_its_word_for_it() -> None:
    """Wherever there is such a probe: on the service, and on what it needs."""
    found = chosen(FailureType.UNKNOWN, words=("catalogue", "lock-waiters"))
    by_runbook = {ref for ref, each in found.items() if each.role is Role.RUNBOOK}
    assert by_runbook == {"web/catalogue", "db/catalogue", "db/lock-waiters"}
    why = "Runbook back says that it passes once the trouble is over."
    assert {found[ref].why for ref in by_runbook} == {why}


def test_it_takes_nothing_from_the_symptom_and_goes_before_what_is_reckoned() -> None:
    found = chosen(FailureType.BAD_RELEASE, words=("checkout", "catalogue"))
    assert found["web/checkout"].role is Role.SYMPTOM
    assert found["web/catalogue"].role is Role.RUNBOOK


def test_whoever_wrote_the_plan_may_name_more_and_takes_nothing_away() -> None:
    found = chosen(
        FailureType.UNKNOWN, words=("catalogue",), author=("checkout", "catalogue", "accepts")
    )
    assert found["web/checkout"].role is Role.SYMPTOM
    assert found["web/catalogue"].role is Role.RUNBOOK
    assert found["db/accepts"].role is Role.AUTHOR
    assert found.keys() == chosen(FailureType.UNKNOWN).keys()


def test_without_a_word_nothing_is_chosen_for_it() -> None:
    assert named_by(()) == Named(by="Runbook back", refs=(), missing=())


def test_a_name_that_leads_to_nothing_is_said() -> None:
    found = named_by(("catalog", "accepts"))
    assert found.refs == (ProbeRef(service="db", probe="accepts"),)
    (missing,) = found.missing
    said = "Runbook back is verified with a probe 'catalog', and none of web, db has one; add it to"
    assert missing.startswith(said)


def test_a_component_that_is_no_service_is_no_place_to_look() -> None:
    assert named_by(("sends",), "nobody").refs == ()
    there = named_by(("sends",), "mailer")
    assert there.refs == (ProbeRef(service="mailer", probe="sends"),)


def test_a_long_probe_is_looked_through_only_where_the_owner_asks() -> None:
    known = shop()
    quick = PerformanceProbe(kind="performance", url="http://127.0.0.1:1/", p95_ms=100)
    web = known.services["web"]
    probes = {**web.probes, "quick": quick}

    def told(symptoms: dict[str, Symptom]) -> Named:
        service = web.model_copy(update={"probes": probes, "symptoms": symptoms})
        changed = known.model_copy(update={"services": {**known.services, "web": service}})
        return named_by(("quick",), known=changed)

    left_out = told(dict(web.symptoms))
    assert left_out.refs == ()
    assert "verified with 'quick' of web, which takes long" in left_out.missing[0]
    asked_for = told({"slow": Symptom(probes=("checkout",), prove_with=("quick",))})
    assert (asked_for.refs, asked_for.missing) == ((), ())
