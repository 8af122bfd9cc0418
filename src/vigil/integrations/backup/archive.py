"""The file of a backup: a tar archive whose first member says what the others must be.

It is not compressed, so that no small file can become a large one on the way back. Nothing of it is
unpacked by its own word: each member has to be the next one of the manifest, a plain file, as long
as that says and with that digest, under one of the few names that an installation has.
"""

import hashlib
import os
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

from vigil.domain.errors import PermanentError, SettingsError
from vigil.integrations._clients.files import sync_folder
from vigil.integrations.backup.manifest import MANIFEST, MAX_MANIFEST, Item, Manifest, read_manifest

_PIECE = 1024 * 1024


def describe(folder: Path) -> tuple[Item, ...]:
    """The files of a folder, as items."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(_item(folder, path) for path in files)


def _item(folder: Path, path: Path) -> Item:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = path.relative_to(folder).as_posix()
    return Item(name=name, size=path.stat().st_size, sha256=digest)


def pack(folder: Path, manifest: Manifest, file: Path) -> None:
    """Write the archive whole or not at all; only its owner may read it."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as archive:
                text = manifest.model_dump_json(by_alias=True).encode()
                archive.addfile(_member(MANIFEST, len(text), manifest), BytesIO(text))
                for item in manifest.items:
                    with (folder / item.name).open("rb") as source:
                        archive.addfile(_member(item.name, item.size, manifest), source)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(file.parent)


def _member(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(manifest.at.timestamp())
    return member


def check(file: Path) -> Manifest:
    """Read a whole archive and write nothing; ``PermanentError`` says what is wrong with it."""
    return _read(file, None)


def unpack(file: Path, folder: Path) -> Manifest:
    """Write an archive's files below a folder; on ``PermanentError`` what was written is void."""
    return _read(file, folder)


def _read(file: Path, folder: Path | None) -> Manifest:
    try:
        with file.open("rb") as source, tarfile.open(fileobj=source, mode="r:") as archive:
            manifest = _manifest(archive)
            for item in manifest.items:
                with _target(folder, item) as target:
                    _copy(_next(archive, item.name, item.size), target, item)
            _nothing_follows(archive)
    except PermanentError as error:
        raise PermanentError(f"{file} cannot be restored: {error}; use another backup") from error
    except (tarfile.TarError, EOFError) as error:
        raise PermanentError(f"{file} is no whole backup: {error}; use another one") from error
    except OSError as error:
        raise SettingsError(
            [f"{file} cannot be unpacked: {error}; check path, owner and free space"]
        ) from error
    return manifest


def _manifest(archive: tarfile.TarFile) -> Manifest:
    text = _next(archive, MANIFEST, None).read(MAX_MANIFEST + 1)
    if len(text) > MAX_MANIFEST:
        raise PermanentError("its manifest is too long")
    return read_manifest(text)


def _next(archive: tarfile.TarFile, name: str, size: int | None) -> IO[bytes]:
    """The next member, which must be this one; links, devices, folders and holes are none."""
    member = archive.next()
    if member is None or member.name != name or member.type != tarfile.REGTYPE:
        raise PermanentError(f"{name} is not where it should be")
    content = archive.extractfile(member)
    if content is None or (size is not None and member.size != size):
        raise PermanentError(f"{name} is not as long as it was")
    return content


def _nothing_follows(archive: tarfile.TarFile) -> None:
    if archive.next() is not None:
        raise PermanentError("something follows its last file")


@contextmanager
def _target(folder: Path | None, item: Item) -> Iterator[BinaryIO | None]:
    if folder is None:
        yield None
        return
    path = folder / item.name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        yield target
        target.flush()
        os.fsync(target.fileno())


def _copy(content: IO[bytes], target: BinaryIO | None, item: Item) -> None:
    digest = hashlib.sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
        if target is not None:
            target.write(piece)
    if digest.hexdigest() != item.sha256:
        raise PermanentError(f"{item.name} is not what was backed up")
