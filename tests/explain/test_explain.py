"""Incidents of every end, explained (about 8 s)."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.record import erase_payloads
from tests.support.shop import Shop
from tests.support.story import Story, begin
from tests.support.world import NEW, OLD, catalogue, watching

from vigil.cli.explanation import Explanation, Told, explain_incident
from vigil.decide.chain import Chain
from vigil.domain.briefing import Briefing, Draft
from vigil.domain.catalogue import Autonomy
from vigil.domain.cost import Cost
from vigil.domain.errors import SandboxUnavailable
from vigil.domain.incident import Incident
from vigil.domain.plan import Author
from vigil.domain.policy import Policy
from vigil.domain.run import RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.ports.desk import Desk
from vigil.story.accounts import account_of
from vigil.story.recorded import Recorded
from vigil.verify.starting import PATIENCE_S
from vigil.web.views import TimelineEvent


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    begun = await begin(tmp_path)
    yield begun
    begun.record.engine.dispose()


async def told(story: Story, incident: Incident) -> Told:
    """What the API would say of it."""
    now = await story.journal.incident(incident.id)
    events = await story.journal.events(incident.id)
    proof = await Recorded(story.journal, incident.id, 1).proof()
    attempts = [Recorded(story.journal, now.id, n + 1) for n in range(now.attempt)]
    accounts = [await account_of(recorded, now) for recorded in attempts]
    return Told(
        incident=now.model_dump(mode="json"),
        events=[TimelineEvent.of(event).model_dump(mode="json") for event in events],
        proof=proof.model_dump(mode="json") if proof else None,
        accounts=tuple(account for account in accounts if account is not None),
    )


async def explained(story: Story, name: str = "checkout-errors") -> Explanation:
    incident = await story.hear(name)
    await story.go_on()
    return explain_incident(await told(story, incident))


async def answered(
    story: Story, answer: Answer, by: str = "Ada", then: SwitchState | None = None
) -> Explanation:
    """``then`` is what somebody turns the switch to right after the answer."""
    (incident,) = await story.journal.incidents()
    assert incident.plan_digest is not None
    given = Approval(plan_digest=incident.plan_digest, answer=answer, by=by, at=story.clock.now())
    assert (await story.journal.answer(incident.id, given)).won
    if then is not None:
        story.switch.set(then)
    await story.go_on()
    return explain_incident(await told(story, incident))


def autonomy(story: Story, given: Autonomy) -> None:
    story.with_parts(catalogue=catalogue(given))


def words(lines: tuple[str, ...]) -> str:
    return "\n".join(lines)


# --- it acted --------------------------------------------------------------------------------


async def test_healed_unasked(story: Story) -> None:
    said = await explained(story)
    assert said.headline == "It is fixed, and proven."
    assert said.acted
    assert said.happened[0] == "web: checkout-errors, reported by Vigil's own watcher."
    assert "newest release of web" in said.thought[0].text
    assert any("r2 was released" in text for text in said.thought[0].evidence_for)
    assert "All that acting unasked needs was there: confidence" in words(said.why)
    assert said.to_change == ()
    assert "can be undone" in said.actions[0]
    assert "release:release" in said.actions[0]
    assert said.proof[0].startswith("verified: ")
    assert said.proof[1].startswith("web/checkout: failing before (")
    assert "passing after (" in said.proof[1]
    assert "Runbook bad-release: proven 0 of 0 times here before, 1 of 1 now" in said.learned[0]


async def test_the_second_time_cites_the_first(story: Story) -> None:
    first = await explained(story)
    assert first.before == ()
    story.shop.release = NEW
    second = await story.hear(since=500)
    await story.go_on()
    said = explain_incident(await told(story, second))
    assert said.before[0].startswith(f"2026-03-01, incident {first.incident}: verified (")


async def test_asked_and_approved(story: Story) -> None:
    autonomy(story, Autonomy.APPROVE)
    waiting = await explained(story)
    assert waiting.headline == "There is a plan, and it waits for a person."
    assert not waiting.acted
    (incident,) = await story.journal.incidents()
    assert f"vigil approve {incident.id} --plan {incident.plan_digest}" in words(waiting.left_to_do)
    _, first, second, *_ = waiting.scripts
    assert first == f"action-1 runs: vigil-do release.switch release {OLD}", "whole, to be read"
    assert second == "action-1 runs: vigil-do process.restart restart web-1"
    assert f"would be undone by: vigil-do release.switch release {NEW}" in words(waiting.scripts)
    assert "No answer until 2026-03-01T16:00:00Z means no." in waiting.left_to_do
    assert "The autonomy of web is `approve`" in words(waiting.why)
    assert "set `autonomy: auto` on web" in words(waiting.to_change)

    said = await answered(story, Answer.APPROVED)
    assert said.headline == "It is fixed, and proven."
    assert "Ada agreed to the plan." in said.why
    assert said.left_to_do == ()


async def test_not_fixed_and_undone(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True
    said = await explained(story)
    assert said.headline.startswith("It is not proven that it is fixed.")
    assert said.acted
    assert "Undo:" not in words(said.actions), "what was meant to cure it, not its undo"
    assert said.proof[0].startswith("not fixed: ")
    assert "What was done has been undone." in said.proof[-1]
    assert "0 of 1 now" in said.learned[0]


async def test_made_worse_and_undone(story: Story) -> None:
    story.shop.catalogue_fails = lambda shop: shop.release == OLD
    said = await explained(story)
    assert said.headline.startswith("Something got worse after it acted.")
    assert "What was done has been undone." in said.proof[-1]


async def test_improved_and_held(story: Story) -> None:
    switched_at: list[float] = []

    def flaps(shop: Shop) -> bool:
        """Well again only for the last looks, which is too late to be proven."""
        if shop.release == OLD and not switched_at:
            switched_at.append(story.clock.elapsed())
        since = story.clock.elapsed() - switched_at[0] if switched_at else 0.0
        return since < PATIENCE_S - 5

    story.shop.checkout_fails = flaps
    said = await explained(story)
    assert "It was left as it is" in said.proof[-1]


# --- it did not act --------------------------------------------------------------------------


@pytest.mark.parametrize("word", [Autonomy.OBSERVE, Autonomy.SUGGEST])
async def test_watching_only(story: Story, word: Autonomy) -> None:
    autonomy(story, word)
    said = await explained(story)
    assert said.headline == "Nothing was done. A person has to look."
    assert not said.acted
    assert f"`{word}`" in words(said.why)
    assert "set `autonomy: approve` on web in vigil.yaml" in words(said.to_change)
    assert "release:release" in words(said.actions)
    assert "can be undone" in words(said.actions)
    assert said.proof == ()
    assert said.left_to_do, "what the plan would have been is for a person to do"


async def test_stopped(story: Story) -> None:
    story.switch.set(SwitchState(stopped=True, text="drill"))
    said = await explained(story)
    assert said.why == ("The stop switch was on.",)
    assert said.to_change == ("`vigil resume` lets Vigil act again.",)


async def test_stopped_while_it_waited(story: Story) -> None:
    """The gate's second word is in the end of the incident only."""
    autonomy(story, Autonomy.APPROVE)
    await explained(story)
    drill = SwitchState(stopped=True, text="drill")
    said = await answered(story, Answer.APPROVED, then=drill)
    assert "The stop switch was on." in said.why
    assert "Ada agreed to the plan." in said.why
    assert "`vigil resume` lets Vigil act again." in said.to_change


