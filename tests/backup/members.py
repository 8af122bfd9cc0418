"""Archives taken apart and put together otherwise."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

Members = list[tuple[tarfile.TarInfo, bytes]]


def rebuilt(archive: Path, change: Callable[[Members], object]) -> Path:
    """The same file with its members changed."""
    with tarfile.open(archive) as source:
        members = [(m, (source.extractfile(m) or io.BytesIO()).read()) for m in source]
    change(members)
    with tarfile.open(archive, "w") as target:
        for member, content in members:
            target.addfile(member, io.BytesIO(content))
    return archive


def names(members: Members) -> list[str]:
    return [member.name for member, _ in members]
