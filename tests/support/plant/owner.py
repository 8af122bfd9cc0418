"""Whoever owns a plant: starts it, breaks it, and reads what was done to it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.plant import sessions
from tests.support.plant.effects import Effect, read_effects, since_broken
from tests.support.plant.layout import SERVER, Layout
from tests.support.plant.works import Fault

from vigil.children import tied_to_us
from vigil.cli.rehearsal.process import free_port
from vigil.domain.errors import PortUnavailable

ROOT = Path(__file__).resolve().parents[3]
READY_S = 20.0
DEADLINE_S = 10.0


@dataclass(frozen=True)
class Plant:
    """A plant that runs."""

    layout: Layout

    def break_(self, faults: Mapping[str, Fault]) -> None:
        """Break these services, as good as at once."""
        for service, fault in faults.items():
            self._ask(f"break/{service}/{fault}")

    def mend(self, service: str) -> None:
        """Put a service right by hand."""
        self._ask(f"mend/{service}")

    def complaints(self) -> dict[str, str]:
        """What does not work now, by service, by the plant's own word."""
        told: dict[str, str | None] = json.loads(self._ask("complaints"))
        return {service: wrong for service, wrong in told.items() if wrong is not None}

    def effects(self) -> tuple[Effect, ...]:
        """Everything that was done to it."""
        return read_effects(self.layout.effects)

    def done(self, service: str) -> tuple[Effect, ...]:
        """What was done to a service since it was broken last."""
        return since_broken(self.effects(), service)

    def _ask(self, path: str) -> bytes:
        url = f"http://127.0.0.1:{self.layout.port}/{path}"
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
            whole: bytes = answer.read()
        return whole


@contextmanager
def running_plant(services: int = 20, hubs: int = 8, server: str = "") -> Iterator[Plant]:
    """A plant of its own in a folder with a short name, ended and cleared away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vp-", dir="/tmp"))
    layout = Layout(folder, free_port(), services, hubs, server)
    if layout.with_database:
        sessions.make(layout)
    numbers = map(str, (layout.port, services, hubs))
    command = [sys.executable, "-m", "tests.support.plant", str(folder), *numbers]
    environment = os.environ | {SERVER: server}
    with subprocess.Popen([*tied_to_us("KILL"), *command], cwd=ROOT, env=environment) as process:
        try:
            plant = Plant(layout)
            _wait(plant, process)
            layout.write_configuration()
            yield plant
        finally:
            process.kill()
    if layout.with_database:
        sessions.drop(layout)
    shutil.rmtree(folder, ignore_errors=True)


def _wait(plant: Plant, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            plant.complaints()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise PortUnavailable("the plant does not answer; see what it printed")
