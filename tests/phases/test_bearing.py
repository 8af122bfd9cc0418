"""A cure that has to bear a swarm: when it is sent, and what it says (about 1 s)."""

from collections.abc import Callable

import pytest
from tests.phases.values import executed, plan
from tests.support.hand_clock import START, HandClock
from tests.support.swarms import WALK, WISH, Notebook, ScriptedSwarm, asking, report
from tests.support.world import (
    HandSwitch,
    Script,
    ScriptedProbes,
    ScriptedTelemetry,
    catalogue,
    eyes,
)

from vigil.domain.plan import ActionStatus, Execution
from vigil.domain.proof import Criterion, Ground, Outcome, Proof
from vigil.domain.swarm import Stop, Stopped, SwarmReport, SwarmSpec
from vigil.domain.switch import SwitchState
from vigil.verify.baseline import take_baseline
from vigil.verify.bearing import CALM_S, SWARM_S, Bearing, Sending
from vigil.verify.bystander import Bystander
from vigil.verify.improved import improved
from vigil.verify.looks import PASSES
from vigil.verify.starting import PATIENCE_S
from vigil.verify.verify import verify

CATALOGUE = asking(catalogue())
PLAN = plan(CATALOGUE)
CHECKOUT, OTHER = "web/checkout", "web/catalogue"


class House:
    """One verification of a cure that works, of a service that asks for a swarm."""

    def __init__(self, checkout: Script = "", **others: Script) -> None:
        self.clock = HandClock()
        self.cured = False
        self.switch = HandSwitch()
        self.swarm = ScriptedSwarm(self.clock)
        self.notebook = Notebook()
        self.suffers = False
        """While a swarm is under way, and for as long after it as the test says."""
        rows = {name.replace("__", "/"): row for name, row in others.items()}
        self.probes = ScriptedProbes(
            self.clock, {CHECKOUT: checkout or self.look, OTHER: self.beside, **rows}
        )

    def look(self) -> str:
        return "P" if self.cured else "F"

    def beside(self) -> str:
        return "F" if self.suffers else "P"

    @property
    def bearing(self) -> Bearing:
        telemetry = ScriptedTelemetry(self.clock)
        bystander = Bystander("web", CATALOGUE, self.probes, telemetry, self.switch)
        sending = Sending(self.swarm, bystander, self.notebook, self.clock, 1234)
        return Bearing(WISH, WALK, sending)

    async def proven(self, execution: Execution | None = None) -> Proof:
        seen = eyes(CATALOGUE, self.probes, self.clock)
        baseline = await take_baseline(PLAN, seen, START)
        self.cured = True
        return await verify(PLAN, execution or executed(PLAN), baseline, seen, self.bearing)


def of_swarm(proof: Proof) -> Ground:
    (ground,) = (each for each in proof.grounds if each.criterion is Criterion.SWARM)
    return ground


# --- sent last, and once ---------------------------------------------------------------------


async def test_what_holds_under_the_swarm_is_verified() -> None:
    house = House()
    proof = await house.proven()
    assert proof.outcome is Outcome.VERIFIED
    (spec,) = house.swarm.sent
    assert (spec.sessions, spec.rate, spec.most_s, spec.memory_mb) == (20, 10, SWARM_S, 1234)
    assert house.notebook.begun == [(spec, "customer")]
    assert proof.swarm == house.notebook.kept == report(spec)
    said = "20 of 20 users, 10 a second, got through customer (p50 1.00 s, p95 2.00 s, p99 3.00 s)."
    assert of_swarm(proof) == Ground(criterion=Criterion.SWARM, met=True, text=said)
    assert said in proof.text


async def test_it_is_sent_when_all_else_is_well_and_that_is_looked_at_once_more() -> None:
    house = House()
    sent_at: list[float] = []
    house.swarm.during = lambda: sent_at.append(house.clock.elapsed())
    proof = await house.proven()
    (checkout,) = (change for change in proof.probes if change.proves)
    looked_at = [(look.at - START).total_seconds() for look in checkout.after]
    before = [at for at in looked_at if at < sent_at[0]]
    assert (len(before), len(looked_at)) == (PASSES, PASSES + 1)


@pytest.mark.parametrize("row", ["F", "F" + 40 * "PF"])
async def test_never_while_something_fails(row: str) -> None:
    house = House(row)
    proof = await house.proven()
    assert (proof.outcome, house.swarm.sent, proof.swarm) == (Outcome.NOT_FIXED, [], None)
    assert of_swarm(proof).met is None
    assert not proof.interrupted, "the cure had its chance"


async def test_nor_after_a_plan_that_was_not_run_to_its_end() -> None:
    house = House()
    proof = await house.proven(executed(PLAN, ActionStatus.FAILED))
    assert (proof.outcome, house.swarm.sent) == (Outcome.NOT_FIXED, [])


async def test_patience_does_not_run_out_over_it() -> None:
    house = House()
    house.swarm.looks = round(SWARM_S / 10)
    assert SWARM_S > PATIENCE_S
    assert (await house.proven()).outcome is Outcome.VERIFIED


