"""Running a scenario's scripts, and remembering what is broken until it is restored."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from vigil.lab.cage import PACKAGE_ROOT
from vigil.lab.config import LabConfig
from vigil.lab.errors import LabError, LabUsage
from vigil.lab.names import Value
from vigil.lab.scenario import Scenario

MOST_OUTPUT = 2000


class Broken(Value):
    """What was injected and not yet restored."""

    id: str
    at: datetime
    seed: int
    restore: Path
    timeout_s: float


class Breaking:
    def __init__(self, config: LabConfig) -> None:
        self._config = config
        self._file = config.files.broken

    def now(self) -> Broken | None:
        if not self._file.exists():
            return None
        return Broken.model_validate_json(self._file.read_bytes())

    def inject(self, scenario: Scenario, seed: int) -> None:
        broken = self.now()
        if broken is not None:
            raise LabUsage(f"{broken.id} is still in place: run `vigil lab restore` first")
        if scenario.file.alert.sent_by == "script" and not self._config.sends_alerts:
            raise LabUsage(
                f"{scenario.id} sends an alert: start the lab with --alert-url URL or "
                "--pagerduty-url URL"
            )
        # Written before the script runs: one that fails half-way is restored all the same.
        self._file.write_text(
            Broken(
                id=scenario.id,
                at=datetime.now(UTC),
                seed=seed,
                restore=scenario.restore,
                timeout_s=scenario.file.timeout_s,
            ).model_dump_json()
        )
        self._run(scenario.inject, seed, scenario.file.timeout_s)

    def repair(self, scenario: Scenario, seed: int) -> None:
        """Run the script of the person who was quicker; what is broken stays to be restored."""
        if scenario.repair is None:
            raise LabUsage(f"{scenario.id} has no repair script")
        self._run(scenario.repair, seed, scenario.file.timeout_s)

    def restore(self) -> str | None:
        """Run the restore script of what is broken; what went wrong with it, if anything."""
        broken = self.now()
        if broken is None:
            return None
        try:
            self._run(broken.restore, broken.seed, broken.timeout_s)
        except LabError as error:
            return str(error)
        finally:
            self._file.unlink()
        return None

    def _run(self, script: Path, seed: int, timeout_s: float) -> None:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PACKAGE_ROOT),
            "VIGIL_LAB": str(self._config.files.lab_json),
            "VIGIL_LAB_PYTHON": sys.executable,
            "SEED": str(seed),
        }
        output = self._config.files.private / f"{script.stem}.out"
        with output.open("wb") as sink:
            try:
                ended = subprocess.run(  # noqa: S603 - a scenario's script is run because its user asked for it
                    [str(script)],
                    cwd=script.parent,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    timeout=timeout_s,
                    check=False,
                )
            except subprocess.TimeoutExpired as late:
                raise LabError(f"{script} was not done after {timeout_s:.0f} s") from late
            except OSError as error:
                raise LabError(f"{script} cannot be run: {error}") from error
        if ended.returncode != 0:
            said = output.read_text(errors="replace")[-MOST_OUTPUT:].strip()
            raise LabError(f"{script} ended with {ended.returncode}: {said or 'no output'}")
