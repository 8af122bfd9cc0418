"""``nginx.*``: which servers a proxy sends requests to."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from vigil.domain.effects import EffectKind
from vigil.domain.verbs.base import Absolute, Argument, BaseGrant, Place, Verb
from vigil.domain.verbs.places import path

SERVER = r"[a-z0-9][a-z0-9.-]{0,252}:[1-9][0-9]{0,4}"
Server = Annotated[str, StringConstraints(pattern=f"^{SERVER}$")]
STATE = r"up|down"


class NginxUpstreamGrant(BaseGrant):
    """``nginx.upstream``: mark one of these ``servers`` in ``file`` as down, or take the mark away.

    The file holds the server lines of that upstream and nothing else, and ``config`` includes it.
    At least ``least_up`` of the others are up, and ``nginx -t`` has to agree before nginx reads it
    again.
    """

    verb: Literal["nginx.upstream"]
    file: Absolute
    servers: tuple[Server, ...] = Field(min_length=2, max_length=100)
    least_up: int = Field(default=1, ge=1, le=100)
    config: Absolute
    prefix: Absolute | None = None
    pid_file: Absolute
    program: Absolute = "/usr/sbin/nginx"

    @model_validator(mode="after")
    def _something_may_go_down(self) -> Self:
        if self.least_up >= len(self.servers):
            raise PydanticCustomError(
                "nothing_may_go_down",
                "least_up has to be less than the {count} servers, or none may ever go down",
                {"count": len(self.servers)},
            )
        return self

    @property
    def configuration(self) -> tuple[str, ...]:
        return (self.file,)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.file, self.pid_file)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        del arguments
        # The pid file too: whoever has an nginx read its configuration has all of it read.
        return (("path", path(self.file)), ("path", path(self.pid_file)))


VERBS = (
    Verb(
        grant=NginxUpstreamGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=(Argument(name="server", pattern=SERVER), Argument(name="state", pattern=STATE)),
        resource="upstream:{grant}",
        reason="takes a server out of a proxy's upstream, or puts it back",
        undo="nginx.upstream with the state of before",
        again="the file, and whether it is still the one that was looked at; a second reload of "
        "the same file changes nothing",
    ),
)
