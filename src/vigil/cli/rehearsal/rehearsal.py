"""Break the shop, watch Vigil, ask the judge."""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vigil.bootstrap import open_audit
from vigil.cli.audit import verify_file, write_export
from vigil.cli.rehearsal.process import ServeProcess, free_port
from vigil.cli.rehearsal.run import Run, reporters
from vigil.cli.rehearsal.watching import Watching, all_ids, in_words, newest
from vigil.domain.errors import PortUnavailable
from vigil.lab.bounds import breaches
from vigil.lab.lab import Lab
from vigil.lab.scenario import Scenario
from vigil.settings import Settings

POLL_S = 0.25
OPEN_S = 60.0
"""How long the first alert may take."""
CLOSE_S = 300.0
"""How long an incident may take from its first alert to its end: a cure that does not work is
looked at for as long as patience lasts, and so is its undo."""
HEARD_S = 20.0
"""How much longer than the incident the slowest reporter may take."""
SEES_END_S = 15.0
"""How long after a fault that nobody cured was taken away the next one waits: the alert's own
condition looks at ten seconds, and to the own watcher what comes sooner is no new trouble."""
QUIET_S = 12.0
"""Healthy traffic before the first fault, so that there is something to compare with."""
MOST_LOG = 1_000_000
"""Bytes of Vigil's log that outlive an aborted rehearsal: its last ones."""

OnLook = Callable[[Watching | None], None]
Progress = Callable[[str], None]


