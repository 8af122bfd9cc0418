"""What can be said of a verb before anybody does anything with it, and what every grant has."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, ClassVar, get_args

from pydantic import Field, StringConstraints

from vigil.domain.effects import EffectKind
from vigil.domain.identity import content_digest
from vigil.domain.value import Value

NAME = r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"
"""``domain.value.Name`` as an expression for whole words."""
DIGEST = r"sha256:[0-9a-f]{64}"
SETTING = r"[A-Za-z0-9._:/+-]{1,128}"
"""The new value of a setting: one plain word, so that it needs no quoting in any file."""

Absolute = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*$", max_length=1024)]
"""A path that means the same wherever the runner was started."""


Place = tuple[str, ...]
"""What kind of thing it is, and then where."""


class Argument(Value):
    """One argument of a verb: what it is called and the expression that it matches whole."""

    name: str
    pattern: str

    def admits(self, word: str) -> bool:
        """Whether this word may stand here."""
        return re.fullmatch(self.pattern, word) is not None


class BaseGrant(Value):
    """What every grant has: one verb, one place, and how often."""

    verb: str
    within_database: ClassVar[bool] = False
    """Whatever is called under it stays within one database of a server: what else that server
    holds is not touched."""
    most_per_hour: int | None = Field(default=None, ge=1, le=1000)
    """How many effects may begin under it within an hour, whoever asks; none is no limit of its
    own."""

    @property
    def configuration(self) -> tuple[str, ...]:
        """The files in which a call changes how a service is set up; none by default."""
        return ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The files and folders that it is about; none by default."""
        return ()

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        """What a call does something to, and what it relies on that nobody else changes."""
        raise NotImplementedError

    def targets(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """The same, each under one name whichever service and verb it is.

        Digests, as an address may be long, and nobody but its owner need read it.
        """
        return tuple(f"{kind}:{content_digest(where)}" for kind, *where in self.places(arguments))


class Verb(Value):
    """One thing that the broker can do.

    The guard judges scripts by it, the runner does what it says, and neither knows more of it;
    ``resource`` may name ``{grant}`` and each argument.
    """

    grant: type[BaseGrant]
    """What an owner gives for it; its ``verb`` is the name, and the documentation shows its
    docstring."""
    kind: EffectKind
    arguments: tuple[Argument, ...]
    resource: str
    reason: str
    undo: str
    """What takes it back, or why nothing does."""
    again: str
    """How a call that was cut off is told from one that was done, so that it is done once."""
    needs: str = ""
    """The package that the runner needs for it, where that is one which not everybody has."""

    @cached_property
    def name(self) -> str:
        """What a script calls it: the one word that its grant has for ``verb``."""
        (name,) = get_args(self.grant.model_fields["verb"].annotation)
        return str(name)

    @property
    def undone_by(self) -> str:
        """The verb that takes it back, where one does; the first word of ``undo``."""
        word = self.undo.partition(" ")[0].rstrip(",")
        return word if "." in word else ""

    def resource_of(self, grant: str, arguments: Sequence[str]) -> str:
        """What a call touches."""
        names = (argument.name for argument in self.arguments)
        return self.resource.format(grant=grant, **dict(zip(names, arguments, strict=True)))

    def admits(self, arguments: Sequence[str]) -> bool:
        """Whether these can be its arguments."""
        return len(arguments) == len(self.arguments) and all(
            argument.admits(word) for argument, word in zip(self.arguments, arguments, strict=True)
        )

    @property
    def usage(self) -> str:
        """What stands behind the grant's name."""
        return " ".join(argument.name.upper() for argument in self.arguments)