async def test_not_sure_enough(story: Story) -> None:
    shipped = [r.runbook for r in await story.parts.memory.recall("release", 50)]
    untried = [r.model_copy(update={"lab_record": None}) for r in shipped]
    await story.parts.memory.ingest("shipped", untried)
    said = await explained(story)
    assert "was never tried on this kind of service" in words(said.why)
    assert "more proven runs in a row" in words(said.to_change)


async def test_frozen_and_too_risky(story: Story) -> None:
    story.with_parts(policy=Policy(freeze=True))
    said = await explained(story)
    assert "A change freeze is on" in words(said.why)
    assert "`freeze: false`" in words(said.to_change)


async def test_no_grant(story: Story) -> None:
    whole = catalogue()
    web = whole.services["web"]
    only = {"restart": web.grants["restart"]}
    services = {**whole.services, "web": web.model_copy(update={"grants": only})}
    story.with_parts(catalogue=whole.model_copy(update={"services": services}))
    said = await explained(story)
    assert said.actions == ()
    assert "no grant with the verb release.switch" in words(said.why)
    assert "add a grant with the verb release.switch to web in vigil.yaml" in words(said.to_change)


async def test_no_runbook(story: Story) -> None:
    await story.parts.memory.ingest("shipped", [])
    said = await explained(story)
    assert "No runbook was found" in words(said.why)
    assert "vigil ingest runbooks" in words(said.to_change)
    assert said.left_to_do


