"""The example site and a Vigil that looks after it, as real processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from vigil.cli.rehearsal.process import ServeProcess, free_port

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE_S = 90.0


class Site:
    """The example, driven by its own script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.catalogue = folder / "vigil.yaml"

    def do(self, command: str, *options: str) -> None:
        script = EXAMPLES / "static-site" / "static_site.py"
        subprocess.run(
            [sys.executable, str(script), command, str(self.folder), *options],
            check=True,
            timeout=60,
        )

    def page(self) -> int:
        return httpx2.get(f"http://127.0.0.1:{self.port}/", trust_env=False).status_code

    def allow(self, autonomy: str) -> None:
        """Edit the catalogue as a person does."""
        text = self.catalogue.read_text()
        for word in ("observe", "approve", "auto"):
            text = text.replace(f"autonomy: {word}\n", f"autonomy: {autonomy}\n")
        self.catalogue.write_text(text)


class Vigil(ServeProcess):
    """A `vigil serve` and the commands that speak to it."""

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vigil", *words],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.state),
                "VIGIL_STATE_DIR": str(self.state),
                "VIGIL_URL": self.url,
                "VIGIL_TOKEN": self.token,
            },
            cwd=self.state,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def said(self, *words: str) -> dict[str, Any]:
        done = self.command(*words, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def until(self, enough: Callable[[list[dict[str, Any]]], bool]) -> dict[str, Any]:
        """Wait until the incidents are so, and give the newest."""
        incidents = self._when("/api/incidents", lambda found: enough(found["incidents"]))
        newest: dict[str, Any] = incidents["incidents"][0]
        return newest

    def hears(self, body: str) -> None:
        """A delivery, as an Alertmanager sends it."""
        answer = httpx2.post(
            self.alert_url,
            content=body,
            headers={"Authorization": f"Bearer {self.alert_token}"},
            trust_env=False,
        )
        assert answer.status_code == 202, answer.text
        assert answer.json()["alerts"] == 1

    def sees_it_is_over(self, incident: str) -> None:
        """Until then the same trouble is what a person has in hand already."""
        self._when(
            f"/api/incidents/{incident}/timeline",
            lambda found: "alert_resolved" in {e["kind"] for e in found["events"]},
        )

    def _when(self, path: str, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while not enough(found := self.client.get(path)):
            assert time.monotonic() < deadline, (found, self.log.read_text()[-2000:])
            time.sleep(0.3)
        return dict(found)


def closed(number: int) -> Callable[[list[dict[str, Any]]], bool]:
    """So many incidents, and all of them at their end."""
    return lambda found: len(found) == number and all(i["closed_at"] for i in found)
