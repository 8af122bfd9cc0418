"""Who a sandbox is to the kernel of the host, and where its broker can listen for it."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vigil.domain.value import Value
from vigil.runner.programs import find

SANDBOX_UID = 65_432
"""Debian reserves 65000 to 65533: no person and no service has this number."""


class Confinement(Value):
    """The user as whom bubblewrap is started.

    A runner of root's gives root away first: to the host's kernel the script is then nobody, so
    that files of root's are closed to it and the process limit, from which the kernel exempts
    root, holds without any control group.
    """

    uid: int
    gives_up_root: bool

    @property
    def prefix(self) -> list[str]:
        """What stands before bubblewrap on the command line."""
        if not self.gives_up_root:
            return []
        user = str(self.uid)
        return [find("setpriv"), "--reuid", user, "--regid", user, "--clear-groups", "--"]


def choices() -> tuple[Confinement, ...]:
    """What can be tried here, the safest first."""
    own = Confinement(uid=os.geteuid(), gives_up_root=False)
    if own.uid != 0:
        return (own,)
    # Systems that let only root make user namespaces have the second one; its root has no
    # capabilities, and the self-check insists that something else limits its processes.
    return (Confinement(uid=SANDBOX_UID, gives_up_root=True), own)


class Doors:
    """Makes the folders in which brokers listen, one for each run."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        name = hashlib.sha256(str(runs).encode()).hexdigest()[:12]
        self.prefix = f"vigil-{name}-"
        """Of everything that is made for a sandbox of this state folder, and of nothing else."""

    @contextmanager
    def folder(self, confinement: Confinement) -> Iterator[Path]:
        """A folder that the sandbox's user can enter and that is gone afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=self.prefix, dir=self._base(confinement)))
        try:
            if confinement.gives_up_root:
                folder.chmod(0o711)
            yield folder
        finally:
            shutil.rmtree(folder)

    def _base(self, confinement: Confinement) -> Path:
        if not confinement.gives_up_root:
            self._runs.mkdir(mode=0o700, exist_ok=True)
            return self._runs
        # The state folder is closed to everybody else, and may be below a home that is.
        run = Path("/run")
        return run if run.is_dir() and os.access(run, os.W_OK) else Path(tempfile.gettempdir())

    def left(self, confinement: Confinement) -> list[Path]:
        """Folders that are there now."""
        return sorted(self._base(confinement).glob(f"{self.prefix}*"))

    def sweep(self) -> None:
        """Remove what a killed runner left."""
        shutil.rmtree(self._runs, ignore_errors=True)
        for confinement in choices():
            for left in self.left(confinement):
                shutil.rmtree(left, ignore_errors=True)
