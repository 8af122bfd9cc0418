"""Does redaction find what must not leave, does it leave what is needed, and how fast?

It is asked as a user asks it, by ``vigil redact``, about a folder that is given with ``--data``:
``pii/sentences.jsonl`` (``id, text, spans[{start, end, norm}]``), ``pii/secrets.jsonl.gz`` (``id,
text, expect, secrets[{start, end, rule}]``) and ``logs/*_2k.csv`` (``Content``). presidio-analyzer
is asked the same beside it where a Python has it: this one, or the one that ``--presidio`` names.

    python benchmarks/redaction.py --data DIR --json OUT --seed 1
"""

import csv
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress
from benchmarks.redacting.scoring import (
    SECRETS,
    STRUCTURED,
    Row,
    Spans,
    of_logs,
    of_secrets,
    of_sentences,
)

RECALL, PRECISION, LOST, MB_A_SECOND = 0.95, 0.9, 0.01, 20.0
SPEED_MB = 48
PRESIDIO_LINES = 1500
"""Of the same lines; it takes long."""
REPEATS = 3
MEGA = 1_000_000


def sets_of(folder: Path) -> dict[str, list[Row]]:
    """The labelled texts, each with an id of its own."""
    sentences = _lines((folder / "pii/sentences.jsonl").read_text(encoding="utf-8"))
    with gzip.open(folder / "pii/secrets.jsonl.gz", "rt", encoding="utf-8") as packed:
        secrets = _lines(packed.read())
    logs = []
    for path in sorted((folder / "logs").glob("*_2k.csv")):
        with path.open(encoding="utf-8", newline="") as opened:
            for number, row in enumerate(csv.DictReader(opened)):
                logs.append({"id": f"{path.stem}-{number}", "text": row["Content"]})
    return {"sentences": sentences, "secrets": secrets, "logs": logs}


def _lines(text: str) -> list[Row]:
    return [json.loads(line) for line in text.splitlines()]


def asked_of_vigil(rows: Sequence[Row]) -> Spans:
    """What ``vigil redact --batch`` finds in each text."""
    with tempfile.TemporaryDirectory() as folder:
        batch = Path(folder) / "batch.jsonl"
        batch.write_text(_asking(rows), encoding="utf-8")
        done = _run("-m", "vigil", "redact", "--batch", str(batch))
    answers = _lines(done)
    if len(answers) != len(rows):
        sys.exit(f"{len(answers)} answers to {len(rows)} texts")
    return {row["id"]: answer["spans"] for row, answer in zip(rows, answers, strict=True)}


def asked_of_presidio(python: str, rows: Sequence[Row]) -> tuple[Spans, float] | None:
    """What presidio-analyzer finds, and its seconds; None where that Python has none."""
    script = Path(__file__).with_name("redacting") / "presidio.py"
    done = subprocess.run(  # noqa: S603 - our own script
        [python, str(script)], input=_asking(rows), capture_output=True, text=True, check=False
    )
    if done.returncode:
        return None
    *answers, last = _lines(done.stdout)
    return {answer["id"]: answer["spans"] for answer in answers}, last["seconds"]


def _asking(rows: Sequence[Row]) -> str:
    return "".join(json.dumps({"id": row["id"], "text": row["text"]}) + "\n" for row in rows)


def _run(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words and our own files
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1}:
        sys.exit(f"vigil redact did not answer: {done.stderr[-2000:]}")
    return done.stdout


def measured_speed(quiet: Sequence[str]) -> float:
    """Megabytes a second and core that ``vigil redact FILE`` reads of lines with nothing in them.

    The start of the program is paid once: what a longer file costs more is counted.
    """
    text = "\n".join(quiet) + "\n"
    once = text * max(1, SPEED_MB * MEGA // len(text))
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "short.log", Path(folder) / "long.log"
        short.write_text(text, encoding="utf-8")
        long.write_text(text + once, encoding="utf-8")
        least = min(_seconds(short) for _ in range(REPEATS))
        most = min(_seconds(long) for _ in range(REPEATS))
    return len(once.encode()) / MEGA / max(most - least, 0.001)


def _seconds(path: Path) -> float:
    # Whoever else is at work on this machine is none of the redactor's affair.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run("-m", "vigil", "redact", str(path))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(sets: dict[str, list[Row]], python: str, draw: random.Random) -> Row:
    """All of it, of both."""
    progress("vigil")
    ours = {name: asked_of_vigil(rows) for name, rows in sets.items()}
    quiet = [row["text"] for row in sets["logs"] if not ours["logs"][row["id"]]]
    draw.shuffle(quiet)
    result: Row = {"vigil": _scores(sets, ours, SECRETS)}
    result["vigil"]["mb_a_second"] = round(measured_speed(quiet), 1)
    progress("presidio-analyzer")
    small = {**sets, "logs": draw.sample(sets["logs"], min(PRESIDIO_LINES, len(sets["logs"])))}
    theirs = {name: asked_of_presidio(python, rows) for name, rows in small.items()}
    spans = {name: answer[0] for name, answer in theirs.items() if answer}
    speed = asked_of_presidio(
        python, [{"id": n, "text": line} for n, line in enumerate(quiet[:PRESIDIO_LINES])]
    )
    if len(spans) == len(small) and speed:
        size = sum(len(line.encode()) for line in quiet[:PRESIDIO_LINES])
        result["presidio"] = _scores(small, spans, None)
        result["presidio"]["mb_a_second"] = round(size / MEGA / speed[1], 3)
        result["times_as_fast"] = round(
            result["vigil"]["mb_a_second"] / result["presidio"]["mb_a_second"], 1
        )
    return result


def _scores(
    sets: dict[str, list[Row]], found: dict[str, Spans], kinds: frozenset[str] | None
) -> Row:
    return {
        "by_kind": of_sentences(sets["sentences"], found["sentences"]),
        "secrets": of_secrets(sets["secrets"], found["secrets"], kinds),
        "logs": of_logs(sets["logs"], found["logs"]),
    }


def promises(vigil: Row) -> dict[str, bool]:
    """What was promised, and whether it was kept."""
    kinds = vigil["by_kind"]
    return {
        "secrets": vigil["secrets"]["recall"] >= RECALL,
        **{kind: kinds[kind]["recall"] >= RECALL for kind in STRUCTURED if kind in kinds},
        **{
            f"{kind}_precise": kinds[kind]["precision"] >= PRECISION
            for kind in ("name", "address")
            if kind in kinds
        },
        "keeps_what_is_needed": vigil["logs"]["share_lost"] < LOST,
        "fast": vigil["mb_a_second"] >= MB_A_SECOND,
    }


def main() -> None:
    """Ask, count, say what was kept, and write."""
    options = parser(__doc__, "the folder of pii/ and logs/")
    options.add_argument(
        "--presidio", default=sys.executable, help="a Python with presidio-analyzer"
    )
    given: Any = options.parse_args()
    if given.data is None:
        sys.exit("give the folder of pii/ and logs/ with --data DIR")
    measurement = Measurement("redaction")
    draw = random.Random(given.seed)  # noqa: S311 - an order, not a secret
    result = {"seed": given.seed, **measure(sets_of(given.data), given.presidio, draw)}
    result["met"] = promises(result["vigil"])
    measurement.write(given.json, result)
    print(json.dumps(result, indent=1))
    sys.exit(0 if all(result["met"].values()) else 1)


if __name__ == "__main__":
    main()