async def test_a_person_said_no(story: Story) -> None:
    autonomy(story, Autonomy.APPROVE)
    await explained(story)
    said = await answered(story, Answer.REJECTED)
    assert "Ada said no to the plan." in said.why
    assert not said.acted


async def test_taken_back(story: Story) -> None:
    autonomy(story, Autonomy.APPROVE)
    await explained(story)
    story.shop.release = OLD
    said = await answered(story, Answer.WITHDRAWN, "vigil")
    assert any("Vigil took the plan back" in line for line in said.why)
    assert "went away and stayed away" in words(said.why)


async def test_nobody_answered_in_time(story: Story) -> None:
    autonomy(story, Autonomy.APPROVE)
    await explained(story)
    story.clock.advance(Policy().approval_expires_after_s)
    said = await answered(story, Answer.EXPIRED, "vigil")
    assert "Nobody answered the plan in time, and no answer means no." in said.why
    assert "4 h 0 min" in words(said.why)
    assert not said.acted


async def test_taken_in_hand(story: Story) -> None:
    autonomy(story, Autonomy.APPROVE)
    await explained(story)
    (incident,) = await story.journal.incidents()
    order = Cancellation(by="Ada", at=story.clock.now())
    assert (await story.journal.cancel(incident.id, order)).won
    await story.go_on()
    said = explain_incident(await told(story, incident))
    assert any(line.startswith("Ada took the incident in hand") for line in said.why)
    assert said.left_to_do == ("Ada has it in hand: ask there first.",)


async def test_the_gate_says_another_word_just_before_acting(story: Story) -> None:
    """Both words are told, rule by rule."""
    autonomy(story, Autonomy.APPROVE)
    waiting = await explained(story)
    drill = SwitchState(stopped=True, text="drill")
    said = await answered(story, Answer.APPROVED, then=drill)
    assert "Ada agreed to the plan." in said.why
    assert len(set(said.why) - set(waiting.why)) == 2, "her answer, and the rule that is new"
    assert "vigil resume" in words(said.to_change)
    assert "The gate said no" not in words(said.why)
    assert not said.acted


async def test_gone_before_acting(story: Story) -> None:
    autonomy(story, Autonomy.APPROVE)
    await explained(story)
    story.shop.release = OLD
    said = await answered(story, Answer.APPROVED)
    assert "no longer there" in words(said.why)
    assert not said.acted


async def test_nothing_wrong(story: Story) -> None:
    story.shop.release = OLD
    said = await explained(story)
    assert said.headline == "Nothing was wrong, so nothing was done."
    assert "nothing is wrong" in words(said.why)
    assert said.to_change == ()


async def test_nothing_to_check(story: Story) -> None:
    said = await explained(story, "DiskFull")
    assert "nobody could say whether it is true" in said.headline
    assert "Map this alert to a probe" in words(said.left_to_do)


async def test_no_sandbox(story: Story) -> None:
    def refuse(_: RunOrder) -> None:
        raise SandboxUnavailable("no user namespaces here; see vigil doctor")

    story.sandbox.before = refuse
    said = await explained(story)
    assert not said.acted
    assert "no user namespaces here" in words(said.why)


async def test_vigil_itself_broke(story: Story) -> None:
    def explode(_: RunOrder) -> None:
        raise ZeroDivisionError

    story.sandbox.before = explode
    said = await explained(story)
    assert "ZeroDivisionError" in words(said.why + said.proof)


# --- at any moment ---------------------------------------------------------------------------


