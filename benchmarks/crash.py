"""Is anything lost or done twice when Vigil is killed with -9 at random instants?

A real shop is broken again and again, and the Vigil that heals it is killed on its way: in every
stage, between call and record of an effect, while and right after a person answers, while it
starts; the serving process, its runner, or both at once. Where a kill hit is read in the record
after it; what was done is counted at the shop.

    python benchmarks/crash.py --seed 1 --kills 100 --json OUT
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress
from tests.support.killing import Killing, Point, Seen, Story
from tests.support.sights import ANY, CLOSING, STAGES
from tests.support.vigils import Whom

from vigil.domain.errors import VigilError
from vigil.lab.errors import LabError

EFFECTS = ("release.switch", "process.restart")
LONGEST_S = {"INVESTIGATING": 1.0, "EXECUTING": 3.0, "VERIFYING": 11.0}
"""About how long the stages last that last at all: a kill falls anywhere in them."""
KILLS_PER_INCIDENT = (4, 9)
QUIET_S = 5.0
SHOPS = 20
"""A shop that did not come out right is closed; after so many the run ends."""


def points_of(chance: Random, *, asks: bool) -> list[Point]:
    """Where the next incident's Vigil is to be killed, in the order of its stages."""
    stages = [*STAGES[:5], *EFFECTS, "EXECUTING", "VERIFYING", CLOSING, CLOSING, ANY, ANY]
    drawn = chance.sample(stages, chance.randint(*KILLS_PER_INCIDENT))
    places = [*STAGES[:5], "approval", *EFFECTS, *STAGES[5:], CLOSING]
    order = {place: float(number) for number, place in enumerate(places)}
    if asks:
        drawn.append("approval")
    drawn.sort(key=lambda stage: order.get(stage, chance.uniform(0, len(places))))
    return [_point(chance, stage) for stage in drawn]


def _point(chance: Random, stage: str) -> Point:
    whom = chance.choice(tuple(Whom))
    if stage == "approval":
        return Point("SYNTHESIZING", Whom.VIGIL, waiting=True, before=_approve)
    if stage in EFFECTS:
        # The link is the first thing that is touched, an instance the second.
        felt = chance.choice((0, 1 + EFFECTS.index(stage)))
        return Point("EXECUTING", whom, effect=stage, touched=felt)
    longest = 2.5 if stage == ANY else LONGEST_S.get(stage, chance.choice((0.0, 0.02)))
    # The runner has a part in executing only.
    whom = whom if stage in (ANY, "EXECUTING") else chance.choice((Whom.VIGIL, Whom.BOTH))
    return Point(stage, whom, delay_s=chance.uniform(0, longest))


def _approve(killing: Killing, seen: Seen) -> None:
    if seen.incident is not None:
        killing.approve(seen.incident)


def rows_of(seed: int, kills: int, chance: Random, log: Path) -> list[dict[str, Any]]:
    """Incidents in one shop until so many kills hit; one that ends wrong is the shop's last."""
    rows: list[dict[str, Any]] = []
    try:
        with Killing(seed, progress) as killing, _kept_on_error(killing, log):
            while sum(len(row["kills"]) for row in rows) < kills:
                asks = chance.random() < 1 / 3
                _afresh(killing, asks=asks)
                row = _row(seed, killing, killing.run(points_of(chance, asks=asks)), asks=asks)
                rows.append(row)
                progress(json.dumps(row))
                if not row["right"]:
                    _keep(killing, log)
                    break
    except (VigilError, LabError) as error:
        rows.append({"seed": seed, "kills": [], "right": False, "error": str(error)})
        progress(json.dumps(rows[-1]))
    return rows


def _afresh(killing: Killing, *, asks: bool) -> None:
    """Kill it between two incidents; the next one reads its policy when it starts."""
    killing.ask(always=asks)
    killing.kill(Whom.BOTH)
    killing.start()
    killing.rehearsal.serve.wait_ready()
    time.sleep(QUIET_S)


def _row(seed: int, killing: Killing, story: Story, *, asks: bool) -> dict[str, Any]:
    extra = max(0, story.switches - 1, story.link_changes - 1)
    extra += sum(max(0, count - 1) for count in story.starts.values())
    audit = killing.rehearsal.audit()
    whole = (story.incidents, story.stage, story.outcome) == (1, "RESOLVED", "verified")
    done = story.switches == 1 and set(story.starts) == set(
        killing.rehearsal.lab.config.names.web_instances
    )
    right = whole and done and not extra and not story.judge and audit["verified"]
    row = {"seed": seed, "asks": asks, "right": right, "effects_too_many": extra}
    told = story.row()
    return {**row, "audit": audit["verified"], **{k: told[k] for k in told if k != "kinds"}}


@contextmanager
def _kept_on_error(killing: Killing, log: Path) -> Iterator[None]:
    try:
        yield
    except (VigilError, LabError):
        _keep(killing, log)
        raise


def _keep(killing: Killing, log: Path) -> None:
    """What Vigil logged, for whoever looks into it."""
    log.write_text(killing.rehearsal.serve.log.read_text(errors="replace"))
    progress(f"its log is kept in {log}")


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Counts over all incidents."""
    kills = [kill for row in rows for kill in row["kills"]]
    return {
        "incidents": len(rows),
        "incidents_right": sum(row["right"] for row in rows),
        "effects_too_many": sum(row.get("effects_too_many", 0) for row in rows),
        "kills": len(kills),
        "kills_by_stage": dict(Counter(kill["hit"] for kill in kills)),
        "kills_by_victim": dict(Counter(kill["whom"] for kill in kills)),
        "kills_between_call_and_record": dict(
            Counter(kill["effect"] for kill in kills if kill["effect"])
        ),
        "aimed_and_missed": sum(len(row.get("missed", ())) for row in rows),
    }


def main() -> None:
    """Kill, count and write."""
    known = parser(__doc__)
    known.add_argument("--kills", type=int, default=25)
    options = known.parse_args()
    chance = Random(options.seed)  # noqa: S311 - variety that a seed brings back
    rows: list[dict[str, Any]] = []
    measurement = Measurement("crash")
    for shop in range(SHOPS):
        left = options.kills - sum(len(row["kills"]) for row in rows)
        if left > 0:
            seed = options.seed + shop
            rows += rows_of(seed, left, chance, options.json.with_suffix(f".{seed}.log"))
    measurement.write(options.json, {**summary(rows), "rows": rows})
    progress(json.dumps(summary(rows), indent=1))
    sys.exit(0 if all(row["right"] for row in rows) else 1)


if __name__ == "__main__":
    main()
