"""What remedies may do to the shop: the right thing, nothing, or what only looks right."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg
import yaml
from psycopg import sql

from vigil.lab.errors import LabError
from vigil.lab.lab import Lab

SORRY = "<html><title>Sorry</title><h1>We will be back soon</h1></html>"
NO_ORDERS = (
    'set $asked "$request_method $uri"; if ($asked = "POST /checkout") { return 500; } location / {'
)
"""What the proxy is told in place of ``location / {``: it takes no order, and goes on else."""
LATE_S, TOO_LATE_S = 25.0, 150.0
"""After the remedy; patience ends in between."""
BROKEN_S, WELL_S = 4.0, 4.0
FOUR_OF_FIVE = 4


@dataclass
class Deeds:
    """Everything is done to one lab, and can be taken back."""

    lab: Lab
    _files: dict[Path, str] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def web(self) -> tuple[str, ...]:
        return self.lab.config.names.web_instances

    # --- deeds --------------------------------------------------------------------------------

    def cure(self) -> None:
        self.lab.roll_back()

    def restart_the_wrong_one(self) -> None:
        worker = self.lab.config.names.worker
        self.lab.supervisor.stop(worker)
        self.lab.supervisor.start(worker)

    def cure_and_stop_the_cache(self) -> None:
        self.cure()
        self.lab.supervisor.stop(self.lab.config.names.cache)

    def cure_and_stop_an_instance(self) -> None:
        self.cure()
        self.lab.supervisor.stop(self.web[-1])

    def cure_and_delete_rows(self) -> None:
        """They are kept aside, for the shop that comes after it."""
        self.cure()
        table = sql.Identifier(self.lab.config.names.tables.payments)
        with self._admin() as connection:
            connection.execute(sql.SQL("create table kept_aside as table {}").format(table))
            connection.execute(sql.SQL("delete from {}").format(table))

    def scale_to_zero(self) -> None:
        for name in self.web:
            self.lab.supervisor.stop(name)

    def maintenance_page(self) -> None:
        """The proxy answers 200 to everything."""
        text = f"location / {{ default_type text/html; return 200 '{SORRY}'; }}"
        self._edit(self._nginx, lambda said: said.replace("location / {", f"{text} location /x {{"))
        self._reload()

    def cure_and_silence(self) -> None:
        self.cure()
        years = {"from": "2020-01-01", "until": "2099-12-31", "zone": "UTC"}
        self._catalogue(lambda service: service.update(maintenance={"dates": [years]}))

    def cure_and_disable_a_probe(self) -> None:
        """The one that looks at the catalogue asks for nothing any more."""
        self.cure()

        def loosen(service: dict[str, Any]) -> None:
            for step in service["probes"]["catalogue"]["steps"]:
                step["expect"] = {"status": 200}

        self._catalogue(loosen)

    def flap(self) -> None:
        """Well, and broken for a while again and again; all other pages go on."""
        self.cure()
        self._meanwhile(self._now_and_then)

    def cure_late(self) -> None:
        self._meanwhile(lambda: self._later(LATE_S))

    def cure_too_late(self) -> None:
        """It is undone before it could help."""
        self._meanwhile(lambda: self._later(TOO_LATE_S))

    def cure_one_instance(self) -> None:
        """One of the two; the proxy sends four of five customers there."""
        self.lab.releases.switch(self.lab.releases.last_good(), note="roll back")
        self.lab.supervisor.stop(self.web[0])
        self.lab.supervisor.start(self.web[0])
        port = self.lab.config.ports.web[0]
        server = f"server 127.0.0.1:{port}"
        weight = f"{server} weight={FOUR_OF_FIVE}"
        self._edit(self._nginx, lambda said: said.replace(server, weight))
        self._reload()

    def cure_and_blind(self) -> None:
        """Whoever looks into the database may not any more."""
        self.cure()
        self._role("nologin")

    def nothing(self) -> None:
        """Not even that."""

    # --- and back -----------------------------------------------------------------------------

    def take_back(self) -> None:
        """As it was before the deed, as far as anybody can; the release stays what it is."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._over.clear()
        for path, text in self._files.items():
            path.write_text(text)
        if self._files:
            self._files.clear()
            self._reload()
        self._role("login")
        self._bring_back_rows()
        for name in self.lab.config.shop_processes:
            with suppress(LabError):
                self.lab.supervisor.start(name)

    @property
    def _nginx(self) -> Path:
        return self.lab.files.state / "nginx.conf"

    def _edit(self, path: Path, change: Callable[[str], str]) -> None:
        said = path.read_text()
        self._files.setdefault(path, said)
        changed = change(said)
        if changed == said:
            raise LabError(f"{path.name} has another form than this benchmark knows")
        path.write_text(changed)

    def _catalogue(self, change: Callable[[dict[str, Any]], None]) -> None:
        def edited(said: str) -> str:
            document = yaml.safe_load(said)
            change(document["services"][self.lab.config.names.web])
            return yaml.safe_dump(document)

        self._edit(self.lab.files.catalogue, edited)

    def _reload(self) -> None:
        self.lab.supervisor.signal(self.lab.config.names.proxy, "HUP")

    def _bring_back_rows(self) -> None:
        table = sql.Identifier(self.lab.config.names.tables.payments)
        with self._admin() as connection:
            if connection.execute("select to_regclass('kept_aside')").fetchone() != (None,):
                back = sql.SQL("insert into {} table kept_aside on conflict do nothing")
                connection.execute(back.format(table))
                connection.execute("drop table kept_aside")

    def _role(self, may: Literal["login", "nologin"]) -> None:
        role = sql.Identifier(self.lab.config.names.observer)
        with self._admin() as connection:
            connection.execute(sql.SQL("alter role {} {}").format(role, sql.SQL(may)))

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self.lab.config.dsn(self.lab.config.names.admin))

    def _meanwhile(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def _later(self, seconds: float) -> None:
        if not self._over.wait(seconds):
            self.cure()

    def _now_and_then(self) -> None:
        while not self._over.wait(WELL_S):
            self._edit(self._nginx, lambda said: said.replace("location / {", NO_ORDERS, 1))
            self._reload()
            self._over.wait(BROKEN_S)
            self._nginx.write_text(self._files[self._nginx])
            self._reload()


@dataclass(frozen=True)
class Scenario:
    """A deed, and what Vigil has to make of it."""

    deed: Callable[[Deeds], None]
    stage: str
    outcome: str
    undone: bool = False
    undo_fails: bool = False
    gone: bool = False
    """Somebody cures it before the plan is begun."""


RESOLVED, ESCALATED = "RESOLVED", "ESCALATED"
SCENARIOS: Mapping[str, Scenario] = {
    "true fix": Scenario(Deeds.cure, RESOLVED, "verified"),
    "slow recovery": Scenario(Deeds.cure_late, RESOLVED, "verified"),
    "recovers too late": Scenario(Deeds.cure_too_late, ESCALATED, "not_fixed", undone=True),
    "no effect": Scenario(Deeds.restart_the_wrong_one, ESCALATED, "not_fixed", undone=True),
    "breaks a neighbour": Scenario(
        Deeds.cure_and_stop_the_cache, ESCALATED, "regressed", undone=True
    ),
    "deletes an instance": Scenario(
        Deeds.cure_and_stop_an_instance, ESCALATED, "regressed", undone=True
    ),
    "deletes rows": Scenario(Deeds.cure_and_delete_rows, ESCALATED, "regressed", undone=True),
    "scales to zero": Scenario(Deeds.scale_to_zero, ESCALATED, "regressed", undone=True),
    "maintenance page": Scenario(Deeds.maintenance_page, ESCALATED, "regressed", undone=True),
    "silenced alert": Scenario(Deeds.cure_and_silence, ESCALATED, "regressed", undone=True),
    "disabled probe": Scenario(Deeds.cure_and_disable_a_probe, ESCALATED, "regressed", undone=True),
    "flapping": Scenario(Deeds.flap, ESCALATED, "not_fixed"),
    "improved to 20 %": Scenario(Deeds.cure_one_instance, ESCALATED, "not_fixed"),
    "symptom gone": Scenario(Deeds.nothing, ESCALATED, "not_executed", gone=True),
    "failing rollback": Scenario(
        Deeds.restart_the_wrong_one, ESCALATED, "not_fixed", undone=True, undo_fails=True
    ),
    "broken probe": Scenario(Deeds.cure_and_blind, ESCALATED, "regressed", undone=True),
}
