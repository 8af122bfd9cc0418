"""The playbook: what it takes from a runbook, and what it proposes nothing for (below 3 s)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.desks import WrittenDesk

from vigil.cli.runbooks import read_library
from vigil.domain.alert import Severity
from vigil.domain.briefing import Briefing, Draft
from vigil.domain.catalogue import Processes, Service, ServiceKind
from vigil.domain.effects import EffectKind, Risk
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.incident import Incident
from vigil.domain.lesson import Lesson
from vigil.domain.proof import Outcome
from vigil.domain.runbook import CheckResult, Record, RunbookMatch, Step
from vigil.domain.verbs.process import ProcessRestartGrant
from vigil.domain.verbs.release import ReleaseSwitchGrant
from vigil.guard import analyse
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.ports.reasoner import Reasoner

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BAD, GOOD = "sha256:" + "b" * 64, "sha256:" + "9" * 64
ROOT = Path(__file__).parents[2]
SHIPPED = {
    runbook.id: runbook
    for folder in ("runbooks", "examples/runbooks")
    for runbook in read_library(ROOT / folder).runbooks
}
STEPS = ["symptom", "cause", "runbook", "actions", "proof"]

SERVICE = Service(
    kind=ServiceKind.WEB_APPLICATION,
    processes=Processes(supervisor="/s.sock", names=("web-1", "web-2")),
    grants={
        "release": ReleaseSwitchGrant(verb="release.switch", link="/l", releases="/r"),
        "restart": ProcessRestartGrant(
            verb="process.restart", supervisor="/s.sock", processes=("web-1", "web-2")
        ),
    },
)


@pytest.fixture
def reasoner() -> Reasoner:
    return PlaybookReasoner()


def seen(name: str, finding: Finding, **data: str | None) -> Evidence:
    return Evidence(
        id=name,
        investigator=name.split("-", maxsplit=1)[0],
        finding=finding,
        component="web",
        text=f"Saw {finding}.",
        data={**data},
        at=AT,
    )


EVIDENCE = (
    seen("symptom-1", Finding.SYMPTOM_FAILING),
    seen("releases-1", Finding.RELEASE_RECENT, release="web-7", digest=BAD, previous=GOOD),
    seen("errors-1", Finding.ERRORS_SINCE_RELEASE),
    seen("processes-1", Finding.PROCESS_DOWN, process="web-2"),
)


def match(name: str, *, passed: bool | None = True, fits: int = 95) -> RunbookMatch:
    runbook = SHIPPED[name]
    return RunbookMatch(
        runbook=runbook,
        context_match=fits,
        checks=tuple(
            CheckResult(check=c.id, passed=passed, text="Looked.", evidence=(f"{c.id}-1",))
            for c in runbook.checks
        ),
        record=Record(trials=0, successes=0),
        reasons=(),
    )


def briefing(
    cause: FailureType = FailureType.BAD_RELEASE,
    matches: tuple[RunbookMatch, ...] = (match("bad-release"), match("process-down")),
    evidence: tuple[Evidence, ...] = EVIDENCE,
    service: Service = SERVICE,
) -> Briefing:
    return Briefing(
        incident=Incident(
            id="inc-1",
            service="web",
            symptom="checkout-failing",
            severity=Severity.CRITICAL,
            title="Checkout fails",
            opened_at=AT,
        ),
        service=service,
        hypotheses=(
            Hypothesis(
                failure_type=cause,
                component="web",
                likelihood=0.97,
                supported_by=("releases-1", "errors-1"),
                text="This is the cause.",
            ),
            Hypothesis(
                failure_type=FailureType.PROCESS_DOWN, component="web", likelihood=0.03, text="Not."
            ),
        ),
        evidence=evidence,
        matches=matches,
    )


def lesson(outcome: Outcome) -> Lesson:
    return Lesson(
        incident="inc-0",
        service="web",
        service_kind="web-application",
        symptom="checkout-failing",
        failure_type="bad_release",
        component="web",
        hypothesis="The release web-6 broke it.",
        runbook="bad-release",
        runbook_digest=None,
        actions=("Switch back",),
        outcome=outcome,
        proof="It passes again.",
        seconds=31.2,
        at=AT,
    )


def assert_nothing(draft: Draft, said: str) -> None:
    assert draft.actions == ()
    assert draft.runbook is None
    assert [reason.step for reason in draft.reasons] == STEPS
    assert said in draft.reasons[-1].text


async def test_five_reasons_that_cite_the_evidence(reasoner: Reasoner) -> None:
    draft = await reasoner.draft(briefing(), WrittenDesk())
    assert [reason.step for reason in draft.reasons] == STEPS
    symptom, cause, runbook, actions, proof = draft.reasons
    assert symptom.evidence == ("symptom-1",)
    assert cause.evidence == ("releases-1", "errors-1")
    assert "release-recent-1" in runbook.evidence
    assert actions.evidence == ("releases-1",)
    assert "checkout-failing" in proof.text


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.VERIFIED, "incident inc-0 on 2026-01-02, proven in 31 s by: Switch back."),
        (Outcome.NOT_FIXED, "incident inc-0 on 2026-01-02, not fixed by: Switch back."),
        (Outcome.REGRESSED, "incident inc-0 on 2026-01-02, made worse by: Switch back."),
        (Outcome.NOT_EXECUTED, "incident inc-0 on 2026-01-02, nothing was done then."),
    ],
)
async def test_the_runbook_reason_cites_what_became_of_it_before(
    reasoner: Reasoner, outcome: Outcome, said: str
) -> None:
    past = briefing().model_copy(update={"past": (lesson(outcome),)})
    assert said in (await reasoner.draft(past, WrittenDesk())).reasons[2].text


async def test_a_lesson_of_a_cure_that_was_tried_is_cited_before_a_newer_one_of_none(
    reasoner: Reasoner,
) -> None:
    newer = lesson(Outcome.NOT_EXECUTED).model_copy(update={"incident": "inc-newer"})
    past = briefing().model_copy(update={"past": (newer, lesson(Outcome.VERIFIED))})
    assert "incident inc-0" in (await reasoner.draft(past, WrittenDesk())).reasons[2].text


async def test_the_first_time_is_said_to_be_the_first(reasoner: Reasoner) -> None:
    assert (
        "Nothing like it was seen here"
        in (await reasoner.draft(briefing(), WrittenDesk())).reasons[2].text
    )


async def test_a_bad_release_is_undone_and_the_undo_restores(reasoner: Reasoner) -> None:
    draft = await reasoner.draft(briefing(), WrittenDesk())
    assert draft.runbook == "bad-release"
    assert draft.declared_risk is Risk.MEDIUM
    assert draft.risk_reasons == ("Runbook bad-release says MEDIUM.", "Each action has an undo.")
    (action,) = draft.actions
    assert action.script == (
        f"set -eu\nvigil-do release.switch release {GOOD}\n"
        "vigil-do process.restart restart web-1\nvigil-do process.restart restart web-2"
    )
    assert action.undo == action.script.replace(GOOD, BAD)
    assert action.no_undo is None


async def test_a_process_that_is_down_is_restarted_and_it_is_said_why_there_is_no_undo(
    reasoner: Reasoner,
) -> None:
    draft = await reasoner.draft(briefing(FailureType.PROCESS_DOWN), WrittenDesk())
    assert draft.runbook == "process-down"
    (action,) = draft.actions
    assert action.script == "set -eu\nvigil-do process.restart restart web-2"
    assert (action.undo, bool(action.no_undo)) == (None, True)


async def test_a_step_for_each_value_is_an_action_of_its_own(reasoner: Reasoner) -> None:
    each = match("process-down")
    step = Step(
        title="Restart {{item}}",
        script="vigil-do process.restart {{grant.process.restart}} {{item}}",
        verbs=("process.restart",),
        for_each="processes",
        no_undo="nothing to restore",
    )
    runbook = each.runbook.model_copy(update={"steps": (step,)})
    draft = await reasoner.draft(
        briefing(FailureType.PROCESS_DOWN, (each.model_copy(update={"runbook": runbook}),)),
        WrittenDesk(),
    )
    assert [action.title for action in draft.actions] == ["Restart web-1", "Restart web-2"]
    assert all(analyse(a.script).kind is EffectKind.DISRUPTIVE for a in draft.actions)
    assert all(a.no_undo for a in draft.actions)


@pytest.mark.parametrize("cause", [FailureType.NOTHING_WRONG, FailureType.UNKNOWN])
async def test_no_cure_for_what_is_no_known_failure(reasoner: Reasoner, cause: FailureType) -> None:
    assert_nothing(
        await reasoner.draft(briefing(cause), WrittenDesk()), f"No runbook cures '{cause}'"
    )


async def test_a_runbook_of_another_failure_type_is_never_taken(reasoner: Reasoner) -> None:
    """The look-alike: the best match by far is for a bad release, the cause is a lock."""
    draft = await reasoner.draft(
        briefing(FailureType.DATABASE_LOCK, (match("bad-release", fits=100),)), WrittenDesk()
    )
    assert_nothing(draft, "does not cover 'database_lock'")


async def test_a_check_that_speaks_against_it_is_heard(reasoner: Reasoner) -> None:
    against = match("bad-release", passed=False)
    assert_nothing(
        await reasoner.draft(briefing(matches=(against,)), WrittenDesk()), "contradicted by"
    )


async def test_a_check_that_could_not_look_says_nothing(reasoner: Reasoner) -> None:
    draft = await reasoner.draft(
        briefing(matches=(match("bad-release", passed=None),)), WrittenDesk()
    )
    assert draft.actions


async def test_what_was_refused_on_the_way_is_what_else_was_weighed(reasoner: Reasoner) -> None:
    """What comes after the runbook that fits was not looked at, and nothing is said of it."""
    found = (
        match("process-down"),
        match("bad-release", passed=False),
        match("bad-release"),
        match("leaked-session"),
    )
    draft = await reasoner.draft(briefing(matches=found), WrittenDesk())
    assert draft.runbook == "bad-release"
    other, contradicted = draft.alternatives
    assert other == "Runbook process-down does not cover 'bad_release'."
    assert "bad-release is contradicted by its diagnosis checks" in contradicted


async def test_a_plan_says_what_would_change_its_mind(reasoner: Reasoner) -> None:
    sure = await reasoner.draft(briefing(), WrittenDesk())
    second = "More that speaks for the second explanation (3%): Not."
    assert sure.would_change_mind == (second,)
    could_not_look = match("bad-release", passed=None)
    unsure = await reasoner.draft(briefing(matches=(could_not_look,)), WrittenDesk())
    checks = SHIPPED["bad-release"].checks
    assert unsure.would_change_mind == (
        second,
        *(f"A failing check {c.id}, which could not tell until now: Looked." for c in checks),
    )
    alone = briefing().model_copy(update={"hypotheses": briefing().hypotheses[:1]})
    only = await reasoner.draft(alone, WrittenDesk())
    assert (only.alternatives, only.would_change_mind) == ((), ())


async def test_no_match_and_no_hypothesis(reasoner: Reasoner) -> None:
    assert_nothing(
        await reasoner.draft(briefing(matches=()), WrittenDesk()), "No runbook was found"
    )
    empty = briefing().model_copy(update={"hypotheses": ()})
    assert_nothing(await reasoner.draft(empty, WrittenDesk()), "no hypothesis")


async def test_a_missing_grant_is_named(reasoner: Reasoner) -> None:
    grants = {"restart": SERVICE.grants["restart"]}
    draft = await reasoner.draft(
        briefing(service=SERVICE.model_copy(update={"grants": grants})), WrittenDesk()
    )
    assert_nothing(draft, "no grant with the verb release.switch; add one")


async def test_nothing_to_go_back_to(reasoner: Reasoner) -> None:
    first = seen("releases-1", Finding.RELEASE_RECENT, release="web-1", digest=BAD, previous=None)
    assert_nothing(
        await reasoner.draft(briefing(evidence=(first,)), WrittenDesk()), "names none before web-1"
    )


@pytest.mark.parametrize("evil", [f"{GOOD}; id", "$(id)", "{{service}}", "latest", f"{GOOD}\nid"])
async def test_what_evidence_says_cannot_become_script(reasoner: Reasoner, evil: str) -> None:
    forged = seen("releases-1", Finding.RELEASE_RECENT, digest=BAD, previous=evil)
    assert_nothing(
        await reasoner.draft(briefing(evidence=(forged,)), WrittenDesk()), "is not a digest"
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=80), cause=st.sampled_from(list(FailureType)))
async def test_whatever_evidence_says_a_script_is_known_to_the_guard(
    reasoner: Reasoner, text: str, cause: FailureType
) -> None:
    draft = await reasoner.draft(
        briefing(
            cause,
            evidence=(
                seen("releases-1", Finding.RELEASE_RECENT, digest=text, previous=text),
                seen("processes-1", Finding.PROCESS_DOWN, process=text),
            ),
        ),
        WrittenDesk(),
    )
    assert [reason.step for reason in draft.reasons] == STEPS
    for action in draft.actions:
        assert analyse(action.script).kind is not EffectKind.UNKNOWN