# --- not borne: not proven, and left in place -----------------------------------------------------


async def test_a_user_who_does_not_get_through() -> None:
    house = House()
    house.swarm.ends = lambda spec: report(spec, failed=3)
    proof = await house.proven()
    assert proof.outcome is Outcome.NOT_FIXED
    assert of_swarm(proof).met is False
    assert proof.text.startswith("17 of 20 users, 10 a second, got through customer (p50 1.00 s")
    assert proof.text.endswith("3 failed. At step 7, 3 times: it answered 503.")
    assert not proof.interrupted, "this counts against the runbook"
    assert improved(proof), "single users get through: undoing would be worse"


async def test_a_service_that_suffers_while_it_is_under_way() -> None:
    """A load of Vigil's own making is no regression: what recovers after it is left as it is."""
    house = House()

    def hurt() -> None:
        house.suffers = True

    house.swarm.during = hurt
    left = 0

    async def sleep(seconds: float) -> None:
        nonlocal left
        house.clock.advance(seconds)
        left += house.suffers
        house.suffers = house.suffers and left < CALM_S / 4

    house.clock.sleep = sleep  # type: ignore[method-assign] # the moment at which it recovers
    proof = await house.proven()
    assert proof.outcome is Outcome.NOT_FIXED
    assert of_swarm(proof).met is False
    assert "ended early: probe web/catalogue is failing" in of_swarm(proof).text
    assert improved(proof)


async def test_one_that_does_not_recover_is_worse_than_before() -> None:
    house = House()

    def hurt() -> None:
        house.suffers = True

    house.swarm.during = hurt
    assert (await house.proven()).outcome is Outcome.REGRESSED


async def test_what_fell_to_the_swarm_is_not_undone_on_top() -> None:
    """All else was well when it was sent: the cure had helped, and its symptom is back since."""
    house = House()

    def fall() -> None:
        house.cured = False

    house.swarm.during = fall
    proof = await house.proven()
    assert (proof.outcome, len(house.swarm.sent)) == (Outcome.NOT_FIXED, 1)
    assert improved(proof)


# --- not known: not proven, and no trial of the runbook -------------------------------------------

NO_BROWSER = Stop(why=Stopped.BROWSER, text="the browsers cannot be used: there is none")
UNKNOWN: list[tuple[Callable[[SwarmSpec], SwarmReport], str]] = [
    (lambda spec: report(spec, unfinished=20, stop=NO_BROWSER), "there is none"),
    (lambda spec: report(spec, lost=1), "1 lost their browser"),
    (
        lambda spec: report(spec, unfinished=9, stop=Stop(why=Stopped.TIME, text="time was over")),
        "9 did not come to the end",
    ),
]


@pytest.mark.parametrize(("ends", "words"), UNKNOWN)
async def test_what_nobody_can_say_is_never_verified(
    ends: Callable[[SwarmSpec], SwarmReport], words: str
) -> None:
    house = House()
    house.swarm.ends = ends
    proof = await house.proven()
    assert (proof.outcome, proof.interrupted) == (Outcome.NOT_FIXED, True)
    assert of_swarm(proof).met is None
    assert words in proof.text
    assert improved(proof)


async def test_where_it_may_not_begin_it_is_tried_until_patience_ends() -> None:
    house = House()
    house.switch.set(SwitchState(stopped=True, text="drill"))
    began = house.clock.elapsed()
    proof = await house.proven()
    assert house.clock.elapsed() - began >= PATIENCE_S
    assert (proof.outcome, proof.interrupted) == (Outcome.NOT_FIXED, True)
    assert proof.text == "No swarm was sent: Vigil is stopped (drill)."
    assert house.swarm.sent == []


async def test_what_is_in_its_way_may_go_away() -> None:
    """A neighbour that failed before is no reason against the cure, but one against a swarm."""
    rows = {"db__accepts": 40 * "F" + "P"}
    house = House(**rows)
    assert (await house.proven()).outcome is Outcome.VERIFIED
    assert len(house.swarm.sent) == 1


async def test_somebody_may_stop_it() -> None:
    house = House()
    house.notebook.called_off = Stop(why=Stopped.TOLD, text="cancelled by Ada")
    proof = await house.proven()
    assert (proof.outcome, proof.interrupted) == (Outcome.NOT_FIXED, True)
    assert "It was ended early: cancelled by Ada." in proof.text


async def test_what_a_former_run_saw_is_not_sent_again() -> None:
    house = House()
    house.notebook.kept = report(SwarmSpec(sessions=20, rate=10))
    proof = await house.proven()
    assert (proof.outcome, house.swarm.sent) == (Outcome.VERIFIED, [])
    assert proof.swarm == house.notebook.kept


async def test_what_must_not_be_sent_again_is_not() -> None:
    house = House()
    house.notebook.against = "Vigil did not live to see the end of it 2 times"
    proof = await house.proven()
    assert (proof.outcome, house.swarm.sent) == (Outcome.NOT_FIXED, [])
    assert proof.text == f"No swarm was sent: {house.notebook.against}."
    assert proof.interrupted
