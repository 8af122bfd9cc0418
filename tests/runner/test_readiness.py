"""What a runner says of itself when it begins to serve (below 1 s)."""

import pytest
from structlog.testing import capture_logs

from vigil.domain.run import Health
from vigil.runner.server import tell_ready

NONE = Health(part="sandbox", ok=False, text="no bwrap", remedy="apt-get install bubblewrap")
SOUND = Health(part="sandbox", ok=True, text="it holds")


@pytest.mark.parametrize(
    ("health", "level", "event"),
    [
        (SOUND, "info", "runner ready"),
        (NONE, "warning", "runner serves, but runs nothing"),
    ],
)
def test_without_a_sandbox_it_does_not_call_itself_ready(
    health: Health, level: str, event: str
) -> None:
    with capture_logs() as said:
        tell_ready(health, state="/srv/state")
    (line,) = said
    assert (line["log_level"], line["event"], line["state"]) == (level, event, "/srv/state")
    assert line["text"] == health.text
    assert line.get("remedy") == health.remedy
