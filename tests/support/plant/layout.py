"""Where everything of a plant is, and what Vigil is told of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

INSTANCES = ("a", "b")
"""Two processes for each service, so that a cure is several effects in a row."""

SERVER = "PLANT_SERVER"
"""Where a plant's own process finds the URL of its server: not among its arguments, as it holds a
password."""

DOWN_BOOK = """\
---
title: A process is not running
service: [web-application]
failure_types: [process_down]
severity: [critical]
keywords: [process, down, exited]
risk_level: MEDIUM
checks:
  - id: process-down
    title: The supervisor says that a process is not running
    finding: process_down
---

# A process is not running

## Remediation

### Start it again

- verbs: process.restart
- no_undo: a process that was down has no former state worth restoring

```bash
set -eu
vigil-do process.restart {{grant.process.restart}} {{process.down}}
```
"""
RELEASE_BOOK = """\
---
title: A release broke it
service: [web-application]
failure_types: [bad_release]
severity: [critical]
keywords: [release, deploy]
risk_level: MEDIUM
checks:
  - id: release-recent
    title: A release came shortly before
    finding: release_recent
---

# A release broke it

## Remediation

### Switch back and restart every process

- verbs: release.switch, process.restart

```bash
set -eu
vigil-do release.switch {{grant.release.switch}} {{release.previous}}
vigil-do process.restart {{grant.process.restart}} {{processes}}
```

```bash undo
set -eu
vigil-do release.switch {{grant.release.switch}} {{release.current}}
vigil-do process.restart {{grant.process.restart}} {{processes}}
```
"""
LEAK_BOOK = """\
---
title: A leaked session holds up the others
service: [web-application]
failure_types: [leaked_session]
severity: [critical]
keywords: [database, session, leaked]
risk_level: MEDIUM
checks:
  - id: session-leaked
    title: A session of its own is idle in a transaction, and others wait for it
    finding: session_leaked
---

# A leaked session holds up the others

## Remediation

### End it

- verbs: session.terminate
- no_undo: the database rolls back what nobody was going to commit

