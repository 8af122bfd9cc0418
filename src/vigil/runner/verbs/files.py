"""Files of a service, read and replaced without following a link that somebody put in their place.

Everything is named from a folder that is open, and that was where its path says when it was opened:
who owns a folder above it can put a link there at any time, and leads nobody elsewhere with it.
"""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vigil.domain.value import Value
from vigil.domain.verbs import places
from vigil.runner.verbs.base import Deadline, Refusal


class Look(Value):
    """What a file is, apart from what is in it."""

    device: int = 0
    """0 in records of before it was noted: what is there now is then never the same file."""
    inode: int
    changed_ns: int
    size: int
    mode: int
    owner: int
    group: int

    def same_file(self, other: "Look") -> bool:
        """Whether it is that very file, whatever was written to it since."""
        return (self.device, self.inode) == (other.device, other.inode)


class Folder:
    """An open folder; names have no slash in them."""

    def __init__(self, path: str, opened: int) -> None:
        self._path = path
        self._opened = opened

    def look(self, name: str) -> Look | None:
        """The regular file of this name, if there is one.

        :raises Refusal: something else has this name.
        """
        try:
            found = os.stat(name, dir_fd=self._opened, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise Refusal(f"{self._path}/{name} is not a regular file, and no link is followed")
        return Look(
            device=found.st_dev,
            inode=found.st_ino,
            changed_ns=found.st_mtime_ns,
            size=found.st_size,
            mode=stat.S_IMODE(found.st_mode),
            owner=found.st_uid,
            group=found.st_gid,
        )

    def names(self) -> list[str]:
        return os.listdir(self._opened)  # noqa: PTH208 - of what is open, whatever its path means now

    def text(self, name: str, most: int) -> str:
        """What is in a file.

        :raises Refusal: it is not there, larger than ``most`` bytes, or no text.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        if self.look(name) is None:
            raise Refusal(f"{self._path}/{name} is not there")
        with os.fdopen(os.open(name, flags, dir_fd=self._opened), "rb") as file:
            raw = file.read(most + 1)
        if len(raw) > most:
            raise Refusal(f"{self._path}/{name} is larger than {most} bytes")
        try:
            return raw.decode()
        except UnicodeDecodeError as binary:
            raise Refusal(f"{self._path}/{name} is not UTF-8: {binary.reason}") from binary

    def make(self, name: str, like: Look, former: str, content: bytes = b"") -> None:
        """A new file with the owner and the mode of another one, on disk.

        What else is said of that one, such as an access list, is taken over from the ``former``.

        :raises FileExistsError: there is one of this name.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, 0o600, dir_fd=self._opened), "wb") as file:
            number = file.fileno()
            if (like.owner, like.group) != (os.geteuid(), os.getegid()):
                os.fchown(number, like.owner, like.group)
            os.fchmod(number, like.mode)
            self._take_over(former, number)
            file.write(content)
            file.flush()
            os.fsync(number)

    def _take_over(self, former: str, number: int) -> None:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(former, flags, dir_fd=self._opened), "rb") as file:
            try:
                there = os.listxattr(file.fileno())
            except OSError as unsaid:
                if unsaid.errno != errno.ENOTSUP:
                    raise
                return  # this file system has none
            has = set(os.listxattr(number))
            for name in there:
                value = os.getxattr(file.fileno(), name)
                if name not in has or os.getxattr(number, name) != value:
                    os.setxattr(number, name, value)

    def give(self, made: str, name: str) -> bool:
        """Give a file that was made here its name; False: somebody else has one of that name."""
        try:
            os.link(made, name, src_dir_fd=self._opened, dst_dir_fd=self._opened)
        except FileExistsError:
            return False
        except OSError:
            # Not every file system knows second names.
            if self.look(name) is not None:
                return False
            os.rename(made, name, src_dir_fd=self._opened, dst_dir_fd=self._opened)
        os.fsync(self._opened)
        return True

    def rename(self, name: str, to: str) -> None:
        """Give a file another name; what had that name before is gone."""
        os.rename(name, to, src_dir_fd=self._opened, dst_dir_fd=self._opened)
        os.fsync(self._opened)

    def replace(self, name: str, like: Look, content: bytes, by: str, deadline: Deadline) -> bool:
        """Put a new file in the place of one, wholly or not at all; ``by`` names it until then.

        False: the one that is there is not ``like`` what was looked at, and stays.
        """
        self.remove(by)
        try:
            self.make(by, like, name, content)
            deadline.last_moment()
            if self.look(name) != like:
                return False
            if os.stat(name, dir_fd=self._opened, follow_symlinks=False).st_nlink > 1:
                raise OSError("it has a second name, which would go on having the former content")
            self.rename(by, name)
        finally:
            self.remove(by)
        return True

    def remove(self, name: str) -> None:
        """Only what a call has made itself."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._opened)


@contextmanager
def folder(path: str) -> Iterator[Folder]:
    """An open folder, under its own name.

    :raises Refusal: it is not there, is a link, or may not be read.
    :raises OSError: a folder above it is a link, perhaps since a moment ago.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as closed:
        raise Refusal(f"the folder {path} cannot be opened: {closed.strerror}") from closed
    try:
        _under_its_own_name(path, opened)
        yield Folder(path, opened)
    finally:
        os.close(opened)


def _under_its_own_name(path: str, opened: int) -> None:
    """Asked of what is open, as whoever looks first and opens then may open something else."""
    real = str(Path(f"/proc/self/fd/{opened}").readlink())
    if real != places.path(path):
        raise OSError(f"the folder {path} is {real}: a symbolic link leads there")


def mark_of(key: str) -> str:
    """What a call puts into names that it makes: the same each time, and nobody else's."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def parts(file: str) -> tuple[str, str]:
    """The folder of a file, and its name."""
    path = Path(file)
    return str(path.parent), path.name
