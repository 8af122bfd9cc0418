"""What fails trips a breaker, across incidents, until a person shows that it is cured (3 s)."""

from datetime import UTC, timedelta

import pytest
from tests.support.story import Story
from tests.support.world import NEW

from vigil.decisions import Decisions
from vigil.domain.alert import AlertStatus
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.plan import ActionStatus
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.verdict import Answer, Approval

DAY = 86_400
SURE = {"auto_confidence": 0, "auto_context_match": 0, "breaker_rests_s": DAY}
RULES = Policy.model_validate(
    {
        **SURE,
        "rules": [
            {
                "id": "going-back",
                "when": {"services": ["web"]},
                "then": "allow",
                "because": "Releases are kept for going back.",
            }
        ],
    }
)
LATER = 120
"""Seconds: the release that broke it is still recent."""


async def told(story: Story, since: float) -> Incident:
    story.shop.release = NEW
    incident = await story.hear(since=since)
    await story.go_on()
    return await story.journal.incident(incident.id)


async def after_a_failure(story: Story) -> tuple[Incident, Incident]:
    """A plan that did not help, and the incident that comes some minutes later."""
    story.shop.checkout_fails = lambda _: True
    failed = await told(story, 0)
    assert (failed.stage, failed.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    story.shop.checkout_fails = lambda shop: shop.release == NEW
    # Heard to be over, or what comes next would be taken for the same trouble.
    await story.hear(status=AlertStatus.RESOLVED, since=1)
    return failed, await once_more(story, 1)


async def once_more(story: Story, time: int) -> Incident:
    """The trouble comes again some minutes later."""
    story.clock.advance(LATER)
    return await told(story, time * LATER)


async def rules_of(story: Story, incident: Incident) -> list[str]:
    (judged,) = await story.payloads(incident.id, "judged")
    assert isinstance(judged["rules"], list)
    return judged["rules"]


async def test_after_a_failed_proof_what_its_rule_allows_is_asked(story: Story) -> None:
    story.with_parts(policy=RULES)
    failed, later = await after_a_failure(story)
    assert later.waiting_on is WaitingOn.APPROVAL
    (executed,) = await story.journal.executed_since(failed.opened_at, besides=later.id)
    assert (executed.policy_rules, executed.outcome) == (("going-back",), Outcome.NOT_FIXED)
    assert executed.proven_at is not None
    until = executed.proven_at.astimezone(UTC) + timedelta(days=1)
    for whose in ("rule 'going-back'", f"runbook '{executed.runbook}'"):
        assert (
            f"ask: the last plan of {whose} was not_fixed in incident {failed.id}; its breaker is "
            f"tripped until {until:%Y-%m-%d %H:%M:%S} UTC, or until a plan that a person approves "
            "is proven"
        ) in await rules_of(story, later)


async def test_what_a_person_approves_and_is_proven_resets_it(story: Story) -> None:
    story.with_parts(policy=RULES)
    _, later = await after_a_failure(story)
    assert later.plan_digest is not None
    yes = Approval(
        plan_digest=later.plan_digest, answer=Answer.APPROVED, by="Ada", at=story.clock.now()
    )
    assert (await story.journal.answer(later.id, yes)).won
    await story.go_on()
    assert (await story.journal.incident(later.id)).outcome is Outcome.VERIFIED
    assert (await once_more(story, 2)).outcome is Outcome.VERIFIED


async def test_a_plan_that_was_kept_from_its_end_trips_none(story: Story) -> None:
    story.with_parts(policy=RULES)
    story.sandbox.interrupted, story.sandbox.status = True, ActionStatus.FAILED
    failed = await told(story, 0)
    assert failed.outcome is Outcome.NOT_FIXED
    story.sandbox.interrupted, story.sandbox.status = False, ActionStatus.SUCCEEDED
    await story.hear(status=AlertStatus.RESOLVED, since=1)
    assert (await once_more(story, 1)).outcome is Outcome.VERIFIED


async def test_a_person_resets_it_after_a_look_at_what_tripped_it(story: Story) -> None:
    story.with_parts(policy=RULES)
    decisions = Decisions(story.parts)
    assert await decisions.breakers() == ()
    failed, later = await after_a_failure(story)
    assert later.waiting_on is WaitingOn.APPROVAL
    decisions = Decisions(story.parts)
    standing = await decisions.breakers()
    assert [each.id for each in standing] == [
        "rule:going-back",
        f"runbook:{await used(story, failed)}",
    ]
    assert {each.incident for each in standing} == {failed.id}
    assert not (await decisions.reset("rule:going-back", later.id, "Ada", "mended")).won
    assert not (await decisions.reset("rule:other", failed.id, "Ada", "mended")).won
    for each in standing:
        assert (await decisions.reset(each.id, failed.id, "Ada", "mended")).won
    assert await decisions.breakers() == ()
    assert not (await decisions.reset(standing[0].id, failed.id, "Bob", "me too")).won
    told_of = await story.payloads(failed.id, "breaker_reset")
    assert [one["breaker"] for one in told_of] == [each.id for each in standing]
    assert told_of[0] == {"breaker": "rule:going-back", "by": "Ada", "why": "mended"}
    assert later.plan_digest is not None
    no = Approval(
        plan_digest=later.plan_digest, answer=Answer.REJECTED, by="Ada", at=story.clock.now()
    )
    assert (await story.journal.answer(later.id, no)).won
    await story.go_on()
    await story.hear(status=AlertStatus.RESOLVED, since=LATER + 1)
    assert (await once_more(story, 2)).outcome is Outcome.VERIFIED


async def test_what_fails_after_a_reset_trips_it_anew(story: Story) -> None:
    story.with_parts(policy=RULES)
    failed, later = await after_a_failure(story)
    for each in await Decisions(story.parts).breakers():
        assert (await Decisions(story.parts).reset(each.id, failed.id, "Ada", "mended")).won
    story.shop.checkout_fails = lambda _: True
    assert later.plan_digest is not None
    yes = Approval(
        plan_digest=later.plan_digest, answer=Answer.APPROVED, by="Ada", at=story.clock.now()
    )
    assert (await story.journal.answer(later.id, yes)).won
    await story.go_on()
    standing = await Decisions(story.parts).breakers()
    assert {each.incident for each in standing} == {later.id}
    assert len(standing) == 2


async def test_the_breaker_of_all_is_reset_as_well(story: Story) -> None:
    story.with_parts(policy=Policy(max_executions_per_hour=1))
    first = await told(story, 0)
    assert first.outcome is Outcome.VERIFIED
    (standing,) = await Decisions(story.parts).breakers()
    assert (standing.id, standing.incident, standing.until) == ("all", first.id, None)
    assert (await Decisions(story.parts).reset("all", first.id, "Ada", "a busy day")).won
    assert await Decisions(story.parts).breakers() == ()
    assert (await once_more(story, 1)).outcome is Outcome.VERIFIED
    (again,) = await Decisions(story.parts).breakers()
    assert again.incident != first.id


async def used(story: Story, incident: Incident) -> str:
    (executed, *_) = await story.journal.executed_since(incident.opened_at, besides="another")
    assert executed.runbook is not None
    return executed.runbook


async def test_it_rests_so_long_and_no_longer(story: Story) -> None:
    story.with_parts(policy=RULES.model_copy(update={"breaker_rests_s": 60}))
    _, later = await after_a_failure(story)
    assert later.outcome is Outcome.VERIFIED


async def test_it_rests_from_the_proof_on_however_long_that_took(story: Story) -> None:
    """Also when the plan was begun longer ago than it rests."""
    story.with_parts(policy=RULES.model_copy(update={"breaker_rests_s": 3600}))
    story.shop.checkout_fails = lambda _: True
    failed = await told(story, 0)
    (executed,) = await story.journal.executed_since(failed.opened_at, besides="another")
    assert executed.proven_at is not None
    assert executed.proven_at > executed.at + timedelta(seconds=1)
    since = (story.clock.now() - executed.proven_at).total_seconds()
    story.clock.advance(3600 - since - 1)
    assert len(await Decisions(story.parts).breakers()) == 2
    story.clock.advance(1)
    assert await Decisions(story.parts).breakers() == ()


@pytest.mark.parametrize("rules", [None, ()], ids=["no key", "no rules"])
async def test_without_a_rule_that_allows_none_is_tripped(
    story: Story, rules: tuple[()] | None
) -> None:
    story.with_parts(policy=RULES.model_copy(update={"rules": rules}))
    incident = await told(story, 0)
    assert (incident.outcome is Outcome.VERIFIED) is (rules is None)
    assert any(
        "no rule of the policy fits" in rule for rule in await rules_of(story, incident)
    ) is (rules == ())
