"""The image of all sandboxes: empty folders and links, made here and fetched from nowhere.

Programs come from the host's /usr, which each container gets read-only; so an image has nothing to
update, and a sandbox of Docker's runs the same bash as one of bubblewrap's.
"""

import hashlib
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.value import Value
from vigil.runner.docker.engine import Engine
from vigil.runner.programs import ROOT_FOLDERS

REPOSITORY = "vigil-sandbox"
_FOLDERS = ("dev", "proc", "sys", "tmp", "usr", "vigil")
"""What something is mounted on."""


class Layout(Value):
    """The host's own way to its programs, outside of /usr."""

    links: tuple[tuple[str, str], ...]
    """Name in the root folder, and where it leads: such as bin to usr/bin."""
    bound: tuple[Path, ...]
    """Folders of the host that are shown in their place, /usr first."""


def layout(further: Sequence[Path] = ()) -> Layout:
    """As this host has it; ``further`` folders are shown too."""
    links, bound = [], [Path("/usr")]
    for folder in map(Path, ROOT_FOLDERS):
        if folder.is_symlink():
            links.append((folder.name, str(folder.readlink())))
        elif folder.is_dir():  # a system from before the merge of /bin into /usr/bin
            bound.append(folder)
    return Layout(links=tuple(links), bound=(*bound, *further))


def archive(shown: Layout) -> bytes:
    """The image's files as a tar; the same bytes for the same layout."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folders = {*_FOLDERS, *(str(path).strip("/") for path in shown.bound)}
        for name in sorted(folders):
            folder = tarfile.TarInfo(name)
            # What is mounted on tmp takes the mode of what it hides.
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(folder)
        for name, target in shown.links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
    return packed.getvalue()


async def image(engine: Engine, shown: Layout) -> str:
    """The id of the image, which is made when it is not there (yet, or any more).

    :raises SandboxUnavailable: the engine cannot make it.
    """
    tar = archive(shown)
    tag = hashlib.sha256(tar).hexdigest()[:16]
    name = f"{REPOSITORY}:{tag}"
    found = await engine.image(name)
    if found is None:
        await engine.import_image(REPOSITORY, tag, tar)
        found = await engine.image(name)
    if found is None:
        raise SandboxUnavailable(
            f"the Docker engine took the image {name} and does not have it: is its disk full?"
        )
    return found
