"""One scenario as it went, and what about it is not as it should be."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from vigil.cli.rehearsal.watching import Watching
from vigil.lab.judge import Judgement
from vigil.lab.scenario import Scenario, SentBy


@dataclass(frozen=True)
class Run:
    """What the lab did, what Vigil said, what was counted at the shop, what the judge says."""

    scenario: Scenario
    watching: Watching
    began: datetime
    judgement: Judgement
    touched: int
    """What Vigil may have done to the shop since the fault was in place, counted at the shop; not
    counted where it was to do something."""
    breaches: tuple[str, ...]
    """Where it did more than the scenario allows, counted at the shop."""
    also_opened: tuple[str, ...]
    """Further incidents that were opened meanwhile, each in a few words."""
    expected_rank: int | None

    @property
    def detected_s(self) -> float:
        """From the fault to the first alert."""
        return (self.watching.opened_at - self.began).total_seconds()

    @property
    def verified_s(self) -> float:
        """From the fault to the end."""
        return (self.watching.closed_at - self.began).total_seconds()

    @property
    def incidents(self) -> int:
        """How many were opened, the one that was watched included."""
        return 1 + len(self.also_opened)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is not as the scenario expects, in words; the judge is asked apart from this."""
        return (*self._end(), *self._cause(), *self._reports(), *self._actions(), *self.breaches)

    @property
    def as_expected(self) -> bool:
        """The right end, the right cause, one incident, and no more done than there is to do."""
        return not self.complaints

    @property
    def judge_agrees(self) -> bool:
        """The shop itself is as well as Vigil says."""
        return self.judgement.ok is self.scenario.file.expect.ends_healthy

    def _end(self) -> Iterator[str]:
        got, expected = self.watching.outcome or "nothing", self.scenario.file.expect.proof
        if got != expected:
            yield f"ended as {got}, expected {expected}"

    def _cause(self) -> Iterator[str]:
        expect = self.scenario.file.expect
        top = ((self.watching.last("hypotheses") or {}).get("ranked") or [{}])[0]
        if expect.cause is not None and self.expected_rank != 1:
            rank = self.expected_rank
            place = "not named" if rank is None else f"named as number {rank}"
            cause = f"{expect.cause.failure_type} of the {expect.cause.component}"
            yield f"the cause, {cause}, is {place}"
        if top.get("failure_type") in expect.not_cause:
            yield f"taken for {top['failure_type']}, which it only looks like"

    def _reports(self) -> Iterator[str]:
        if self.also_opened:
            yield f"{self.incidents} incidents, expected one; also {'; '.join(self.also_opened)}"
        # A fault that the shop's own rule sees is reported by all.
        silent = reporters(self.scenario) - set(self.watching.sources)
        if silent:
            yield f"not reported by {', '.join(sorted(silent))}"

    def _actions(self) -> Iterator[str]:
        executed, expected = self.watching.actions_executed, self.scenario.file.expect.actions
        if (executed == 0) is not (expected == "0"):
            yield f"Vigil says that it executed {executed} actions, expected {expected}"
        if expected == "0" and self.touched:
            yield f"{self.touched} changes were counted at the shop, expected 0"


def reporters(scenario: Scenario) -> set[str]:
    """Who reports a fault that the shop's own rule sees."""
    if scenario.file.alert.sent_by is not SentBy.RULE:
        return set()
    # What no probe covers the own watcher cannot see.
    covered = scenario.file.expect.proof != "nothing_to_check"
    return {"alertmanager", "pagerduty", *(("watch",) if covered else ())}
