"""Does the guard see what a script would do, and how fast?

It is asked as a user asks it, by ``vigil guard check --batch``, about sets of labelled scripts that
are given with ``--data DIR``: ``attacks.jsonl`` (``id, set, class, nature, language, code``) and
``benign.jsonl`` (``id, set, kind, language, code``). What changes something is also asked with the
right resource, by two sets that were labelled by hand: ``tests/guard/changes.yaml``, which was
written for it, and ``tests/guard/drawn_changes.yaml``, which was drawn from ``benign.jsonl`` and
has the ids only. The scripts come in an order that the seed draws, so that no answer can lean on
the one before it.

    python benchmarks/guard.py --data DIR --json OUT --seed 1
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress

LABELS = Path(__file__).parents[1] / "tests" / "guard"
WRITTEN, DRAWN = LABELS / "changes.yaml", LABELS / "drawn_changes.yaml"
HARMLESS_TO_TOUCH = "compute-only"
"""Wrong or unfair program logic that touches nothing: no guard of commands can judge it."""
SAFE_SET = "dcg-safe"
NO_TOOL = "guard.no-tool"
"""Fires where no rule file knows a program; such a command has to be unknown."""
CHANGING = frozenset({"reversible", "disruptive", "destructive"})
EFFECTS = ("read", "reversible", "disruptive", "destructive", "unknown")

READS_READ, SAFE_NOT_DESTRUCTIVE, SAFE_UNKNOWN, CHANGES_RIGHT, A_SECOND = (
    0.97,
    0.90,
    0.05,
    0.85,
    2000,
)

REPEATS = 4

Row = dict[str, Any]
Table = list[Row]


def read_rows(path: Path) -> Table:
    """One row a line."""
    if not path.is_file():
        sys.exit(f"{path} is not there; give the folder of the sets with --data")
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_written() -> Table:
    """The changes that were written to be labelled; each has one name for what it changes."""
    return [
        {**row, "id": f"change-{number}", "language": "bash", "resource": [row["resource"]]}
        for number, row in enumerate(yaml.safe_load(WRITTEN.read_text(encoding="utf-8")), start=1)
    ]


def read_drawn() -> dict[str, Table]:
    """The labels of changes that were drawn, by draw; what turned out to be none is left out."""
    labelled = yaml.safe_load(DRAWN.read_text(encoding="utf-8"))
    return {draw: [row for row in rows if "aside" not in row] for draw, rows in labelled.items()}


def answers_to(scripts: Sequence[Row]) -> tuple[dict[str, Row], float]:
    """The guard's answer to each script by its id, and how long one core worked on it all."""
    with tempfile.TemporaryDirectory() as folder:
        batch = Path(folder) / "batch.jsonl"
        batch.write_text("".join(json.dumps(_asked(row)) + "\n" for row in scripts))
        before = _worked_s()
        done = subprocess.run(  # noqa: S603 - fixed words and our own file
            [sys.executable, "-m", "vigil", "guard", "check", "--batch", str(batch)],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = _worked_s() - before
    if done.returncode not in {0, 1}:
        sys.exit(f"the guard did not answer: {done.stderr[-2000:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(scripts):
        sys.exit(f"{len(answers)} answers to {len(scripts)} scripts: {done.stderr[-2000:]}")
    return {row["id"]: answer for row, answer in zip(scripts, answers, strict=True)}, seconds


def _worked_s() -> float:
    # Whoever else is at work on this machine is none of the guard's affair.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _asked(row: Row) -> Row:
    return {key: row[key] for key in ("id", "language", "code")}


def grouped(rows: Iterable[Row], answers: dict[str, Row], by: Sequence[str]) -> Table:
    """How the scripts of each group were judged, and how many would run unasked."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in by), []).append(answers[row["id"]])
    return [
        {
            **dict(zip(by, name, strict=True)),
            "scripts": len(judged),
            **_effects(judged),
            "unasked": sum(answer.get("runs_unasked") is not False for answer in judged),
        }
        for name, judged in sorted(groups.items())
    ]


def _effects(judged: Iterable[Row]) -> dict[str, int]:
    # An answer that is an error is counted with the unknown ones; it lets nothing run.
    counted = Counter(answer.get("effect", "unknown") for answer in judged)
    return {effect: counted[effect] for effect in EFFECTS}


def share(rows: Sequence[Row], of: str, *words: str) -> float:
    """The share of these scripts whose answer has one of the words in a field."""
    return sum(row[of] in words for row in rows) / len(rows) if rows else 1.0


def with_answers(rows: Iterable[Row], answers: dict[str, Row]) -> Table:
    """Each row with what the guard said of it."""
    return [
        {
            **row,
            "judged": answers[row["id"]].get("effect", "unknown"),
            "touches": answers[row["id"]].get("resources", []),
            "no_tool": NO_TOOL in answers[row["id"]].get("rules", []),
            "unasked": answers[row["id"]].get("runs_unasked") is not False,
        }
        for row in rows
    ]


def measure_attacks(rows: Table, answers: dict[str, Row]) -> Row:
    """What of the attacks would run unasked, and what was taken for harmless."""
    seen = with_answers(rows, answers)
    acts = [row for row in seen if row["nature"] != HARMLESS_TO_TOUCH]
    return {
        "by_nature": grouped(rows, answers, ("set", "nature")),
        "by_class": grouped(rows, answers, ("set", "class", "nature")),
        "unasked": [row["id"] for row in acts if row["unasked"]],
        "taken_for_reading": [row["id"] for row in acts if row["judged"] == "read"],
    }


def measure_benign(rows: Table, answers: dict[str, Row]) -> Row:
    """What of the useful scripts was judged right, by kind and set."""
    seen = with_answers(rows, answers)
    reads = [row for row in seen if row["kind"] == "read"]
    changes = [row for row in seen if row["kind"] == "change"]
    safe = [row for row in seen if row["set"] == SAFE_SET]
    return {
        "by_set": grouped(rows, answers, ("set", "kind")),
        "reads_read": share(reads, "judged", "read"),
        "changes_changing": share(changes, "judged", *CHANGING),
        "safe_not_destructive": 1 - share(safe, "judged", "destructive"),
        "safe_unknown": share(safe, "judged", "unknown"),
        "safe_of_no_known_tool": sum(row["no_tool"] for row in safe) / max(len(safe), 1),
        "reads_not_read": [row["id"] for row in reads if row["judged"] != "read"],
        "changes_not_changing": [row["id"] for row in changes if row["judged"] not in CHANGING],
        "safe_destructive": [row["id"] for row in safe if row["judged"] == "destructive"],
        "safe_and_unknown": [row["id"] for row in safe if row["judged"] == "unknown"],
    }


def measure_changes(rows: Table, answers: dict[str, Row]) -> Row:
    """What of the commands that were labelled by hand was named as their label names it.

    A label that the given sets hold no command for counts as wrong.
    """
    seen = with_answers([row for row in rows if row["id"] in answers], answers)
    wrong = [
        row
        for row in seen
        if row["judged"] not in CHANGING or set(row["resource"]).isdisjoint(row["touches"])
    ]
    keys = ("id", "code", "effect", "resource", "judged", "touches")
    return {
        "commands": len(rows),
        "not_given": len(rows) - len(seen),
        "right": (len(seen) - len(wrong)) / len(rows),
        "same_class": sum(row["judged"] == row["effect"] for row in seen) / len(rows),
        "wrong": [{key: row[key] for key in keys if key in row} for row in wrong],
    }


def measure_speed(scripts: Sequence[Row], seconds: float) -> Row:
    """Scripts a second on one core: what a second helping of them costs.

    The first one also pays for the start of the program and for each rule file that is read when a
    script first names its tool; both are told apart.
    """
    # What others do to caches and clock shows in processor time too: the least of some.
    first = min(seconds, *(answers_to(scripts)[1] for _ in range(REPEATS)))
    twice = min(answers_to([*scripts, *scripts])[1] for _ in range(REPEATS))
    again = max(twice - first, 0.001)
    return {
        "scripts": len(scripts),
        "first_s": round(first, 2),
        "again_s": round(again, 2),
        "a_second": round(len(scripts) / again),
    }


def promises(result: Row) -> dict[str, bool]:
    """What was promised, and whether it was kept."""
    benign = result["benign"]
    return {
        "no_attack_runs_unasked": not result["attacks"]["unasked"],
        "reads_are_read": benign["reads_read"] >= READS_READ,
        "safe_is_not_destructive": benign["safe_not_destructive"] >= SAFE_NOT_DESTRUCTIVE,
        "safe_is_known": benign["safe_unknown"] <= SAFE_UNKNOWN,
        "changes_have_their_resource": all(
            one["right"] >= CHANGES_RIGHT for one in result["changes"].values()
        ),
        "fast": result["speed"]["a_second"] >= A_SECOND,
    }


def shown(table: Table) -> str:
    """A table for people."""
    if not table:
        return "nothing to show\n"
    lines = [
        [str(key) for key in table[0]],
        *([str(cell) for cell in row.values()] for row in table),
    ]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> None:
    """Ask, count, say what was kept, and write."""
    options = parser(__doc__, "the folder of attacks.jsonl and benign.jsonl").parse_args()
    if options.data is None:
        sys.exit("give the folder of attacks.jsonl and benign.jsonl with --data DIR")
    measurement = Measurement("guard")
    attacks = read_rows(options.data / "attacks.jsonl")
    benign = read_rows(options.data / "benign.jsonl")
    written = read_written()
    scripts = [*attacks, *benign, *written]
    random.Random(options.seed).shuffle(scripts)  # noqa: S311 - an order, not a secret
    progress(f"{len(scripts)} scripts")
    answers, seconds = answers_to(scripts)
    result: Row = {
        "seed": options.seed,
        "attacks": measure_attacks(attacks, answers),
        "benign": measure_benign(benign, answers),
        "changes": {
            "written": measure_changes(written, answers),
            **{
                f"drawn_{draw}": measure_changes(rows, answers)
                for draw, rows in read_drawn().items()
            },
        },
        "speed": measure_speed(scripts, seconds),
    }
    result["met"] = promises(result)
    measurement.write(options.json, result)
    for table in (
        result["attacks"]["by_nature"],
        result["attacks"]["by_class"],
        result["benign"]["by_set"],
    ):
        print(shown(table))
    kept = {name: one for name, one in result["benign"].items() if isinstance(one, float)}
    kept |= {
        f"{name}_{key}": one[key]
        for name, one in result["changes"].items()
        for key in ("right", "same_class")
    }
    progress(json.dumps({**kept, **result["speed"], **result["met"]}, indent=1))
    sys.exit(0 if all(result["met"].values()) else 1)


if __name__ == "__main__":
    main()
