"""A link, and three releases that it can point at."""

from tests.support.verb_cases import Case, Targets

from vigil.domain.identity import tree_digest
from vigil.runner.verbs.base import Refusal


def _release_switch(targets: Targets) -> Case:
    link, releases = targets.folder / "current", targets.folder / "releases"
    digests = {}
    for name in ("one", "two", "three"):
        file = releases / name / "main.py"
        file.parent.mkdir(parents=True)
        file.write_text(name)
        digests[name] = tree_digest([("main.py", name.encode())])
    link.symlink_to(releases / "two")

    def meddle() -> None:
        link.unlink()
        link.symlink_to(releases / "three")

    grant = {"verb": "release.switch", "link": str(link), "releases": str(releases)}
    return Case(
        grant=grant,
        arguments=(digests["one"],),
        outside=(f"sha256:{'0' * 64}",),
        state=lambda: link.resolve().name,
        away={"releases": str(targets.folder / "nowhere")},
        meddle=meddle,
        absent=Refusal,
        undo=(grant, (digests["two"],)),
    )


CASES = {"release.switch": _release_switch}
