"""Is anything lost, done twice or done at the same time when Vigil is killed at random instants?

A plant of small services is broken again and again; the Vigils that mend it are killed with -9 at
instants that chance alone chooses, and then in every stage and between call and record of each kind
of effect. What was done is counted at the plant. On PostgreSQL three work on one record. Then one
is lost for good while it acts, on the machine of the others and on one of its own, and one is
frozen between two effects of a script for longer than the others wait for it.

    python benchmarks/durability.py --seed 1 --json OUT --database both --incidents 200 --kills 100

Each database may be measured by a process of its own at the same time: ``--database sqlite`` and
``--database postgres``, each with its own OUT.
"""

import json
import sys
import time
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
from tests.support.plant.works import Fault, faults_of
from tests.support.programs import postgres
from tests.support.reckoning import Round, Strike
from tests.support.siege import (
    EFFECTS,
    PLACES,
    RANDOM,
    Besieged,
    Siege,
    aims,
    besieged,
    moments,
)
from tests.support.sights import LOCKED_OUT

from vigil.domain.errors import VigilError

DATABASES = ("sqlite", "postgres")
WORKERS = 2
"""Beside the one that serves, on PostgreSQL."""
LOSSES = 6
"""Services that are broken when a worker is lost; their locks have nothing in common."""
TAKEN_OVER_S = LEASE_S + 5.0
MOST_ROUNDS = 3
"""As often as is planned at most, where kills come too late again and again."""

Rows = dict[str, Any]


@contextmanager
def besieged_on(
    database: str, services: int, hubs: int, *, apart: bool = False
) -> Iterator[Besieged]:
    """Everything up on a new database; the plant has its own ones on the same server."""
    with postgres(fsync=True) as dsn, closing(PostgresServer(dsn)) as server:
        plants = server.url()
        if database == "sqlite":
            with besieged(services, hubs, server=plants) as place:
                yield place
            return
        # Vigil does not act on the server that its own record is on.
        with (
            postgres(fsync=True) as other,
            closing(PostgresServer(other)) as elsewhere,
            server.database() as url,
            besieged(services, hubs, url, WORKERS, elsewhere.url(), apart=apart) as place,
        ):
            yield place


