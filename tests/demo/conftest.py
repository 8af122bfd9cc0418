"""A shop and a Vigil beside it, on which a test module plays one scenario after the other."""

from collections.abc import Callable, Iterator

import pytest

from vigil.cli.rehearsal.rehearsal import Rehearsal
from vigil.cli.rehearsal.run import Run
from vigil.lab.scenario import choose, load_scenarios

SEED = 12
CALM_S = 90.0
Play = Callable[[str], Run]


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """Plays a scenario once what went before is over; it goes as it should, by everybody's word."""
    with Rehearsal(SEED, lambda _: None) as rehearsal:

        def played(name: str) -> Run:
            rehearsal.wait_calm(CALM_S)
            run = rehearsal.run(choose(load_scenarios(), name), lambda _: None)
            watching = run.watching
            closed = watching.last("closed") or {}
            ranked = (watching.last("hypotheses") or {}).get("ranked") or [{}]
            story = (watching.outcome, ranked[0].get("text"), closed.get("text"), watching.sources)
            assert run.complaints == (), story
            assert run.judge_agrees, (story, run.judgement.findings)
            return run

        yield played
