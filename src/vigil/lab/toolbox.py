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

from vigil.lab.alerts import Firing, post, symptom_of
from vigil.lab.errors import LabError, LabUsage
from vigil.lab.lab import Lab
from vigil.lab.releases import Change, pick


def deploy(lab: Lab, given: argparse.Namespace) -> None:
    try:
        raw = yaml.safe_load(given.changes.read_text())
        changes = TypeAdapter(tuple[Change, ...]).validate_python(raw)
    except (OSError, yaml.YAMLError, ValidationError) as wrong:
        raise LabUsage(f"{given.changes} is not a list of changes: {wrong}") from wrong
    lab.deploy(pick(changes, int(os.environ["SEED"])))


def alert(lab: Lab, given: argparse.Namespace) -> None:
    """Send an alert by hand; its end carries the start that the firing was sent with."""
    started = lab.files.private / f"alert-{given.symptom}"
    symptom, now = symptom_of(lab.config, given.symptom), datetime.now(UTC)
    if given.status == "firing":
        post(lab.config, Firing(symptom, now))
        started.write_text(now.isoformat())
    elif started.exists():
        since = datetime.fromisoformat(started.read_text())
        post(lab.config, Firing(symptom, since, until=now))
        started.unlink()


def parse(
    arguments: list[str],
) -> tuple[Callable[[Lab, argparse.Namespace], object], argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="vigil.lab.toolbox")
    commands = parser.add_subparsers(required=True)
    plain: dict[str, Callable[[Lab, argparse.Namespace], object]] = {
        "deploy-harmless": lambda lab, _: lab.deploy_harmless(),
        "roll-back": lambda lab, _: lab.roll_back(),
        "hold-orders": lambda lab, _: lab.hold_orders(),
        "release-orders": lambda lab, _: lab.release_orders(),
    }
    for name, run in plain.items():
        commands.add_parser(name).set_defaults(run=run)
    deploying = commands.add_parser("deploy", help="build and deploy one of these changes")
    deploying.add_argument("--changes", type=Path, required=True)
    deploying.set_defaults(run=deploy)
    alerting = commands.add_parser("alert", help="send an alert to the lab's alert URL")
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
