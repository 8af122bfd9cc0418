"""What does the engine cost: waiting, working, and hearing?

(a) Ten thousand incidents that wait for a person: how soon Vigil is ready again after a restart, on
    how much memory, and how soon one that is approved goes on.
(b) The whole lifecycle with stages of no length, beside plain DBOS with the same number of
    workflows and steps; all in turn, round after round.
(c) How soon a webhook is answered under load, and (d) a storm of duplicates.

    python benchmarks/engine.py --seed 1 --json OUT --database both
"""

import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.engine_load.memory import watched
from benchmarks.engine_load.throughput import compare
from benchmarks.engine_load.waiting import waiting
from benchmarks.engine_load.webhooks import duplicate_storm, webhook_latency
from benchmarks.measuring import Measurement, parser, progress
from tests.support.databases import PostgresServer
from tests.support.plant.owner import running_plant
from tests.support.programs import postgres
from tests.support.sights import Outside
from tests.support.vigils import Vigils, at_work

Rows = dict[str, Any]

READY_S, READY_MB, RESUMED_MS, RATIO, ANSWERED_MS = 10.0, 250.0, 1000.0, 0.6, 100.0
ALERTS, FAULTS, STORM_S = 10_000, 40, 60
STORM_AT_MOST_S = 66
"""One that is held up by refusals is none."""
RATE_PER_S, LATENCY_S = 100, 30


class Place:
    """Where databases come from: files, or one server."""

    def __init__(self, server: PostgresServer | None) -> None:
        self._server = server

    @contextmanager
    def new_url(self) -> Iterator[str]:
        """A new database; a file in a folder that whoever uses it makes."""
        if self._server is None:
            yield "sqlite:///FOLDER/vigil.sqlite"
            return
        with self._server.database() as url:
            yield url

    @contextmanager
    def of_vigil(self) -> Iterator[str | None]:
        """A new database for a Vigil; None is a file in its own folder."""
        with self.new_url() as url:
            yield None if self._server is None else url


@contextmanager
def place_of(database: str) -> Iterator[Place]:
    """Files, or a server that is started here."""
    if database == "sqlite":
        yield Place(None)
        return
    with postgres(fsync=True) as dsn, closing(PostgresServer(dsn)) as server:
        yield Place(server)


def waiters(place: Place, options: Namespace) -> Rows:
    """(a), and whether it is what was promised."""
    with place.of_vigil() as url:
        told = waiting(url, options.waiting, options.approvals)
    return told | {
        "met": {
            "ready": told["restart_to_ready_s"] <= READY_S,
            "memory": told["most_mb"] <= READY_MB,
            "resumed": told["resumed"]["p99_ms"] < RESUMED_MS,
        }
    }


def throughput(place: Place, options: Namespace) -> Rows:
    """(b), and whether it is what was promised."""
    told = compare(place.new_url, options.rounds, options.incidents)
    return told | {"met": {"ratio": told["ratio"] >= RATIO}}


def webhooks(place: Place, _: Namespace) -> Rows:
    """(c), and whether it is what was promised."""
    with hearing(place) as vigils:
        told = asyncio.run(
            webhook_latency(vigils.url, vigils.alert_token, RATE_PER_S, LATENCY_S, faults=10)
        )
    every = told["answers"] == {str(HTTPStatus.ACCEPTED.value): RATE_PER_S * LATENCY_S}
    return told | {"met": {"all_accepted": every, "answered": told["p99_ms"] < ANSWERED_MS}}


def storm(place: Place, _: Namespace) -> Rows:
    """(d), and whether it is what was promised."""
    with hearing(place) as vigils:
        with watched(vigils.serve.pid) as memory:
            before_mb = memory.now_mb()
            told = asyncio.run(
                duplicate_storm(vigils.url, vigils.alert_token, ALERTS, FAULTS, STORM_S)
            )
        outside = Outside(vigils.state, vigils.database_url)
        incidents = len(outside.told())
        outside.close()
    return told | {
        "incidents": incidents,
        "before_mb": before_mb,
        "most_mb": memory.most_mb,
        "most_mb_by_program": memory.by_program,
        "met": {
            "incidents": incidents == FAULTS,
            "none_lost": sum(told["taken_in"].values()) == ALERTS,
            "memory": memory.most_mb <= READY_MB,
            "in_time": told["seconds"] <= STORM_AT_MOST_S,
        },
    }


@contextmanager
def hearing(place: Place) -> Iterator[Vigils]:
    """A Vigil beside a plant that is well."""
    with (
        place.of_vigil() as url,
        running_plant(services=1, hubs=0) as plant,
        at_work(Vigils(plant.layout, url)) as vigils,
    ):
        yield vigils


PARTS: dict[str, Callable[[Place, Namespace], Rows]] = {
    "waiting": waiters,
    "throughput": throughput,
    "webhooks": webhooks,
    "storm": storm,
}


def main() -> None:
    """Measure, say what was met, and write."""
    known = parser(__doc__)
    known.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    known.add_argument("--only", choices=tuple(PARTS), help="one part of it")
    known.add_argument("--waiting", type=int, default=10_000)
    known.add_argument("--approvals", type=int, default=200)
    known.add_argument("--incidents", type=int, default=200, help="in each round of throughput")
    known.add_argument("--rounds", type=int, default=3)
    options = known.parse_args()
    measurement = Measurement("engine")
    result: Rows = {"seed": options.seed}
    for database in ("sqlite", "postgres") if options.database == "both" else (options.database,):
        result[database] = {}
        with place_of(database) as place:
            for name, part in PARTS.items():
                if options.only in (None, name):
                    told = result[database][name] = part(place, options)
                    progress(f"{database} {name}: {json.dumps(told)}")
                    measurement.write(options.json, result)
    met = [
        part["met"] for each in result.values() if isinstance(each, dict) for part in each.values()
    ]
    sys.exit(0 if all(all(promises.values()) for promises in met) else 1)


if __name__ == "__main__":
    main()
