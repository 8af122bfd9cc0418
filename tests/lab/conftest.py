"""A running shop, one per test module, and a place that takes its alerts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from tests.lab.alert_sink import AlertSink

from vigil.lab.lab import Lab
from vigil.lab.scenario import load_scenarios

TOKEN = "made-up-token-of-the-lab-tests"
SECRET = "made-up-secret-of-the-lab-tests"


class Break(Protocol):
    def __call__(self, scenario: str, seed: int = 1) -> None:
        """Inject a scenario by its id."""


@pytest.fixture(scope="module")
def sink() -> Iterator[AlertSink]:
    opened = AlertSink()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, sink: AlertSink) -> Iterator[Lab]:
    state: Path = tmp_path_factory.mktemp("l") / "s"
    opened = Lab.up(
        state,
        seed=3,
        alert_url=sink.url,
        alert_token=TOKEN,
        pagerduty_url=sink.pagerduty_url,
        pagerduty_secret=SECRET,
    )
    yield opened
    opened.down()


@pytest.fixture
def broken(lab: Lab) -> Iterator[Break]:
    """Break the module's shop by a scenario's id; it is restored after the test."""
    known = load_scenarios()

    def inject(scenario: str, seed: int = 1) -> None:
        lab.break_(known[scenario], seed=seed)

    yield inject
    assert lab.restore().ok
