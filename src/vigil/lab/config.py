"""Where everything of one lab is: the value in STATE/lab.json, and the paths below STATE."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from vigil.lab.errors import LabNotRunning, LabUsage
from vigil.lab.names import Names, Product, Timing, Value, names_for, products_for, timing_for
from vigil.lab.ports import Ports

# The shop is visited over plain HTTP on loopback. An HTTP client loads all trusted certificates
# when it is made, 30 ms each time; with this empty context it does not (and TLS would be refused).
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# A unix socket's path has at most 107 bytes, and supervisord binds "supervisor.sock.<pid>" first.
LONGEST_STATE = 107 - len("/supervisor.sock.4194304")


@dataclass(frozen=True)
class Paths:
    """Every file and folder of a lab; the state directory holds all of them."""

    state: Path

    @property
    def lab_json(self) -> Path:
        return self.state / "lab.json"

    @property
    def shop_json(self) -> Path:
        return self.state / "shop.json"

    @property
    def catalogue(self) -> Path:
        return self.state / "vigil.yaml"

    @property
    def releases(self) -> Path:
        return self.state / "releases"

    @property
    def release_log(self) -> Path:
        return self.state / "releases.jsonl"

    @property
    def current(self) -> Path:
        return self.state / "current"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def supervisor_socket(self) -> Path:
        return self.state / "supervisor.sock"

    @property
    def supervisor_log(self) -> Path:
        return self.logs / "supervisord.log"

    @property
    def database_socket(self) -> Path:
        return self.state / "pg"

    @property
    def private(self) -> Path:
        """What only the lab reads: who holds it, what is broken, which releases are good."""
        return self.state / "private"

    @property
    def console(self) -> Path:
        return self.private / "console.sh"

    @property
    def keeper(self) -> Path:
        return self.private / "keeper.json"

    @property
    def broken(self) -> Path:
        return self.private / "broken.json"

    @property
    def good_releases(self) -> Path:
        return self.private / "good-releases"

    @property
    def alert_token(self) -> Path:
        return self.private / "alert-token"

    @property
    def pagerduty_secret(self) -> Path:
        return self.private / "pagerduty-secret"

    @property
    def ledger(self) -> Path:
        return self.private / "ledger.jsonl"

    def dump(self) -> dict[str, str]:
        """All of them, as scenario scripts read them from lab.json."""
        properties = (name for name, kind in vars(type(self)).items() if isinstance(kind, property))
        return {"state": str(self.state)} | {n: str(getattr(self, n)) for n in properties}


class LabConfig(Value):
    """One lab, whole. Code reads names and ports from here, never from constants."""

    schema_: Literal["vigil.lab/0"] = Field(default="vigil.lab/0", alias="schema")
    seed: int
    state: Path
    names: Names
    ports: Ports
    timing: Timing
    products: tuple[Product, ...]
    alert_url: str | None
    pagerduty_url: str | None = None
    urls: dict[str, str]
    paths: dict[str, str]

    @property
    def files(self) -> Paths:
        return Paths(self.state)

    @property
    def worker_code(self) -> Path:
        """The worker's own release; deploys are of the web application."""
        return self.state / f"{self.names.worker}-1"

    @property
    def shop_url(self) -> str:
        return self.urls["shop"]

    @property
    def sends_alerts(self) -> bool:
        """Somebody is to hear of alerts; else nobody looks for any."""
        return bool(self.alert_url or self.pagerduty_url)

    @property
    def shop_processes(self) -> tuple[str, ...]:
        """The processes that a healthy shop has running."""
        n = self.names
        return (n.database, n.cache, n.proxy, *n.web_instances, n.worker)

    def dsn(self, user: str) -> str:
        return (
            f"host={self.files.database_socket} port={self.ports.database} "
            f"user={user} dbname={self.names.database_name}"
        )


def new_config(
    state: Path,
    *,
    seed: int,
    ports: Ports,
    alert_url: str | None,
    pagerduty_url: str | None = None,
) -> LabConfig:
    if len(str(state).encode()) > LONGEST_STATE:
        raise LabUsage(
            f"the state directory {state} has {len(str(state).encode())} bytes; sockets below it "
            f"allow at most {LONGEST_STATE}: choose a shorter one with --state"
        )
    if any(mark in str(state) for mark in " %,;'\"\n\\"):
        raise LabUsage(f"the state directory {state} has blanks or quotes: choose a plainer path")
    return LabConfig(
        seed=seed,
        state=state,
        names=names_for(seed),
        ports=ports,
        timing=timing_for(seed),
        products=products_for(seed),
        alert_url=alert_url,
        pagerduty_url=pagerduty_url,
        urls={
            "shop": f"http://127.0.0.1:{ports.proxy}",
            "web": f"http://127.0.0.1:{ports.web[0]} http://127.0.0.1:{ports.web[1]}",
            "worker": f"http://127.0.0.1:{ports.worker}",
        },
        paths=Paths(state).dump(),
    )


def load_config(lab_json: Path) -> LabConfig:
    try:
        return LabConfig.model_validate_json(lab_json.read_bytes())
    except FileNotFoundError as missing:
        raise LabNotRunning(
            f"no lab at {lab_json.parent}: start one with `vigil lab up`"
        ) from missing
    except ValidationError as wrong:
        raise LabUsage(f"{lab_json} is not a lab of this version: {wrong}") from wrong
