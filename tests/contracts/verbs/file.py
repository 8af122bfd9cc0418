"""A folder of logs."""

from tests.support.verb_cases import Case, Targets

from vigil.runner.verbs.base import Refusal


def _file_rotate(targets: Targets) -> Case:
    folder = targets.folder / "logs"
    folder.mkdir()
    for name in ("app.log", "other.log"):
        (folder / name).write_text("line\n" * 100)

    def meddle() -> None:
        (folder / "new").write_text("theirs")
        (folder / "new").rename(folder / "app.log")

    return Case(
        grant={"verb": "file.rotate", "folder": str(folder), "files": ["app.log"]},
        arguments=("app.log",),
        outside=("other.log",),
        state=lambda: sorted(
            (p.name, p.stat().st_size, p.stat().st_mode) for p in folder.iterdir()
        ),
        away={"folder": str(targets.folder / "nowhere")},
        meddle=meddle,
        absent=Refusal,
    )


CASES = {"file.rotate": _file_rotate}
