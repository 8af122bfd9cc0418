"""Releases of the web application: folders, a link that is switched at once, and a log."""

import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from vigil.domain.identity import tree_digest
from vigil.lab.config import LabConfig
from vigil.lab.errors import LabUsage
from vigil.lab.names import Value

TEMPLATE = Path(__file__).with_name("shop")
DEPLOYER = "deploy-bot"
FOOTERS = (
    "Household goods, sent within two days.",
    "Household goods, sent within two days. Returns within thirty days.",
    "Household goods for every room, sent within two days.",
    "Household goods, sent within two days. Questions? Write to us.",
    "Well-made household goods, sent within two days.",
)


class Edit(Value):
    """One change of a release's code: this text in that file becomes that text."""

    file: str
    old: str
    new: str


class Change(Value):
    """What a deploy brings: a note for the release log, and the edits."""

    note: str
    edits: tuple[Edit, ...]


def digest_of(release: Path) -> str:
    return tree_digest(
        (path.relative_to(release).as_posix(), path.read_bytes())
        for path in release.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and "__pycache__" not in path.parts
        and path.suffix != ".pyc"
    )


def footer_change(seed: int, number: int) -> Change:
    """An honest, harmless difference between two releases."""
    order = Random(f"footers {seed}").sample(FOOTERS[1:], len(FOOTERS) - 1)  # noqa: S311 - variety
    new = order[number % len(order)]
    return Change(
        note=Random(f"note {seed} {number}").choice(("wording", "new footer", "copy update")),  # noqa: S311 - variety
        edits=(Edit(file="shop/templates/base.html", old=FOOTERS[0], new=new),),
    )


class Releases:
    def __init__(self, config: LabConfig) -> None:
        self._config = config
        self._files = config.files

    def current(self) -> Path:
        return self._files.current.resolve()

    def good(self) -> list[str]:
        """The releases that the lab knows to work, oldest first."""
        return self._files.good_releases.read_text().split()

    def is_good(self, release: Path) -> bool:
        return release.name in self.good() and release.is_dir()

    def all_names(self) -> list[str]:
        return sorted(path.name for path in self._files.releases.iterdir() if path.is_dir())

    def last_good(self) -> Path:
        return self._files.releases / self.good()[-1]

    def make(self, change: Change, *, good: bool) -> Path:
        """Build a release: the shop's code with this change; nothing is switched yet."""
        name = self._next_name()
        release = self._files.releases / name
        copy_shop(release)
        for edit in change.edits:
            _apply(release, edit)
        if good:
            with self._files.good_releases.open("a") as names:
                names.write(f"{name}\n")
        return release

    def _next_name(self) -> str:
        # The first number differs by seed; a shop that has been deployed before is not at 1.
        first = Random(f"releases {self._config.seed}").randrange(3, 90)  # noqa: S311 - variety
        made = len(self.all_names())
        return self._config.names.release_style.format(n=first + made)

    def switch(self, release: Path, *, note: str, at: datetime | None = None) -> None:
        """Point the link at a release, in one step, and say so in the release log."""
        previous = digest_of(self.current()) if self._files.current.is_symlink() else None
        link = self._files.current.with_name(".current.new")
        link.unlink(missing_ok=True)
        link.symlink_to(release)
        os.replace(link, self._files.current)  # noqa: PTH105 - the words of the promise: os.replace
        entry = {
            "at": (at or datetime.now(UTC)).isoformat(),
            "service": self._config.names.web,
            "release": release.name,
            "digest": digest_of(release),
            "previous": previous,
            "by": DEPLOYER,
            "note": note,
        }
        with self._files.release_log.open("a") as log:
            log.write(json.dumps(entry) + "\n")

    def log_lines(self) -> int:
        return len(self._files.release_log.read_text().splitlines())

    def deploy_history(self, count: int = 3) -> None:
        """The releases of the past days, so that there is one to go back to."""
        self._files.releases.mkdir()
        rng = Random(f"history {self._config.seed}")  # noqa: S311 - variety
        age = timedelta(days=count * 3, minutes=rng.randrange(600))
        for number in range(count):
            change = footer_change(self._config.seed, number)
            release = self.make(change, good=True)
            self.switch(release, note=change.note, at=datetime.now(UTC) - age)
            age -= timedelta(days=2, minutes=rng.randrange(600))


def copy_shop(target: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(TEMPLATE, target / "shop", ignore=ignored)


def _apply(release: Path, edit: Edit) -> None:
    path = release / edit.file
    if not path.is_file() or not path.resolve().is_relative_to(release.resolve()):
        raise LabUsage(f"the change edits {edit.file}, which a release does not have")
    text = path.read_text()
    if text.count(edit.old) != 1:
        raise LabUsage(
            f"the change expects its old text once in {edit.file}, found {text.count(edit.old)} "
            "times: the shop's code has moved on, rewrite the change"
        )
    path.write_text(text.replace(edit.old, edit.new))


def pick(changes: Sequence[Change], seed: int) -> Change:
    return Random(f"change {seed}").choice(list(changes))  # noqa: S311 - variety
