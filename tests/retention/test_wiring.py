"""Whether anything is ever erased is said by one setting (about 2 s)."""

from pathlib import Path

import pytest

from vigil.bootstrap import build
from vigil.ports.workers import Role
from vigil.settings import Settings

CATALOGUE = """\
version: 1
environment: lab
services:
  web:
    kind: web-application
    probes:
      page: {kind: tcp, host: 127.0.0.1, port: 9}
"""


@pytest.mark.parametrize(("days", "erases"), [(90, True), (0, False)])
def test_one_worker_erases_unless_all_is_kept(tmp_path: Path, days: int, erases: bool) -> None:
    config = tmp_path / "vigil.yaml"
    config.write_text(CATALOGUE)
    settings = Settings(
        _env_file=None,
        vigil_state_dir=tmp_path / "state",
        vigil_config=config,
        vigil_keep_days=days,
    )
    engine = build(settings).engine
    assert (Role.RETENTION in engine.led) == erases
