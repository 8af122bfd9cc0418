"""What scenario scripts do to a shop: `python -m vigil.lab.toolbox COMMAND` (VIGIL_LAB, SEED).

Scripts are free to do without it: VIGIL_LAB names lab.json, which names everything else.
"""

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from vigil.lab.alerting import tell
from vigil.lab.alerts import Firing
from vigil.lab.errors import LabError, LabUsage
from vigil.lab.lab import HEALTHY_DEADLINE_S, Lab
from vigil.lab.releases import Change, pick
from vigil.lab.rules import rule_of


def seed() -> int:
    return int(os.environ["SEED"])


def deploy(lab: Lab, given: argparse.Namespace) -> None:
    """One change of each file, together in one release, which is about the last of them."""
    chosen = [pick(read_changes(path), seed()) for path in given.changes]
    edits = tuple(edit for change in chosen for edit in change.edits)
    instances = lab.config.names.web_instances
    only = instances[seed() // 2 % len(instances)] if given.stops_half_way else None
    lab.deploy(Change(note=chosen[-1].note, edits=edits), only=only)


def read_changes(path: Path) -> tuple[Change, ...]:
    try:
        raw = yaml.safe_load(path.read_text())
        return TypeAdapter(tuple[Change, ...]).validate_python(raw)
    except (OSError, yaml.YAMLError, ValidationError) as wrong:
        raise LabUsage(f"{path} is not a list of changes: {wrong}") from wrong


def alert(lab: Lab, given: argparse.Namespace) -> None:
    """Send an alert by hand; its end carries the start that the firing was sent with."""
    started = lab.files.private / f"alert-{given.symptom}"
    rule, now = rule_of(lab.config, given.symptom), datetime.now(UTC)
    if given.status == "firing":
        tell(lab.config, Firing(rule, now))
        started.write_text(now.isoformat())
    elif started.exists():
        since = datetime.fromisoformat(started.read_text())
        tell(lab.config, Firing(rule, since, until=now))
        started.unlink()


def parse(
    arguments: list[str],
) -> tuple[Callable[[Lab, argparse.Namespace], object], argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="vigil.lab.toolbox")
    commands = parser.add_subparsers(required=True)
    plain: dict[str, Callable[[Lab, argparse.Namespace], object]] = {
        "deploy-harmless": lambda lab, _: lab.deploy_harmless(),
        "roll-back": lambda lab, _: lab.roll_back(),
        "wait-healthy": lambda lab, _: lab.wait_healthy(seconds=HEALTHY_DEADLINE_S),
        "alter-lines": lambda lab, _: lab.sessions.alter_lines(),
        "leak-session": lambda lab, _: lab.sessions.leak(seed()),
        "report": lambda lab, _: lab.sessions.report(seed()),
        "end-sessions": lambda lab, _: lab.sessions.end_all(),
        "hang-worker": lambda lab, _: lab.fulfilment.hang(seed()),
        "revive-worker": lambda lab, _: lab.fulfilment.revive(),
        "pause-queue": lambda lab, _: lab.pause_queue(seed()),
        "promote": lambda lab, _: lab.entries.promote(seed()),
        "remove-entries": lambda lab, _: lab.entries.remove(),
        "stop-cache": lambda lab, _: lab.supervisor.stop(lab.config.names.cache),
        "start-cache": lambda lab, _: lab.supervisor.start(lab.config.names.cache),
    }
    for name, run in plain.items():
        commands.add_parser(name).set_defaults(run=run)
    deploying = commands.add_parser("deploy", help="build and deploy one of these changes")
    deploying.add_argument("--changes", type=Path, required=True, action="append")
    deploying.add_argument("--stops-half-way", action="store_true", help="reach one instance only")
    deploying.set_defaults(run=deploy)
    alerting = commands.add_parser("alert", help="send an alert to everybody who hears of alerts")
    alerting.add_argument("symptom")
    alerting.add_argument("status", choices=("firing", "resolved"))
    alerting.set_defaults(run=alert)
    given = parser.parse_args(arguments)
    return given.run, given


def main() -> int:
    run, given = parse(sys.argv[1:])
    try:
        run(Lab.from_environment(), given)
    except LabError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a script's message to its caller
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
