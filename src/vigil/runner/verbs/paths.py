"""Paths of grants as the kernel sees them: two names for one place would be two locks for it."""

import os
from collections.abc import Iterable
from posixpath import basename, dirname

from vigil.domain.verbs.places import path
from vigil.runner.verbs.base import Refusal


def not_through_links(paths: Iterable[str]) -> None:
    """:raises Refusal: one of them leads through a symbolic link; its own name may be one.

    The catalogue is read where no file need be, so this is found out here, with a remedy. It says
    how things are now: whoever opens such a folder later looks once more (``files.folder``).
    """
    for written in paths:
        folder = dirname(written)
        real = os.path.realpath(folder)
        if written.startswith("/") and real != path(folder):
            plain = f"{real}/{basename(written)}".removesuffix("/.")
            raise Refusal(
                f"{written.removesuffix('/.')} leads through a symbolic link: write it as {plain} "
                "in vigil.yaml, or what is one place would be locked as two"
            )