class Rehearsal:
    """A shop and a Vigil, up together and down together."""

    def __init__(
        self,
        seed: int,
        progress: Progress,
        *,
        port: int = 0,
        settings: dict[str, str] | None = None,
        edit_catalogue: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._seed = seed
        self._progress = progress
        self._edit = edit_catalogue
        self._folder = Path(tempfile.mkdtemp(prefix="vigil-"))
        self.serve = ServeProcess(self._folder / "v", free_port(port), settings)
        self._catalogue = self._folder / "vigil.yaml"
        self._lab: Lab | None = None
        self._calm_from = 0.0

    @property
    def lab(self) -> Lab:
        """The shop, once it is up."""
        if self._lab is None:
            raise PortUnavailable("the shop is not up")
        return self._lab

    def __enter__(self) -> Self:
        try:
            self.up()
        except BaseException:  # Ctrl-C included: what was started so far is ended
            self.down()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    def up(self) -> None:
        """Start both and let customers in."""
        self._progress("starting the shop: nginx, two web instances, PostgreSQL, Redis, a worker")
        self._lab = Lab.up(
            self._folder / "shop",
            seed=self._seed,
            alert_url=self.serve.alert_url,
            alert_token=self.serve.alert_token,
            pagerduty_url=self.serve.pagerduty_url,
            pagerduty_secret=self.serve.pagerduty_secret,
            progress=self._progress,
        )
        self._catalogue.write_text(self._edit(self.lab.files.catalogue.read_text()))
        self._progress("starting Vigil and its runner")
        self.serve.start(self._catalogue)
        self.serve.wait_ready()
        self._progress(f"letting customers shop for {QUIET_S:.0f} s, to know what is normal")
        time.sleep(QUIET_S)

    def down(self) -> None:
        """End both and clear their folders."""
        self.serve.stop()
        if self._lab is not None:
            self._lab.down()
            self._lab = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def keep_log(self) -> Path | None:
        """Copy the end of Vigil's log to a file that outlives ``down``; None when there is no log.

        Vigil logs no secret. The copy is made to be passed on, so those it was given are also
        taken out.
        """
        try:
            with self.serve.log.open("rb") as log:
                cut = log.seek(0, os.SEEK_END) > MOST_LOG
                log.seek(-MOST_LOG if cut else 0, os.SEEK_END if cut else os.SEEK_SET)
                text = log.read(MOST_LOG).decode(errors="replace")
        except FileNotFoundError:
            return None
        if cut:  # the first line is half a line
            text = text.partition("\n")[2]
        serve = self.serve
        for secret in (serve.token, serve.alert_token, serve.pagerduty_secret):
            text = text.replace(secret, "[secret]")
        handle, path = tempfile.mkstemp(prefix="vigil-demo-", suffix=".log")
        with os.fdopen(handle, "w") as kept:
            kept.write(text)
        return Path(path)

    def run(
        self,
        scenario: Scenario,
        on_look: OnLook,
        during: Callable[[Watching], None] = lambda _: None,
    ) -> Run:
        """One scenario from its injection to the judge's word.

        ``during`` is called at every look at the open incident; a person's part is played there.
        """
        known = all_ids(self.serve.client)
        repairing = _Repairing(self.lab, scenario) if scenario.file.repair else None
        if repairing:
            self._restart_to_ask()
        began = datetime.now(UTC) + timedelta(seconds=self.lab.config.timing.fault_delay)
        breaking = _Played("break", lambda: self.lab.break_(scenario))
        breaking.start()
        watching = self._first(known, on_look, breaking)
        breaking.join()
        breaking.raise_if_failed()
        mark = self.lab.mark()
        self._follow(watching, on_look, repairing.look if repairing else during)
        self._wait_for_reporters(watching, reporters(scenario))
        by_hand = repairing.done() if repairing else 0
        if repairing:
            self._restart()
        judgement = self.lab.judge()
        after = self.lab.mark()
        touched = after.actions_since(mark) - by_hand
        # Whatever Vigil left undone; a shop that is well is not touched.
        self.lab.restore()
        if watching.outcome != "verified":
            self._calm_from = time.monotonic() + SEES_END_S
        expect = scenario.file.expect
        cause = expect.cause
        rank = (
            watching.rank_of(cause.failure_type, self._name_of(cause.component)) if cause else None
        )
        return Run(
            scenario=scenario,
            watching=watching,
            began=began,
            judgement=judgement,
            touched=touched if expect.actions == "0" else 0,
            breaches=breaches(expect, mark, after, self.lab.config.names),
            also_opened=in_words(self.serve.client, {*known, watching.id}),
            expected_rank=rank,
        )

    def _restart_to_ask(self) -> None:
        """No confidence is high enough to act unasked: every plan waits for a person."""
        self._progress("starting Vigil again, so that it asks before it acts")
        self._restart(CONFIDENCE_AUTO_EXECUTE_THRESHOLD="100")

    def _restart(self, **settings: str) -> None:
        self.serve.end()
        self.serve.start(self._catalogue, **settings)
        self.serve.wait_ready()

    def wait_calm(self, seconds: float) -> None:
        """Until no incident is open and the judge is content with the shop, and Vigil saw it."""
        deadline = time.monotonic() + seconds
        while (unrest := self._unrest()) or time.monotonic() < self._calm_from:
            if time.monotonic() > deadline:
                found = "; ".join(unrest)
                raise PortUnavailable(f"the shop did not come to rest in {seconds:.0f} s: {found}")
            time.sleep(POLL_S)

    def _unrest(self) -> tuple[str, ...]:
        """The incidents that are open; when there are none, what the judge finds."""
        found = self.serve.client.get("/api/incidents", limit=50)["incidents"]
        still_open = (one for one in found if not one["closed_at"])
        waiting = tuple(f"incident {one['id']} is in {one['stage']}" for one in still_open)
        return waiting or self.lab.judge().findings

    def _first(self, known: set[str], on_look: OnLook, breaking: "_Played") -> Watching:
        deadline = time.monotonic() + OPEN_S
        while time.monotonic() < deadline:
            breaking.raise_if_failed()
            found = newest(self.serve.client, known)
            if found is not None:
                watching = Watching(self.serve.client, found)
                watching.refresh()
                return watching
            on_look(None)
            time.sleep(POLL_S)
        raise PortUnavailable(f"no incident was opened within {OPEN_S:.0f} s of the fault")

    def _follow(
        self, watching: Watching, on_look: OnLook, during: Callable[[Watching], None]
    ) -> None:
        deadline = time.monotonic() + CLOSE_S
        while not watching.closed:
            if time.monotonic() > deadline:
                raise PortUnavailable(
                    f"incident {watching.id} is still in {watching.incident['stage']} after "
                    f"{CLOSE_S:.0f} s"
                )
            on_look(watching)
            during(watching)
            time.sleep(POLL_S)
            watching.refresh()
        on_look(watching)

    def _wait_for_reporters(self, watching: Watching, expected: set[str]) -> None:
        """An incident that is handed over at once may be closed before the slowest has reported."""
        deadline = time.monotonic() + HEARD_S
        while not expected <= set(watching.sources) and time.monotonic() < deadline:
            time.sleep(POLL_S)
            watching.refresh()

    def _name_of(self, part: str) -> str:
        return str(getattr(self.lab.config.names, part))

    def audit(self) -> dict[str, Any]:
        """Sign all heads, export the timeline and verify the export as an outsider would."""
        export = self._folder / "audit.jsonl"
        settings = Settings(vigil_state_dir=self.serve.state)
        write_export(open_audit(settings), str(export))
        public_key = self.serve.state / "keys" / "audit.pub"
        return verify_file(str(export), str(public_key)).model_dump()


class _Played(threading.Thread):
    """Somebody's part, while somebody else watches."""

    def __init__(self, name: str, part: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._part = part
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._part()
        except Exception as error:  # noqa: BLE001 - raised again in the thread that watches
            self._error = error

    def raise_if_failed(self) -> None:
        """Its error, here."""
        if self._error is not None:
            raise self._error


class _Repairing:
    """A person who mends the shop by hand as soon as Vigil asks."""

    def __init__(self, lab: Lab, scenario: Scenario) -> None:
        self._lab, self._scenario = lab, scenario
        self._played = _Played("repair", self._repair)
        self._touched = 0

    def _repair(self) -> None:
        before = self._lab.mark()
        self._lab.repair(self._scenario)
        self._touched = self._lab.mark().actions_since(before)

    def look(self, watching: Watching) -> None:
        """Begin once the plan waits."""
        waits = watching.incident["waiting_on"] == "approval"
        if waits and self._played.ident is None:
            self._played.start()

    def done(self) -> int:
        """How much of the shop was touched by it; waits until the mending, if begun, is over."""
        if self._played.ident is not None:
            self._played.join()
            self._played.raise_if_failed()
        return self._touched