async def test_every_moment_of_a_story_can_be_explained(story: Story) -> None:
    """Somebody asks while it is under way: each prefix of a timeline says something."""
    story.shop.checkout_fails = lambda _: True
    incident = await story.hear()
    await story.go_on()
    whole = await told(story, incident)
    going_on: dict[str, Any] = {
        **whole.incident, "stage": "VERIFYING", "closed_at": None, "outcome": None
    }  # fmt: skip
    for number in range(len(whole.events) + 1):
        said = explain_incident(Told(incident=going_on, events=whole.events[:number]))
        assert said.headline.startswith("It is being worked on: check from the user's side")


async def test_what_was_erased_says_nothing_and_breaks_nothing(story: Story) -> None:
    incident = await story.hear()
    await story.go_on()
    erase_payloads(story.record, incident.id, story.clock.now())
    said = explain_incident(await told(story, incident))
    assert said.headline == "It is fixed, and proven."


async def test_it_is_one_json_object_with_its_schema(story: Story) -> None:
    said = json.loads(json.dumps((await explained(story)).model_dump(by_alias=True)))
    assert said["schema"] == "vigil.explain/1"
    assert set(said) == {
        "schema", "incident", "headline", "happened", "thought", "before", "acted", "actions",
        "why", "to_change", "proof", "accounts", "ended", "learned", "scripts", "left_to_do",
        "models", "alternatives", "would_change_mind",
    }  # fmt: skip


async def test_what_a_model_cost_or_need_not_is_told(story: Story) -> None:
    """Of the playbook alone nothing is: no model could have been asked."""
    assert (await explained(story)).models == ()


class Sure:
    """Fulfils ``decide.chain.AskedModel`` and is never asked."""

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        raise NotImplementedError

    def first_question(self, briefing: Briefing) -> Cost:
        return Cost(tokens_in=9000, money=Decimal("0.018"))


async def test_what_the_playbook_saved_is_told(story: Story) -> None:
    story.with_parts(reasoner=Chain(PlaybookReasoner(), Sure(), story.parts.policy))
    (said,) = (await explained(story)).models
    assert "the first question alone would have taken about 9,000 tokens and 0.0180" in said


class Weighing:
    """Fulfils ``ports.reasoner.Reasoner``: the playbook's word, and what else was weighed."""

    def __init__(self, *, escalates: bool = False) -> None:
        self._nothing = {"actions": (), "runbook": None} if escalates else {}

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        draft = await PlaybookReasoner().draft(briefing, desk)
        return draft.model_copy(
            update={
                "author": Author(model="a-model", prompt="1-0123abcd"),
                "alternatives": ("A restart: the fault is in the code.",),
                "would_change_mind": ("The same errors before the release.",),
                **self._nothing,
            }
        )


@pytest.mark.parametrize("escalates", [False, True], ids=["with a plan", "without one"])
async def test_what_else_a_model_weighed_is_told(story: Story, escalates: bool) -> None:
    """Without a plan it is what the person who takes over needs most."""
    story.with_parts(reasoner=Weighing(escalates=escalates))
    said = await explained(story)
    assert bool(said.actions) is not escalates
    assert said.alternatives == ("A restart: the fault is in the code.",)
    assert said.would_change_mind == ("The same errors before the release.",)


async def test_a_plan_of_the_playbook_says_what_would_change_its_mind_too(story: Story) -> None:
    (second,) = (await explained(story)).would_change_mind
    assert second.startswith("More that speaks for the second explanation (")


async def test_that_it_came_back_comes_first_with_both(story: Story) -> None:
    story.with_parts(catalogue=watching(900))
    first = await story.hear()
    await story.go_on()
    story.clock.advance(300)
    story.shop.release = NEW
    second = await story.hear(since=300)
    await story.go_on()
    before = explain_incident(await told(story, first))
    assert before.headline == "It was proven fixed, and came back."
    assert before.happened[0].startswith(f"It came back after 5 min, as incident {second.id}:")
    now = explain_incident(await told(story, second))
    assert now.happened[0].startswith(f"It came back 5 min after incident {first.id} was proven")
    assert any("is not used again for this without a person" in said for said in now.why)
    assert f"proven, and back as incident {second.id}" in now.before[0]
    assert any("See what brings it back" in change for change in now.to_change)