def random_rounds(place: Besieged, options: Namespace, chance: Random) -> Iterator[Round]:
    """Rounds until there were so many incidents and so many kills."""
    siege = Siege(place, chance)
    incidents = kills = 0
    for _ in range(MOST_ROUNDS * max(1, options.incidents // options.services)):
        if incidents >= options.incidents and kills >= options.kills:
            return
        left = max(1, -(-(options.incidents - incidents) // options.services))
        number = max(0, -(-(options.kills - kills) // left))
        done = siege.round(broken(place, chance), moments(chance, number, options.within))
        incidents += len(done.faults)
        kills += len(done.strikes)
        yield done


def aimed_rounds(place: Besieged, before: Sequence[Round], chance: Random) -> Iterator[Round]:
    """Rounds in which what is over in a moment is waited for, until all of it was hit."""
    siege = Siege(place, chance)
    hit = {each for done in before for each in done.hits()}
    for _ in range(MOST_ROUNDS):
        if not (left := [name for name in (*PLACES, *EFFECTS) if name not in hit]):
            return
        # Where a session can leak one does: there are few of them.
        faults = broken(place, chance) | dict.fromkeys(place.plant.layout.with_database, Fault.LEAK)
        done = siege.round(faults, aims(chance, len(left), left))
        hit |= done.hits()
        yield done


def broken(place: Besieged, chance: Random) -> dict[str, Fault]:
    """The same services in every round, each in another way."""
    layout = place.plant.layout
    return {name: chance.choice(faults_of(layout, name)) for name in layout.names}


def counted(strikes: Sequence[Strike]) -> Rows:
    """Where kills hit: at how many of them an incident was in that stage, or an effect under way
    whose record was then missing.
    """
    hit = Counter(place for strike in strikes for place in strike.places)
    effects = Counter(effect for strike in strikes for effect in strike.effects)
    return {
        "kills": len(strikes),
        "by_victim": dict(Counter(strike.whom for strike in strikes)),
        "by_stage": {place: hit[place] for place in (*PLACES, LOCKED_OUT)},
        "between_call_and_record": {
            verb: {
                how: n for told, n in effects.items() for v, how in [told.split(", ")] if v == verb
            }
            for verb in EFFECTS
        },
    }


def summary(done: Sequence[Round], audit: Rows) -> Rows:
    """Counts over all rounds."""
    strikes = [strike for each in done for strike in each.strikes]
    by_chance = [strike for strike in strikes if strike.aimed == RANDOM]
    return {
        "incidents": sum(each.incidents for each in done),
        "broken": sum(len(each.faults) for each in done),
        "ended_right": sum(each.healed for each in done),
        "effects_too_many": sum(each.effects_too_many for each in done),
        "overlaps": sum(each.overlaps for each in done),
        "audit_verified": audit["verified"],
        "events": audit["events"],
        "random": counted(by_chance),
        "aimed": counted([strike for strike in strikes if strike.aimed != RANDOM]),
        "random_and_aimed": counted(strikes),
        "never_hit": [p for p in (*PLACES, *EFFECTS) if not any(p in r.hits() for r in done)],
        "aimed_and_missed": dict(Counter(name for each in done for name in each.missed)),
        "wrong": [what for each in done for what in each.wrong],
        "seconds": round(sum(each.seconds for each in done), 1),
    }


def right(told: Rows, options: Namespace) -> bool:
    """Everything that was promised, and a kill wherever one was asked for."""
    counts = (told["incidents"], told["ended_right"]) == (told["broken"], told["broken"])
    enough = told["broken"] >= options.incidents and told["random"]["kills"] >= options.kills
    everywhere = not told["never_hit"]
    return counts and enough and everywhere and not told["wrong"] and told["audit_verified"]


def kills(database: str, options: Namespace, save: Callable[[Rows], None]) -> Rows:
    """The first part; what was measured so far is saved after each round."""
    chance = Random(f"{options.seed} {database}")  # noqa: S311 - variety that a seed brings back
    done: list[Round] = []
    with besieged_on(database, options.services, options.hubs) as place:
        audit: Rows = {"verified": False, "events": 0}

        def note(each: Round) -> None:
            done.append(each)
            progress(
                f"{database}: round {len(done)}, {len(each.strikes)} kills, {each.seconds} s, "
                f"wrong: {each.wrong}"
            )
            save({**summary(done, audit), "rounds": [one.row() for one in done]})

        until = time.monotonic() + options.minutes * 60
        try:
            for each in random_rounds(place, options, chance):
                note(each)
                if time.monotonic() > until:
                    break
            for each in aimed_rounds(place, tuple(done), chance):
                note(each)
                if time.monotonic() > until:
                    break
            audit = place.vigils.audit()
        except VigilError as error:
            done.append(Round({}, wrong=[str(error)]))
        told = summary(done, audit)
        if not right(told, options):
            place.vigils.keep_logs(options.json.with_suffix(f".{database}"))
    return {**told, "right": right(told, options), "rounds": [one.row() for one in done]}


def losses() -> Rows:
    """One worker lost for good while it acts, and one frozen between two effects."""
    with besieged_on("postgres", LOSSES, hubs=0) as place:
        losing, faults = Losing(place), all_released(place)
        lost = losing.for_good(faults)
        progress(f"lost for good: taken over after {lost.taken_over_s} s, {lost.round.wrong}")
        for member in place.vigils.members:
            if not member.pid:
                member.start()
        frozen = losing.frozen(faults)
        progress(f"frozen: {frozen.done_before} before, {frozen.round.wrong}")
        audits = [place.vigils.audit()["verified"]]
    with besieged_on("postgres", LOSSES, hubs=0, apart=True) as place:
        apart = Losing(place).for_good(all_released(place))
        progress(f"its machine lost: taken over after {apart.taken_over_s} s, {apart.round.wrong}")
        audits.append(place.vigils.audit()["verified"])
    itself = frozen.ended_itself is True
    told = {
        "lost_for_good": lost.row() | {"right": soon_enough(lost)},
        "lost_with_its_machine": apart.row() | {"right": soon_enough(apart)},
        "frozen": frozen.row() | {"right": soon_enough(frozen) and itself},
    }
    return told | {
        "audit_verified": all(audits),
        "right": all(audits) and all(each["right"] for each in told.values()),
    }


def all_released(place: Besieged) -> dict[str, Fault]:
    """A bad release everywhere: its cure is several effects in a row."""
    return dict.fromkeys(place.plant.layout.names, Fault.RELEASE)


def soon_enough(loss: Loss) -> bool:
    """All ended right, and what the lost one had was taken over in time."""
    ended = loss.round.healed == len(loss.round.faults) and not loss.round.wrong
    return ended and bool(loss.had) and max(loss.taken_over_s) <= TAKEN_OVER_S


def main() -> None:
    """Kill, count and write."""
    known = parser(__doc__)
    known.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    known.add_argument("--incidents", type=int, default=200)
    known.add_argument("--kills", type=int, default=100)
    known.add_argument("--minutes", type=float, default=25.0, help="no round begins after them")
    known.add_argument("--within", type=float, default=12.0, help="seconds, between random kills")
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
            result[database] = kills(database, options, save)
            measurement.write(options.json, result)
        if database == "postgres" and options.only != "kills":
            result["losses"] = losses()
        measurement.write(options.json, result)
    parts = [part for part in result.values() if isinstance(part, dict)]
    for part in parts:
        progress(json.dumps({k: v for k, v in part.items() if k != "rounds"}, indent=1))
    sys.exit(0 if all(part["right"] for part in parts) else 1)


if __name__ == "__main__":
    main()
