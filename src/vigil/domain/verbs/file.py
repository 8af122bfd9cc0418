"""``file.*``: files that only grow."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from vigil.domain.effects import EffectKind
from vigil.domain.verbs.base import Absolute, Argument, BaseGrant, Place, Verb
from vigil.domain.verbs.places import path

FILE = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
FileName = Annotated[str, StringConstraints(pattern=f"^{FILE}$")]


class FileRotateGrant(BaseGrant):
    """``file.rotate``: give one of these ``files`` in ``folder`` another name, and put an empty one
    in its place.

    Nothing is deleted, and only done while fewer than ``most_kept`` renamed ones of it are there.
    Whoever has the file open goes on writing to it under its new name.
    """

    verb: Literal["file.rotate"]
    folder: Absolute
    files: tuple[FileName, ...] = Field(min_length=1, max_length=100)
    most_kept: int = Field(default=20, ge=1, le=1000)
    """With so many rotated ones of a file there already, no further one is made."""

    @property
    def paths(self) -> tuple[str, ...]:
        # What is in it is looked at by the verb.
        return (f"{self.folder}/.",)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        return tuple(("path", path(f"{self.folder}/{name}")) for name in arguments)


VERBS = (
    Verb(
        grant=FileRotateGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=(Argument(name="file", pattern=FILE),),
        resource="file:{grant}/{file}",
        reason="gives a file another name and puts an empty one in its place",
        undo="none by a verb: a person gives it its old name back",
        again="the new name, which is made of the call's key",
    ),
)
