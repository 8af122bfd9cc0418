"""A `vigil serve` beside us, which ends when we end."""

import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

from vigil.children import tied_to_us
from vigil.cli.client import Client
from vigil.domain.errors import PortUnavailable

READY_S = 60.0
STOP_S = 45.0
DRAIN_S = 2
"""What is under way when the world it belongs to is taken down is of no use to anybody."""
POLL_S = 0.2
USUAL_PORT = 3000
LAST_WORDS = 500


def free_port(preferred: int = 0) -> int:
    """The preferred port when nobody has it, otherwise any that is free now."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PortUnavailable("no free port on 127.0.0.1; close something and try again")


class ServeProcess:
    """One Vigil as a child process, with a state folder, port and tokens of its own."""

    def __init__(self, state: Path, port: int, settings: dict[str, str] | None = None) -> None:
        self.state = state
        self.port = port
        self.token = secrets.token_urlsafe(24)
        self.alert_token = secrets.token_urlsafe(24)
        self.pagerduty_secret = secrets.token_urlsafe(24)
        self.log = state.parent / f"{state.name}.log"
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self.client = Client(self.url, self.token)
        """A client that is let in, until ``stop``."""

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def alert_url(self) -> str:
        """Where an Alertmanager would send to."""
        return f"{self.url}/webhooks/alertmanager"

    @property
    def pagerduty_url(self) -> str:
        """Where PagerDuty would send to."""
        return f"{self.url}/webhooks/pagerduty"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def start(self, config: Path, **further: str) -> None:
        """Start it, with further settings for this time.

        Secrets go by the environment, which only the same user can read.
        """
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this very program, fixed arguments
                [*tied_to_us(), sys.executable, "-m", "vigil", "serve"],
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "HOME": str(Path.home()),
                    "VIGIL_STATE_DIR": str(self.state),
                    "VIGIL_CONFIG": str(config),
                    "VIGIL_PORT": str(self.port),
                    "VIGIL_DRAIN_S": str(DRAIN_S),
                    "VIGIL_TOKEN": self.token,
                    "ALERTMANAGER_WEBHOOK_TOKEN": self.alert_token,
                    "PAGERDUTY_WEBHOOK_SECRET": self.pagerduty_secret,
                    **self._settings,
                    **further,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the one in front, who then ends this one in order.
                start_new_session=True,
                cwd=self.state,
            )

    def wait_ready(self) -> None:
        """Until every part says that it works; says which one does not."""
        deadline = time.monotonic() + READY_S
        last = "no answer"
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                said = self.log.read_text(errors="replace").strip()[-LAST_WORDS:]
                raise PortUnavailable(f"vigil serve ended at once: {said or 'without a word'}")
            try:
                status, body = self.client.status("/ready")
            except PortUnavailable:
                time.sleep(POLL_S)
                continue
            if status == 200:  # noqa: PLR2004 - HTTP's own number
                return
            last = ", ".join(f"{p['part']}: {p['text']}" for p in body["parts"] if not p["ok"])
            time.sleep(POLL_S)
        raise PortUnavailable(f"vigil serve is not ready after {READY_S:.0f} s: {last}")

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it for good."""
        self.client.close()
        self.end()

    def end(self) -> None:
        """In order, and if that takes too long without; it may be started again."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
