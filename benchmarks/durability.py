"""Is anything lost, done twice or done at the same time when Vigil is killed at random instants?

A plant of small services is broken again and again; the Vigils that mend it are killed with -9 in
every stage and between call and record of each kind of effect. What was done is counted at the
plant. On PostgreSQL three work on one record, and then one is lost for good while it acts, and one
is frozen between two effects of a script for longer than the others wait for it.

    python benchmarks/durability.py --seed 1 --json OUT --database both --incidents 200 --kills 100
"""

import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress
from tests.support.databases import PostgresServer
from tests.support.losses import LEASE_S, Losing, Loss
from tests.support.plant.works import Fault
from tests.support.programs import postgres
from tests.support.reckoning import Round
from tests.support.siege import EFFECTS, PLACES, Besieged, Siege, aims, besieged

from vigil.domain.errors import VigilError

DATABASES = ("sqlite", "postgres")
WORKERS = 2
"""Beside the one that serves, on PostgreSQL."""
LOSSES = 6
"""Services that are broken when a worker is lost; their locks have nothing in common."""
TAKEN_OVER_S = LEASE_S + 5.0
SURE = 50
"""So many kills are enough for at least one in every stage and between call and record of each
effect."""

Rows = dict[str, Any]


@contextmanager
def besieged_on(database: str, services: int, hubs: int) -> Iterator[Besieged]:
    """Everything up on a new database."""
    if database == "sqlite":
        with besieged(services, hubs) as place:
            yield place
        return
    with (
        postgres() as dsn,
        closing(PostgresServer(dsn)) as server,
        server.database() as url,
        besieged(services, hubs, url, WORKERS) as place,
    ):
        yield place


def rounds(place: Besieged, options: Namespace, chance: Random) -> Iterator[Round]:
    """Rounds until there were so many incidents and so many kills."""
    siege = Siege(place, chance)
    services = place.plant.layout.names
    incidents = kills = 0
    hit: set[str] = set()
    while incidents < options.incidents or kills < options.kills:
        left = max(1, -(-(options.incidents - incidents) // len(services)))
        number = max(0, -(-(options.kills - kills) // left))
        sure = [name for name in (*PLACES, *EFFECTS) if name not in hit]
        # In every round the same services are broken another way.
        faults = {name: chance.choice(tuple(Fault)) for name in services}
        done = siege.round(faults, aims(chance, number, sure))
        incidents += len(services)
        kills += len(done.strikes)
        hit |= done.hits()
        yield done


def summary(done: Sequence[Round], audit: Rows) -> Rows:
    """Counts over all rounds."""
    strikes = [strike for each in done for strike in each.strikes]
    return {
        "incidents": sum(each.incidents for each in done),
        "broken": sum(len(each.faults) for each in done),
        "ended_right": sum(each.healed for each in done),
        "effects_too_many": sum(each.effects_too_many for each in done),
        "overlaps": sum(each.overlaps for each in done),
        "audit_verified": audit["verified"],
        "events": audit["events"],
        "kills": len(strikes),
        "kills_aimed_at": dict(Counter(strike.aimed for strike in strikes)),
        "kills_by_victim": dict(Counter(strike.whom for strike in strikes)),
        "kills_that_hit_stage": dict(Counter(p for strike in strikes for p in strike.places)),
        "kills_between_call_and_record": dict(
            Counter(effect for strike in strikes for effect in strike.effects)
        ),
        "never_hit": [p for p in (*PLACES, *EFFECTS) if not any(p in r.hits() for r in done)],
        "aimed_and_missed": sum(len(each.missed) for each in done),
        "wrong": [what for each in done for what in each.wrong],
        "seconds": round(sum(each.seconds for each in done), 1),
    }


def right(told: Rows, options: Namespace) -> bool:
    """Everything that was promised, and a kill wherever one was asked for."""
    everywhere = options.kills < SURE or not told["never_hit"]
    counts = (told["incidents"], told["ended_right"]) == (told["broken"], told["broken"])
    return counts and not told["wrong"] and told["audit_verified"] and everywhere


def random_kills(database: str, options: Namespace, save: Callable[[Rows], None]) -> Rows:
    """The first part; what was measured so far is saved after each round."""
    chance = Random(f"{options.seed} {database}")  # noqa: S311 - variety that a seed brings back
    done: list[Round] = []
    with besieged_on(database, options.services, options.hubs) as place:
        audit: Rows = {"verified": False, "events": 0}
        try:
            for each in rounds(place, options, chance):
                done.append(each)
                progress(f"{database}: round {len(done)} of {each.seconds} s, wrong: {each.wrong}")
                save({**summary(done, audit), "rounds": [one.row() for one in done]})
            audit = place.vigils.audit()
        except VigilError as error:
            done.append(Round({}, wrong=[str(error)]))
        told = summary(done, audit)
        if not right(told, options):
            place.vigils.keep_logs(options.json.with_suffix(f".{database}"))
    return {**told, "right": right(told, options), "rounds": [one.row() for one in done]}


def losses() -> Rows:
    """One worker lost for good while it acts, and then one frozen between two effects."""
    with besieged_on("postgres", LOSSES, hubs=0) as place:
        losing = Losing(place)
        faults = dict.fromkeys(place.plant.layout.names, Fault.RELEASE)
        lost = losing.for_good(faults)
        progress(f"lost for good: taken over after {lost.taken_over_s} s, {lost.round.wrong}")
        for member in place.vigils.members:
            if not member.pid:
                member.start()
        frozen = losing.frozen(faults)
        progress(f"frozen: {frozen.done_before} before, {frozen.round.wrong}")
        audit = place.vigils.audit()
    return {
        "lost_for_good": lost.row() | {"right": soon_enough(lost)},
        "frozen": frozen.row() | {"right": soon_enough(frozen) and frozen.ended_itself is True},
        "audit_verified": audit["verified"],
        "right": bool(audit["verified"]) and soon_enough(lost) and soon_enough(frozen),
    }


def soon_enough(loss: Loss) -> bool:
    """All ended right, and what the lost one had was taken over in time."""
    ended = loss.round.healed == len(loss.round.faults) and not loss.round.wrong
    return ended and loss.had > 0 and max(loss.taken_over_s) <= TAKEN_OVER_S


def main() -> None:
    """Kill, count and write."""
    known = parser(__doc__)
    known.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    known.add_argument("--incidents", type=int, default=200)
    known.add_argument("--kills", type=int, default=100)
    known.add_argument("--services", type=int, default=20)
    known.add_argument("--hubs", type=int, default=8)
    known.add_argument("--only", choices=("kills", "losses"), help="one part of it")
    options = known.parse_args()
    measurement = Measurement("durability")
    result: Rows = {"seed": options.seed}
    for database in DATABASES if options.database == "both" else (options.database,):

        def save(told: Rows, name: str = database) -> None:
            measurement.write(options.json, result | {name: told})

        if options.only != "losses":
            result[database] = random_kills(database, options, save)
        if database == "postgres" and options.only != "kills":
            result["losses"] = losses()
        measurement.write(options.json, result)
    parts = [part for part in result.values() if isinstance(part, dict)]
    for part in parts:
        progress(json.dumps({k: v for k, v in part.items() if k != "rounds"}, indent=1))
    sys.exit(0 if all(part["right"] for part in parts) else 1)


if __name__ == "__main__":
    main()
