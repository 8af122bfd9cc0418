"""The ledger fails between an effect and its record: the run is not known to have ended.

Asked for once more under its key it finds out, as after a kill.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runner.bench import Bench, sandboxes_in

from vigil.domain.errors import PortUnavailable
from vigil.domain.plan import ActionStatus
from vigil.domain.switch import SWITCH_FILE
from vigil.guard import analyse
from vigil.runner.ledger import Ledger, Outcome
from vigil.runner.runs import Listener, Runs
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file
from vigil.runner.switch import switch_at

QUIET = Listener(line=lambda _: None, call=lambda _: None)


class Failing(Ledger):
    """The real ledger, whose disk is full when an effect is to be recorded as done."""

    full = True

    def end_effect(self, key: str, outcome: Outcome) -> None:
        if self.full:
            raise PortUnavailable("the runner's ledger cannot be used (disk full)")
        super().end_effect(key, outcome)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Failing]:
    opened = Failing(in_file(tmp_path / LEDGER))
    yield opened
    opened.close()


def runs_of(bench: Bench, ledger: Ledger) -> Runs:
    switch = switch_at(bench.state / SWITCH_FILE)
    return Runs(bench.catalogue, sandboxes_in(bench.state), ledger, analyse, switch)


async def test_what_was_done_and_not_recorded_is_recognised(bench: Bench, ledger: Failing) -> None:
    runs = runs_of(bench, ledger)
    order = bench.order(bench.to("one"))
    with pytest.raises(PortUnavailable, match="disk full"):
        await runs.run(order, QUIET)
    assert bench.current == "one"
    ledger.full = False
    result = await runs.run(order, QUIET)
    assert result.status is ActionStatus.SUCCEEDED
    assert [(call.allowed, call.repeated) for call in result.calls] == [(True, True)]
    assert bench.logged_switches() == ["one"]


async def test_what_a_run_that_was_cut_off_left_open_stays_uncertain(
    bench: Bench, ledger: Failing
) -> None:
    """Also when the second run does not come to ask for it."""
    runs = runs_of(bench, ledger)
    order = bench.order(f"sleep 0.3\n{bench.to('one')}", timeout_s=5.0)
    with pytest.raises(PortUnavailable):
        await runs.run(order, QUIET)
    ledger.full = False
    bench.switch(stopped=True)
    result = await runs.run(order, QUIET)
    assert result.status is ActionStatus.UNCERTAIN
    assert "A run that was cut off had begun release.switch(release)" in result.output
