"""One lab as its user holds it: up, deploy, break, restore, judge, down."""

import os
import subprocess
import time
from pathlib import Path
from typing import Self

from vigil.lab import catalogue, keeper, programs, ready
from vigil.lab.breaking import Breaking
from vigil.lab.config import LabConfig, Paths, load_config, new_config
from vigil.lab.database import Database
from vigil.lab.entries import Entries
from vigil.lab.errors import LabError, LabNotReady, LabNotRunning, LabUsage
from vigil.lab.fulfilment import Fulfilment
from vigil.lab.judge import Counters, Judgement, counters, judge
from vigil.lab.ports import free_ports
from vigil.lab.releases import Change, Releases, copy_shop, footer_change
from vigil.lab.scenario import Scenario
from vigil.lab.sessions import Sessions
from vigil.lab.statedir import DOWN_DEADLINE_S, clear, end_processes, keeper_of, prepare
from vigil.lab.supervisor import Supervisor
from vigil.lab.waiting import until

MOST_SAID = 1000
UP_DEADLINE_S = 60.0
DEPLOY_DEADLINE_S = 20.0
HEALTHY_DEADLINE_S = 30.0
TOKEN_VARIABLE = "VIGIL_LAB_ALERT_TOKEN"  # noqa: S105 - the variable's name, not the token
SECRET_VARIABLE = "VIGIL_LAB_PAGERDUTY_SECRET"  # noqa: S105 - see above


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
        self.sessions = Sessions(config, self.supervisor)
        self.fulfilment = Fulfilment(config, self.supervisor)
        self.entries = Entries(config)

    @property
    def files(self) -> Paths:
        return self.config.files

    # -- beginning ------------------------------------------------------------------------------

    @classmethod
    def up(  # noqa: PLR0913 - two receivers of alerts, each with its address and its secret
        cls,
        state: Path,
        *,
        seed: int,
        alert_url: str | None = None,
        alert_token: str | None = None,
        pagerduty_url: str | None = None,
        pagerduty_secret: str | None = None,
        leash: bool = True,
        progress: ready.Progress = silent,
    ) -> Self:
        """Open a shop in this folder; returns when customers have been served.

        On a leash (the default) the shop dies with the calling process, however that ends; without
        one it runs on until `down`, or for some hours.
        """
        if pagerduty_url and not pagerduty_secret:
            raise LabUsage(f"PagerDuty signs what it sends: put the secret into {SECRET_VARIABLE}")
        state = prepare(state)
        with free_ports() as ports:
            config = new_config(
                state, seed=seed, ports=ports, alert_url=alert_url, pagerduty_url=pagerduty_url
            )
            lab = cls(config, progress)
            try:
                lab._write()
                lab._keep_secrets(alert_token, pagerduty_secret)
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

    def _write(self) -> None:
        config, files = self.config, self.files
        # First, so that whatever fails after it, this folder is known to be a lab's.
        files.lab_json.write_text(config.model_dump_json(by_alias=True, indent=1))
        programs.write_all(config)
        copy_shop(config.worker_code)
        self.releases.deploy_history()
        files.catalogue.write_text(catalogue.text(config))

    def _keep_secrets(self, alert_token: str | None, pagerduty_secret: str | None) -> None:
        kept = {
            self.files.alert_token: alert_token,
            self.files.pagerduty_secret: pagerduty_secret,
        }
        for path, secret in kept.items():
            if secret:
                path.touch(mode=0o600)
                path.write_text(secret)

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
        if config.sends_alerts:
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
        why = said[-MOST_SAID:] or "without a word"
        return f"the lab's cage ended: {why}; `vigil doctor` says what is missing here"

    # -- what one does with a shop --------------------------------------------------------------

    def deploy(self, change: Change, *, good: bool = False, only: str | None = None) -> str:
        """Build a release with this change and bring it out as the shop's own deploy does.

        With ``only`` the deploy stops half-way: that instance alone runs the release.
        """
        release = self.releases.make(change, good=good)
        self._progress(f"deploying {release.name}: {change.note}")
        self.releases.switch(release, note=change.note)
        self._restart_web(only)
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

    def _restart_web(self, only: str | None = None) -> None:
        """One instance after the other, so that customers always find one.

        Which comes first, and so which meets a broken release first, differs by seed.
        """
        parts = ready.web_instances(self.config)
        for part in parts if self.config.seed % 2 else reversed(parts):
            if only not in (None, part.name):
                continue
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
        self.sessions.end_all()
        self._start_what_stands()
        self.entries.remove()
        self.fulfilment.revive()
        self.roll_back()
        found = self.wait_healthy(seconds=HEALTHY_DEADLINE_S)
        if failure:
            raise LabError(failure)
        return found

    def _start_what_stands(self) -> None:
        """Start what was stopped, let go on what was frozen, and wait until all of it answers."""
        states = self.supervisor.processes()
        for name in (*self.config.shop_processes, self.config.names.visitors):
            if states[name].state == "RUNNING":
                self.supervisor.signal(name, "CONT")
            else:
                self._progress(f"starting {name}")
                self.supervisor.start(name)
        self._wait(
            [*ready.foundations(self.config), *ready.services(self.config)],
            time.monotonic() + HEALTHY_DEADLINE_S,
        )

    def repair(self, scenario: Scenario, *, seed: int | None = None) -> None:
        """What a person does about a scenario while Vigil waits; LabUsage when nobody does."""
        self._progress(f"somebody repairs {scenario.id}")
        Breaking(self.config).repair(scenario, self.config.seed if seed is None else seed)

    def pause_queue(self, seed: int) -> None:
        """An operator pauses the packing; back when the worker heeds it."""
        self.entries.pause(seed)
        until(self.fulfilment.stands, f"the pause of {self.config.names.worker}")

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
