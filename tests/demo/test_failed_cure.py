"""A cure that does not work, and its undo (about 4 min: patience is waited for twice).

Real processes throughout; a shop of its own, as what two broken releases logged stays in the log.
"""

import pytest
from tests.demo.conftest import Play

pytestmark = [
    pytest.mark.lab,
    pytest.mark.idle,
    pytest.mark.takes(250),
    pytest.mark.timeout(500),
]


def test_a_cure_that_does_not_work_is_undone_through_the_gate(play: Play) -> None:
    run = play("previous-release-broken")
    kinds = [plan["kind"] for plan in run.watching.payloads("planned")]
    assert kinds == ["remedy", "rollback"]
    decisions = [verdict["decision"] for verdict in run.watching.payloads("judged")]
    assert decisions == ["allow", "allow"]
    closed = run.watching.last("closed") or {}
    assert "has been undone" in closed["text"]
