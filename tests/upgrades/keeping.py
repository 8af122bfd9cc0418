"""Writing down a story moment by moment, as the rows that a kill would leave behind."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from tests.support.story import Fuse, Fused, Story
from tests.upgrades.kept import World
from tests.upgrades.rows import Rows, Tables

from vigil.domain.incident import Stage
from vigil.story.recorded import BEGUN

_SAYS_NOT_WHERE = (
    *("events", "payloads", "checkpoints", "checkpoint_heads", "deliveries"),
    *("incidents", "locks", "switch"),
)
"""Tables that only grow along with the others, and those of which not the keys tell something."""


class Keeper(Fuse):
    """Sits where a power cut would strike: before and after each write of the record."""

    def __init__(self, story: Story, file: Path, places: set[str]) -> None:
        super().__init__()
        self._story = story
        self._places = places
        self._tables = Tables(story.record.engine)
        self._rows: Rows = {}
        self._ended: frozenset[str] = frozenset()
        self._file = file.open("w", encoding="utf-8")
        for part in (story.record.journal, story.record.inbox):
            cast("Fused", part).fuse = self

    def burn(self) -> None:
        """Keep what changed since the last place, once no kept story has been at this one."""
        rows, world = self._tables.dump(), World.of(self._story)
        if not (rows["inbox"] or rows["incidents"]):
            return
        place = _place(rows, world)
        if place in self._places:
            return
        self._places.add(place)
        changed = {
            table: {k: row for k, row in found.items() if self._before(table).get(k) != row}
            for table, found in rows.items()
        }
        gone = {t: [k for k in self._before(t) if k not in found] for t, found in rows.items()}
        ended = {key: end for key, end in world.ends.items() if key not in self._ended}
        self._write(
            {
                "place": _in_words(rows, world),
                "world": {**asdict(world), "ends": ended},
                "changed": {table: found for table, found in changed.items() if found},
                "gone": {table: found for table, found in gone.items() if found},
            }
        )
        self._rows, self._ended = rows, frozenset(world.ends)

    def end(self, **end: object) -> None:
        """How it ended; nothing comes after it."""
        self._write({"end": end})
        self._file.close()

    def _before(self, table: str) -> dict[str, dict[str, Any]]:
        return self._rows.get(table, {})

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")


def _place(rows: Rows, world: World) -> str:
    """What tells two moments apart that matter: everything but words, digests and times."""
    where = {t: sorted(found) for t, found in rows.items() if t not in _SAYS_NOT_WHERE}
    held = sorted(key for key, row in rows["locks"].items() if row["owner"] in rows["incidents"])
    incident = [
        {name: row[name] for name in ("stage", "attempt", "waiting_on", "outcome")}
        for row in rows["incidents"].values()
    ]
    return json.dumps(
        [where, held, incident, world.done, sorted(world.ends), _in_words(rows, world)]
    )


def _in_words(rows: Rows, world: World) -> str:
    """The stage, what is to be told besides it (``kept.BESIDES``), and the attempt."""
    if not rows["incidents"]:
        return "unread 1"
    (incident,) = rows["incidents"].values()
    stage, waiting_on = incident["stage"], incident["waiting_on"]
    actions_begun = sum(f"/{BEGUN}" in key for key in rows["outputs"])
    another_turn = any(row["turn"] > 1 for row in rows["outbox"].values())
    besides = {
        f"waiting for {waiting_on}": waiting_on is not None,
        "woken": waiting_on is None and another_turn and bool(rows["lock_waiters"]),
        "answered": stage == Stage.SYNTHESIZING and bool(rows["approvals"]) and not actions_begun,
        "begun": actions_begun > len(world.ends),
        "stopped": world.stopped,
    }
    true = [word for word, is_so in besides.items() if is_so]
    return " ".join([stage, *true, str(incident["attempt"])])
