"""One lab as its user holds it: up, deploy, break, restore, judge, down."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from vigil.lab import catalogue, keeper, programs, ready
from vigil.lab.breaking import Breaking
from vigil.lab.config import LabConfig, Paths, load_config, new_config
from vigil.lab.database import Database
from vigil.lab.errors import LabError, LabNotReady, LabNotRunning
from vigil.lab.judge import Counters, Judgement, counters, judge
from vigil.lab.ports import free_ports
from vigil.lab.releases import Change, Releases, copy_shop, footer_change
from vigil.lab.scenario import Scenario
from vigil.lab.statedir import DOWN_DEADLINE_S, clear, end_processes, keeper_of, prepare
from vigil.lab.supervisor import Supervisor

MOST_SAID = 1000
UP_DEADLINE_S = 60.0
DEPLOY_DEADLINE_S = 20.0
HEALTHY_DEADLINE_S = 30.0
TOKEN_VARIABLE = "VIGIL_LAB_ALERT_TOKEN"  # noqa: S105 - the variable's name, not the token


def silent(_: str) -> None:
    """The progress that nobody wants to see."""


class Lab:
    """A running shop. Make one with `up`, or `attach` to one that runs."""

    def __init__(self, config: LabConfig, progress: ready.Progress = silent) -> None:
        self.config = config
        self._progress = progress
        self._held: subprocess.Popen[bytes] | None = None
        self.supervisor = Supervisor(config.files.supervisor_socket)
        self.releases = Releases(config)

    @property
    def files(self) -> Paths:
        return self.config.files

    # -- beginning ------------------------------------------------------------------------------

    @classmethod
    def up(
        cls,
        state: Path,
        *,
        seed: int,
        alert_url: str | None = None,
        alert_token: str | None = None,
        leash: bool = True,
        progress: ready.Progress = silent,
    ) -> Self:
        """Open a shop in this folder; returns when customers have been served.

        On a leash (the default) the shop dies with the calling process, however that ends; without
        one it runs on until `down`, or for some hours.
        """
        state = prepare(state)
        with free_ports() as ports:
            config = new_config(state, seed=seed, ports=ports, alert_url=alert_url)
            lab = cls(config, progress)
            try:
                lab._write(alert_token)
                progress(f"opening {config.names.shop} in {state}")
                lab._hold(leash=leash)
                lab._open()
            except BaseException:  # Ctrl-C included: what was started so far is ended
                lab._end_processes()
                raise
        return lab

    @classmethod
    def attach(cls, state: Path, progress: ready.Progress = silent) -> Self:
        """Take hold of a running lab; LabNotRunning when none runs there."""
        config = load_config(Paths(state.expanduser().resolve()).lab_json)
        if keeper_of(config.files) is None:
            raise LabNotRunning(
                f"the lab in {state} is not running any more: "
                f"clear it with `vigil lab down --state {state}`"
            )
        return cls(config, progress)

    @classmethod
    def from_environment(cls) -> Self:
        """The lab that a scenario's script is to work on."""
        return cls.attach(Path(os.environ["VIGIL_LAB"]).parent)

    def _write(self, alert_token: str | None) -> None:
        config, files = self.config, self.files
        # First, so that whatever fails after it, this folder is known to be a lab's.
        files.lab_json.write_text(config.model_dump_json(by_alias=True, indent=1))
        programs.write_all(config)
        if alert_token:
            files.alert_token.touch(mode=0o600)
            files.alert_token.write_text(alert_token)
        copy_shop(config.worker_code)
        self.releases.deploy_history()
        files.catalogue.write_text(catalogue.text(config))

    def _hold(self, *, leash: bool) -> None:
        if leash:
            self._held = keeper.start_on_leash(self.config.state)
        else:
            keeper.start_detached(self.config.state)

    def _open(self) -> None:
        config = self.config
        deadline = time.monotonic() + UP_DEADLINE_S
        self._wait(ready.foundations(config), deadline)
        Database(config).create()
        self.supervisor.start(config.names.worker, wait=False)
        self._wait(ready.services(config), deadline)
        self.supervisor.start(config.names.visitors, wait=False)
        if config.alert_url:
            self.supervisor.start(config.names.alerting, wait=False)
        self.wait_healthy(seconds=max(1.0, deadline - time.monotonic()))
        self._progress(f"{config.names.shop} is open at {config.shop_url}")

    def _wait(self, parts: list[ready.Part], deadline: float) -> None:
        seconds = max(1.0, deadline - time.monotonic())
        ready.wait_for(parts, seconds=seconds, progress=self._progress, gone=self._gone)

    def _gone(self) -> str | None:
        """Why there is nothing to wait for any more; None while the cage is held."""
        held = self._held.poll() is None if self._held else keeper_of(self.files) is not None
        if held:
            return None
        said = (self.files.logs / "keeper.log").read_text(errors="replace").strip()
        return f"the lab's cage ended: {said[-MOST_SAID:] or 'without a word'}"

    # -- what one does with a shop --------------------------------------------------------------

    def deploy(self, change: Change, *, good: bool = False) -> str:
        """Build a release with this change and bring it out as the shop's own deploy does."""
        release = self.releases.make(change, good=good)
        self._progress(f"deploying {release.name}: {change.note}")
        self.releases.switch(release, note=change.note)
        self._restart_web()
        return release.name

    def deploy_harmless(self) -> str:
        number = len(self.releases.all_names())
        return self.deploy(footer_change(self.config.seed, number), good=True)

    def roll_back(self) -> None:
        """Back to the last good release, unless a good one is current and runs everywhere."""
        current = self.releases.current()
        if not self.releases.is_good(current):
            current = self.releases.last_good()
            self._progress(f"rolling back to {current.name}")
            self.releases.switch(current, note="roll back")
        running = {ready.release_of(url) for url in self.config.urls["web"].split()}
        if running != {current.name}:
            self._restart_web()

    def _restart_web(self) -> None:
        """One instance after the other, so that customers always find one.

        Which comes first, and so which meets a broken release first, differs by seed.
        """
        parts = ready.web_instances(self.config)
        for part in parts if self.config.seed % 2 else reversed(parts):
            self.supervisor.stop(part.name)
            # Its own answer is waited for, which comes sooner than the supervisor's "RUNNING".
            self.supervisor.start(part.name, wait=False)
            self._wait([part], time.monotonic() + DEPLOY_DEADLINE_S)

    def mark(self) -> Counters:
        """What has been done to the shop so far; compare a later mark with it."""
        return counters(self.config)

    def judge(self, *, settle_s: float = 10.0) -> Judgement:
        return judge(self.config, settle_s=settle_s)

    def break_(self, scenario: Scenario, *, seed: int | None = None) -> None:
        """Wait the seed's delay and run the scenario's inject script."""
        time.sleep(self.config.timing.fault_delay)
        self._progress(f"injecting {scenario.id}")
        Breaking(self.config).inject(scenario, self.config.seed if seed is None else seed)

    def restore(self) -> Judgement:
        """Put the shop back to healthy, whatever was broken; returns the judge's word.

        First the scenario's own restore script, then everything the lab can put right by itself: a
        script that fails does not leave the shop broken.
        """
        failure = Breaking(self.config).restore()
        self.release_orders()
        states = self.supervisor.processes()
        for name in (*self.config.shop_processes, self.config.names.visitors):
            if states[name].state != "RUNNING":
                self._progress(f"starting {name}")
                self.supervisor.start(name)
        self._wait(
            [*ready.foundations(self.config), *ready.services(self.config)],
            time.monotonic() + HEALTHY_DEADLINE_S,
        )
        self.roll_back()
        found = self.wait_healthy(seconds=HEALTHY_DEADLINE_S)
        if failure:
            raise LabError(failure)
        return found

    def hold_orders(self) -> None:
        """Leave a console open in the middle of an alteration of the orders table."""
        table = self.config.names.tables.orders
        psql = programs.find_binary("psql")
        dsn = self.config.dsn(self.config.names.admin)
        self.files.console.write_text(
            f"(echo 'BEGIN; ALTER TABLE {table} ADD COLUMN gift_note text;'; "
            f"exec sleep infinity) | {psql} -X -q '{dsn}'\n"
        )
        self.supervisor.start(self.config.names.console)
        self._until(lambda: Database(self.config).locked(table), f"the lock on {table}")

    def release_orders(self) -> None:
        self.supervisor.stop(self.config.names.console)
        if Database(self.config).accepts():
            Database(self.config).free_locks()

    def wait_healthy(self, *, seconds: float) -> Judgement:
        """Until the judge finds nothing; LabNotReady says what it still finds."""
        deadline = time.monotonic() + seconds
        while True:
            found = judge(self.config)
            if found.ok:
                return found
            gone = self._gone()
            if gone or time.monotonic() > deadline:
                why = gone or f"not healthy after {seconds:.0f} s: {'; '.join(found.findings)}"
                raise LabNotReady(f"{why} (logs are in {self.files.logs})")
            time.sleep(0.1)

    def _until(self, reached: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                raise LabNotReady(f"{what} did not come within {seconds:.0f} s")
            time.sleep(0.05)

    # -- the end --------------------------------------------------------------------------------

    def down(self, *, keep: bool = False) -> None:
        """End every process of this lab and clear its folder (unless `keep`)."""
        self._end_processes()
        if not keep:
            clear(self.config.state)

    def _end_processes(self) -> None:
        held = self._held
        if held is not None:
            held.terminate()
            if held.stdin:
                held.stdin.close()
            held.wait(DOWN_DEADLINE_S)
            self._held = None
        end_processes(self.config.state)
