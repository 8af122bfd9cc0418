"""A file of settings."""

from tests.support.verb_cases import Case, Targets

from vigil.runner.verbs.base import Refusal


def _config_set(targets: Targets) -> Case:
    file = targets.folder / "settings.yaml"
    file.write_text("# of the shop\npool:\n  size: 5 # small\n  wait: 3\n")
    keys = {"pool.size": {"type": "integer", "min": 1, "max": 50}}
    grant = {"verb": "config.set", "file": str(file), "format": "yaml", "keys": keys}
    return Case(
        grant=grant,
        arguments=("pool.size", "20"),
        outside=("pool.size", "51"),
        state=file.read_text,
        away={"file": str(targets.folder / "nowhere.yaml")},
        meddle=lambda: file.write_text("pool: {size: 7}\n"),
        absent=Refusal,
        undo=(grant, ("pool.size", "5")),
    )


CASES = {"config.set": _config_set}
