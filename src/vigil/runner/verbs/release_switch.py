"""``release.switch DIGEST``: point the link at the release that has exactly this content."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from vigil.domain.change import OWN_NAME
from vigil.domain.identity import tree_digest
from vigil.domain.verbs.release import ReleaseSwitchGrant
from vigil.runner.ledger import Outcome
from vigil.runner.limits import MIB
from vigil.runner.verbs.base import Asked, Deadline, Refusal, Seen

MAX_RELEASES = 100
MAX_FILES = 20_000
MAX_BYTES = 256 * MIB
LOG_TAIL_BYTES = 256 * 1024
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def bind(asked: Asked) -> "ReleaseSwitch":
    """A call, bound to its grant; the release log is the service's own."""
    log = asked.service.changes.release_log
    return ReleaseSwitch(
        asked.name,
        asked.grant_of(ReleaseSwitchGrant),
        asked.arguments[0],
        asked.key,
        None if log is None else Path(log),
    )


class ReleaseSwitch:
    """See ``Operation`` for what is promised."""

    def __init__(
        self, service: str, grant: ReleaseSwitchGrant, digest: str, key: str, log: Path | None
    ) -> None:
        self._service = service
        self._link = Path(grant.link)
        self._releases = Path(grant.releases)
        self._digest = digest
        self._log = log
        self._note = f"switched by a remediation plan, call {key}"
        # The same call uses the same name, so that a killed one leaves nothing that stays.
        suffix = hashlib.sha256(key.encode()).hexdigest()[:12]
        self._temporary = self._link.with_name(f".{self._link.name}.vigil-{suffix}")

    def look(self) -> Seen:
        if not _DIGEST.fullmatch(self._digest):
            raise Refusal(f"'{self._digest}' is not a digest (sha256: and 64 hexadecimal digits)")
        release = self._wanted()
        link = self._points_at()
        would = f"point {self._link} at {release.name}, which points at {link or 'nothing'}"
        return {"link": link, "release": str(release), "would": would}

    def done_since(self, before: Seen) -> Outcome | None:
        wanted = self._wanted(before)
        if self._is_at(wanted):
            # Killed between the switch and its line in the log, the line is still owed.
            if before["link"] != self._points_at():
                self._write_log(wanted, self._previous(before))
            return Outcome(ok=True, text=f"{self._link} points at {wanted.name}")
        if self._log is not None and self._is_logged():
            return Outcome(
                ok=True,
                text=f"{self._link} was switched to {wanted.name}; somebody moved it since",
            )
        return None

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        # What reads whole releases comes first: nothing that takes long is left then.
        wanted, previous = self._wanted(before), self._previous(before)
        if self._is_at(wanted):
            return Outcome(ok=True, text=f"{self._link} points at {wanted.name} already")
        if self._points_at() != before["link"]:
            return Outcome(
                ok=False,
                text=f"{self._link} was moved by somebody else meanwhile; it was left alone",
            )
        try:
            self._switch(wanted, before, deadline)
        except OSError as refused:
            return Outcome(ok=False, text=f"{self._link} cannot be switched: {refused}")
        logged = self._write_log(wanted, previous)
        return Outcome(ok=True, text=f"{self._link} now points at {wanted.name}{logged}")

    def _switch(self, wanted: Path, before: Seen, deadline: Deadline) -> None:
        was_relative = isinstance(before["link"], str) and not before["link"].startswith("/")
        target = os.path.relpath(wanted, self._link.parent) if was_relative else str(wanted)
        self._temporary.unlink(missing_ok=True)
        self._temporary.symlink_to(target)
        try:
            deadline.last_moment()
            self._temporary.replace(self._link)
        finally:
            self._temporary.unlink(missing_ok=True)
        folder = os.open(self._link.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _points_at(self) -> str | None:
        try:
            return str(self._link.readlink())
        except FileNotFoundError:
            return None
        except OSError as not_a_link:
            raise Refusal(f"{self._link} is not a symbolic link: {not_a_link}") from not_a_link

    def _is_at(self, release: Path) -> bool:
        return self._link.is_symlink() and self._link.resolve() == release.resolve()

    def _wanted(self, before: Seen | None = None) -> Path:
        """The release of this content, directly below the folder of releases.

        The one that was found ``before`` is tried first, as reading the others takes long.
        """
        found = None if before is None else before.get("release")
        try:
            folders = sorted(self._releases.iterdir())[-MAX_RELEASES:]
        except OSError as unreadable:
            raise Refusal(f"the releases cannot be listed: {unreadable}") from unreadable
        faults: list[str] = []
        for folder in sorted(folders, key=lambda folder: str(folder) != found):
            if folder.is_symlink() or not folder.is_dir():
                continue
            try:
                if release_digest(folder) == self._digest:
                    return folder
            except (Refusal, OSError) as fault:
                faults.append(str(fault))
        remarks = f" ({'; '.join(faults[:3])})" if faults else ""
        raise Refusal(f"no release below {self._releases} has the digest {self._digest}{remarks}")

    def _is_logged(self) -> bool:
        return any(
            line.get("by") == OWN_NAME and line.get("note") == self._note for line in self._tail()
        )

    def _tail(self) -> Iterator[dict[str, object]]:
        if self._log is None or not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            lines = log.read(LOG_TAIL_BYTES).splitlines()
        for line in lines:
            try:
                value = json.loads(line)
            except ValueError:
                continue  # cut off at the start of the tail, or somebody else's mistake
            if isinstance(value, dict):
                yield value

    def _write_log(self, wanted: Path, previous: str | None) -> str:
        """Append the line that every deploy tool appends, once; words to add if that failed."""
        if self._log is None:
            return ""
        line = {
            "at": datetime.now(UTC).isoformat(),
            "service": self._service,
            "release": wanted.name,
            "digest": self._digest,
            "previous": previous,
            "by": OWN_NAME,
            "note": self._note,
        }
        try:
            if not self._is_logged():
                _append(self._log, json.dumps(line))
        except OSError as refused:
            return f", but the release log {self._log} could not be written: {refused}"
        return ""

    def _previous(self, before: Seen) -> str | None:
        """The digest that the link pointed at, for the log if there is one."""
        link = before["link"]
        if self._log is None or not isinstance(link, str):
            return None
        try:
            return release_digest(self._link.parent / link)
        except (Refusal, OSError):
            return None


def _append(log: Path, line: str) -> None:
    """One write, on a line of its own even behind a torn one, and on disk."""
    with log.open("ab+") as opened:
        size = opened.seek(0, os.SEEK_END)
        if size:
            opened.seek(size - 1)
            if opened.read(1) != b"\n":
                line = f"\n{line}"
        opened.write(line.encode() + b"\n")
        opened.flush()
        os.fsync(opened.fileno())


def release_digest(folder: Path) -> str:
    """The digest of a release's content.

    :raises Refusal: it holds something that the digest would not cover, or too much.
    """
    return tree_digest(list(_files(folder)))


def _files(release: Path) -> Iterator[tuple[str, bytes]]:
    files = size = 0
    for parent, folders, names in os.walk(release):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in [*folders, *names]:
            path = Path(parent, name)
            if path.is_symlink():
                raise Refusal(f"{path} is a symbolic link, which the digest does not cover")
        for name in names:
            path = Path(parent, name)
            if path.suffix == ".pyc":
                continue
            if not path.is_file():
                raise Refusal(f"{path} is not a regular file")
            files += 1
            size += path.stat().st_size
            if files > MAX_FILES or size > MAX_BYTES:
                raise Refusal(
                    f"{release} is larger than {MAX_FILES} files or {MAX_BYTES // MIB} MiB"
                )
            yield path.relative_to(release).as_posix(), path.read_bytes()
