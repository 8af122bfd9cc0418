"""A running shop, one per test module, and a place that takes its alerts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.alert_sink import AlertSink

from vigil.lab.lab import Lab

TOKEN = "made-up-token-of-the-lab-tests"


@pytest.fixture(scope="module")
def sink() -> Iterator[AlertSink]:
    opened = AlertSink()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, sink: AlertSink) -> Iterator[Lab]:
    state: Path = tmp_path_factory.mktemp("l") / "s"
    opened = Lab.up(state, seed=3, alert_url=sink.url, alert_token=TOKEN)
    yield opened
    opened.down()