```bash
set -eu
vigil-do session.terminate {{grant.session.terminate}} {{session.leaked}}
```
"""


@dataclass(frozen=True)
class Layout:
    """One plant: so many services, each of which needs one or two of some hubs.

    Services that need the same hub look at it when they prove a cure, so what they lock overlaps.
    A hub never fails. Where ``server`` is the URL of a PostgreSQL, of its superuser, every fourth
    service has a database there.
    """

    folder: Path
    port: int
    services: int = 20
    hubs: int = 8
    server: str = field(default="", repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"s{number:02}" for number in range(self.services))

    @property
    def hub_names(self) -> tuple[str, ...]:
        return tuple(f"hub{number}" for number in range(self.hubs))

    @property
    def supervisor(self) -> Path:
        return self.folder / "s.sock"

    @property
    def effects(self) -> Path:
        return self.folder / "effects.jsonl"

    def home(self, service: str) -> Path:
        return self.folder / service

    def link(self, service: str) -> Path:
        return self.home(service) / "current"

    def releases(self, service: str) -> Path:
        return self.home(service) / "releases"

    def release_log(self, service: str) -> Path:
        return self.home(service) / "releases.jsonl"

    def processes(self, service: str) -> tuple[str, ...]:
        return tuple(f"{service}-{instance}" for instance in INSTANCES)

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.port}/{service}/"

    def needs(self, service: str) -> tuple[str, ...]:
        """Its hubs: every fifth service has two, so that the groups are not all apart.

        Without hubs no service has anything in common with another.
        """
        if not self.hubs:
            return ()
        number = self.names.index(service)
        wanted = (number, number + 1) if number % 5 == 0 else (number,)
        return tuple(dict.fromkeys(self.hub_names[each % self.hubs] for each in wanted))

    def overlap(self, one: str, other: str) -> bool:
        """Whether what is locked for the one and for the other has something in common."""
        return one == other or bool(set(self.needs(one)) & set(self.needs(other)))

    # --- databases ----------------------------------------------------------------------------

    @property
    def with_database(self) -> tuple[str, ...]:
        return self.names[::4] if self.server and self.hubs else ()

    @property
    def app(self) -> str:
        """Whom the services connect as; named for the plant, as others may use the server."""
        return f"plant_{self.port}"

    @property
    def observer(self) -> str:
        """Who may watch sessions."""
        return f"plant_{self.port}_observer"

    @property
    def password(self) -> str:
        return "of-a-plant"

    def database(self, service: str) -> str:
        return f"plant_{self.port}_{service}"

    def dsn(self, service: str, role: str) -> str:
        """A service's database, for one of its two roles."""
        named = {"user": role, "password": self.password, "dbname": self.database(service)}
        return make_conninfo(self.server, **named)

    # --- what Vigil is told -------------------------------------------------------------------

    def write_configuration(self, *, asks: bool = False, looks_every_s: float = 1.0) -> None:
        """Catalogue, policy and runbooks; ``asks``: a person decides on each plan."""
        self.catalogue_file.write_text(json.dumps(self._catalogue(looks_every_s)))
        policy = {"auto_confidence": 0, "auto_context_match": 0, "freeze": asks}
        self.policy_file.write_text(json.dumps(policy | {"max_executions_per_hour": 1_000_000}))
        self.runbooks.mkdir(exist_ok=True)
        (self.runbooks / "process-down.md").write_text(DOWN_BOOK)
        (self.runbooks / "bad-release.md").write_text(RELEASE_BOOK)
        (self.runbooks / "leaked-session.md").write_text(LEAK_BOOK)

    @property
    def catalogue_file(self) -> Path:
        return self.folder / "vigil.yaml"

    @property
    def policy_file(self) -> Path:
        return self.folder / "policy.yaml"

    @property
    def runbooks(self) -> Path:
        return self.folder / "runbooks"

    def _catalogue(self, looks_every_s: float) -> dict[str, Any]:
        hubs = {name: {"kind": "cache", "probes": self._probe(name)} for name in self.hub_names}
        return {
            "version": 1,
            "environment": "lab",
            "watch": {"interval_s": looks_every_s, "failures": 2},
            "services": hubs | {name: self._service(name) for name in self.names},
        }

    def _service(self, name: str) -> dict[str, Any]:
        where = {"supervisor": str(self.supervisor)}
        processes = list(self.processes(name))
        release = {"link": str(self.link(name)), "releases": str(self.releases(name))}
        return self._sessions(name) | {
            "kind": "web-application",
            "autonomy": "auto",
            # What is broken here again and again is broken anew each time.
            "watch_after_s": 0,
            "depends_on": list(self.needs(name)),
            "processes": where | {"names": processes},
            "changes": {"release_log": str(self.release_log(name))},
            "probes": self._probe(name),
            "symptoms": {
                "broken": {"severity": "critical", "alerts": ["Broken"], "probes": ["answers"]}
            },
            "grants": {
                "release": {"verb": "release.switch"} | release,
                "restart": {"verb": "process.restart", "processes": processes} | where,
                **self._may_end_sessions(name),
            },
        }

    def _sessions(self, name: str) -> dict[str, Any]:
        if name not in self.with_database:
            return {}
        watched = {"dsn": self.dsn(name, self.observer), "role": self.app}
        return {"telemetry": {"sessions": {"on": self.needs(name)[0]} | watched}}

    def _may_end_sessions(self, name: str) -> dict[str, Any]:
        if name not in self.with_database:
            return {}
        grant = {"dsn": self.dsn(name, self.app), "role": self.app, "idle_s": 1.0}
        return {"sessions": {"verb": "session.terminate"} | grant}

    def _probe(self, name: str) -> dict[str, Any]:
        # Slow is not broken here: the machine is short of time while Vigil is started again.
        step = {"url": self.url(name), "expect": {"status": 200}}
        return {"answers": {"kind": "http", "timeout_s": 10, "steps": [step]}}
