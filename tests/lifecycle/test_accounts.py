"""What people are shown of a proof: stories of every end, and records of before (about 6 s)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import text
from tests.support.hand_clock import START
from tests.support.shop import fails_now_and_then
from tests.support.story import Story
from tests.support.world import OLD, ScriptedInventories, ScriptedTelemetry, catalogue

from vigil.domain.account import MOST_LOOKS, Account, Became, Looks, became
from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import Incident
from vigil.domain.inventory import Inventory, Item, Kind
from vigil.domain.plan import ActionStatus, PlanKind, Role
from vigil.domain.probe import ProbeOutcome
from vigil.domain.proof import CLAIMS, Criterion, Outcome
from vigil.domain.run import RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.telemetry import Band, Usual
from vigil.story.accounts import (
    IMPROVED,
    NOT_BACK,
    NOT_UNDONE,
    NOT_YET,
    UNDO_CUT,
    UNDONE,
    account_of,
)
from vigil.story.recorded import Recorded

P, F, U = ProbeOutcome.PASSING, ProbeOutcome.FAILING, ProbeOutcome.UNKNOWN


async def accounts(story: Story, name: str = "checkout-errors") -> tuple[Account, ...]:
    """Hear the alert, let it run to where it stops, and ask for the account of each attempt."""
    incident = await story.hear(name)
    await story.go_on()
    return await told(story, incident)


async def told(story: Story, incident: Incident) -> tuple[Account, ...]:
    now = await story.journal.incident(incident.id)
    found = [
        await account_of(Recorded(story.journal, now.id, number), now)
        for number in range(1, now.attempt + 1)
    ]
    return tuple(account for account in found if account is not None)


def of(account: Account, ref: str) -> tuple[str, str]:
    """The role of a probe, and what became of it."""
    (probe,) = (each for each in account.probes if str(each.ref) == ref)
    return probe.role, probe.became


def met(account: Account) -> Mapping[str, bool | None]:
    return {each.criterion: each.met for each in account.criteria}


# --- ends ------------------------------------------------------------------------------------


async def test_a_proof_that_holds(story: Story) -> None:
    (account,) = await accounts(story)
    assert (account.kind, account.outcome) == (PlanKind.REMEDY, Outcome.VERIFIED)
    assert account.sentence.startswith("Fixed, and proven")
    assert account.sentence.endswith("criteria held.")
    assert set(met(account).values()) == {True}
    assert account.probes[0].ref.probe == "checkout", "what shows the symptom stands first"
    assert of(account, "web/checkout") == (Role.SYMPTOM, Became.MENDED)
    assert of(account, "web/catalogue")[1] == Became.WELL
    assert all(probe.why for probe in account.probes)
    assert account.probes[0].before.in_words.startswith("0 of ")
    assert (account.bad_before, account.bad_after) == (0.6, 0.0)
    assert account.measured == "Bad requests: 60.0% before, 0.0% after."
    assert (account.in_place, account.undo_failed) == ((), False)


async def test_what_is_usual_stands_beside_what_is(story: Story) -> None:
    usual = Usual(bad=Band(median=0.002, spread=0.001, windows=9), seconds=None, until=START)
    assert isinstance(story.parts.senses.telemetry, ScriptedTelemetry)
    story.parts.senses.telemetry.usually = lambda: usual
    (account,) = await accounts(story)
    assert account.measured == "Bad requests: 60.0% before, 0.0% after, 0.2% as usual."


async def test_neighbours_are_shown_with_every_look_before(story: Story) -> None:
    """They were looked at several times, to know what is chance with each of them."""
    (account,) = await accounts(story)
    others = [probe for probe in account.probes if probe.role != Role.SYMPTOM]
    assert all(len(probe.before.outcomes) > 2 for probe in others)
    assert {outcome for probe in others for outcome in probe.before.outcomes} == {P}


async def test_an_undo_has_an_account_of_its_own(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True
    remedy, undo = await accounts(story)
    assert remedy.sentence.startswith("Not proven to be fixed.")
    assert "Did not hold: symptom" in remedy.sentence
    assert of(remedy, "web/checkout") == (Role.SYMPTOM, Became.FAILING)
    assert undo.kind is PlanKind.ROLLBACK
    assert undo.sentence == UNDONE
    assert of(undo, "web/checkout") == (Role.SYMPTOM, Became.AS_BEFORE)
    assert (undo.in_place, undo.undo_failed) == ((), False)


async def test_what_got_worse_stands_first(story: Story) -> None:
    story.shop.catalogue_fails = lambda shop: shop.release == OLD
    remedy, undo = await accounts(story)
    assert remedy.outcome is Outcome.REGRESSED
    assert str(remedy.probes[0].ref) == "web/catalogue"
    assert remedy.probes[0].became == Became.WORSE
    assert undo.outcome is Outcome.VERIFIED


async def test_what_is_missing_is_told_with_what_there_was(story: Story) -> None:
    def there() -> Inventory:
        names = ("web-1",) if story.shop.release == OLD else ("web-1", "web-2")
        items = (Item(kind=Kind.INSTANCE, service="web", name=n, there=True) for n in names)
        return Inventory(items=tuple(items))

    story.with_parts(senses=replace(story.parts.senses, inventories=ScriptedInventories(there)))
    remedy, undo = await accounts(story)
    assert remedy.outcome is Outcome.REGRESSED
    (loss,) = remedy.lost
    assert loss.text == "instance web-2 of web was there before and is gone."
    assert remedy.inventory is not None
    assert remedy.inventory.startswith("Counted before and after: 2 → 1 (2 → 1 processes")
    assert met(remedy)["inventory"] is False
    assert undo.lost == ()
    assert undo.inventory is not None
    assert "2 processes" in undo.inventory


async def test_better_and_not_proven_says_so_and_what_is_in_place(story: Story) -> None:
    story.shop.checkout_fails = fails_now_and_then()
    (account,) = await accounts(story)
    assert account.sentence.startswith(IMPROVED)
    assert not account.undo_failed
    assert len(account.in_place) == 1
    assert "in place; its undo would be: vigil-do" in account.in_place[0]


# --- an undo that fails ----------------------------------------------------------------------


async def test_an_undo_that_was_cut_short_leaves_an_exact_state(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True

    def fail_the_undo(order: RunOrder) -> None:
        undoing = order.plan.kind is PlanKind.ROLLBACK
        story.sandbox.status = ActionStatus.FAILED if undoing else ActionStatus.SUCCEEDED

    story.sandbox.before = fail_the_undo
    _, undo = await accounts(story)
    assert undo.sentence.startswith(UNDO_CUT)
    assert undo.undo_failed
    assert any("in place" in line for line in undo.in_place)


async def test_an_undo_that_does_not_bring_back_what_was_there(story: Story) -> None:
    """The catalogue broke with the remedy, and stays broken."""
    story.shop.catalogue_fails = lambda shop: bool(shop.done)
    _, undo = await accounts(story)
    assert undo.sentence.startswith(NOT_BACK)
    assert undo.undo_failed
    assert of(undo, "web/catalogue")[1] == Became.WORSE


async def test_an_undo_that_may_not_run_leaves_everything_in_place(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True

    def stop(_: RunOrder) -> None:
        story.switch.set(SwitchState(stopped=True, text="drill"))

    story.sandbox.before = stop
    *_, undo = await accounts(story)
    assert (undo.outcome, undo.sentence) == (None, NOT_UNDONE)
    assert undo.undo_failed
    assert len(undo.in_place) == 1


# --- before there is a proof -----------------------------------------------------------------


async def test_a_plan_that_waits_shows_what_would_prove_it_and_how_it_looked(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    (account,) = await accounts(story)
    assert (account.outcome, account.sentence) == (None, NOT_YET)
    assert account.criteria == ()
    (symptom,) = (probe for probe in account.probes if probe.role == Role.SYMPTOM)
    assert symptom.before.outcomes == (F,)
    assert symptom.became == Became.NOT_LOOKED
    assert all(probe.before.looks == 1 for probe in account.probes)


async def test_what_never_had_a_plan_has_no_account(story: Story) -> None:
    story.shop.release = OLD
    assert await accounts(story) == ()


# --- records of before -----------------------------------------------------------------------


def rewritten(story: Story, stage: str, change: Callable[[dict[str, object]], None]) -> None:
    """What is on record of a stage, as a former version wrote it."""
    with story.record.engine.begin() as connection:
        rows = connection.execute(
            text("SELECT attempt, name, json_text FROM outputs WHERE stage = :stage"),
            {"stage": stage},
        ).all()
        for attempt, name, written in rows:
            value = json.loads(written)
            change(value)
            connection.execute(
                text(
                    "UPDATE outputs SET json_text = :new WHERE stage = :stage AND name = :name "
                    "AND attempt = :attempt"
                ),
                {"new": json.dumps(value), "stage": stage, "name": name, "attempt": attempt},
            )


async def test_a_record_from_before_criteria_and_roles_is_still_shown(story: Story) -> None:
    incident = await story.hear()
    await story.go_on()

    def older_proof(proof: dict[str, object]) -> None:
        for name in ("grounds", "lost", "counted", "bad_before", "bad_after"):
            proof.pop(name, None)

    def older_plan(synthesis: dict[str, object]) -> None:
        plan = synthesis.get("plan")
        if isinstance(plan, dict):
            plan.pop("chosen", None)

    rewritten(story, "VERIFYING", older_proof)
    rewritten(story, "SYNTHESIZING", older_plan)
    with story.record.engine.begin() as connection:
        connection.execute(text("DELETE FROM outputs WHERE name = 'baseline'"))
    (account,) = await told(story, incident)
    assert account.sentence.startswith("Fixed, and proven")
    assert "criteria" not in account.sentence
    assert (account.criteria, account.inventory, account.measured) == ((), None, None)
    assert of(account, "web/checkout") == (Role.SYMPTOM, Became.MENDED)
    assert of(account, "web/catalogue") == (Role.NEIGHBOUR, Became.WELL)
    assert {probe.why for probe in account.probes} == {""}


# --- pieces ----------------------------------------------------------------------------------


def test_every_criterion_has_a_claim() -> None:
    assert set(CLAIMS) == set(Criterion)


def test_what_became_of_a_probe_is_told_by_all_before_and_the_last_after() -> None:
    cases = {
        Became.NOT_LOOKED: ((P,), ()),
        Became.MENDED: ((F, P), (F, P)),
        Became.WELL: ((P, U), (F, P)),
        Became.WORSE: ((P, P), (P, F)),
        Became.FAILING: ((F,), (P, F)),
        Became.UNKNOWN: ((P,), (P, U)),
    }
    assert {word: became(*looks) for word, looks in cases.items()} == {w: w for w in cases}


def test_a_long_row_of_looks_says_how_many_there_were() -> None:
    looks = Looks(outcomes=(P,) * (MOST_LOOKS - 1) + (U,), looks=100)
    assert looks.in_words == "59 of the newest 60 of 100 looks passed, 1 gave no answer"


def test_what_a_service_answered_is_cut_and_cannot_steer_a_terminal() -> None:
    looks = Looks(text="\x1b[2J" + "x" * 5000 + "\u202e")
    assert looks.text is not None
    assert len(looks.text) == 500
    assert "\x1b" not in looks.text


def test_an_older_command_line_leaves_what_it_does_not_know() -> None:
    known = Account(
        attempt=1, kind=PlanKind.REMEDY, outcome=None, sentence="so", text="so"
    ).model_dump(mode="json")
    assert Account.model_validate({**known, "weather": "fine"}).sentence == "so"
