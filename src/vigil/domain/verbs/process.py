"""``process.*``: named processes of a supervisor."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from vigil.domain.effects import EffectKind
from vigil.domain.value import Name
from vigil.domain.verbs.base import NAME, Argument, BaseGrant, Place, Verb
from vigil.domain.verbs.places import path


class _ProcessGrant(BaseGrant):
    supervisor: str
    processes: tuple[Name, ...] = Field(min_length=1)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.supervisor,)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        return tuple(("process", path(self.supervisor), name) for name in arguments)


Listener = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}:[1-9][0-9]{0,4}$")]


class _StartingGrant(_ProcessGrant):
    listens: dict[Name, Listener] = Field(default={}, max_length=100)

    @model_validator(mode="after")
    def _of_these(self) -> Self:
        for name in self.listens:
            if name not in self.processes:
                raise PydanticCustomError(
                    "no_such_process",
                    "listens names '{name}', which is none of the processes",
                    {"name": name},
                )
        return self


class ProcessRestartGrant(_StartingGrant):
    """``process.restart``: restart one of these ``processes`` of that ``supervisor``.

    One for which ``listens`` has a `host:port` is restarted only when it accepts connections there,
    and a script that restarts several does not go on to the next before.
    """

    verb: Literal["process.restart"]


class ProcessStartGrant(_StartingGrant):
    """``process.start``: start one of these ``processes`` that does not run.

    One for which ``listens`` has a `host:port` is started only when it accepts connections there.
    """

    verb: Literal["process.start"]


class ProcessStopGrant(_ProcessGrant):
    """``process.stop``: stop one of these ``processes``, while ``least_running`` of the others run.

    0 allows to stop the last one.
    """

    verb: Literal["process.stop"]
    least_running: int = Field(default=1, ge=0, le=1000)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        # All of them: that enough of the others run has to stay true until this one has stopped.
        return super().places(tuple(dict.fromkeys((*arguments, *self.processes))))

    @model_validator(mode="after")
    def _something_may_stop(self) -> Self:
        if self.least_running >= len(self.processes):
            raise PydanticCustomError(
                "nothing_may_stop",
                "least_running has to be less than the {count} processes, or none may ever stop",
                {"count": len(self.processes)},
            )
        return self


_PROCESS = (Argument(name="process", pattern=NAME),)
_AGAIN = "process id and start time as supervisor knows them"

VERBS = (
    Verb(
        grant=ProcessRestartGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=_PROCESS,
        resource="process:{grant}/{process}",
        reason="stops and starts a process; what it was doing is cut off",
        undo="none: it runs as before",
        again=_AGAIN,
    ),
    Verb(
        grant=ProcessStartGrant,
        kind=EffectKind.REVERSIBLE,
        arguments=_PROCESS,
        resource="process:{grant}/{process}",
        reason="starts a process that does not run",
        undo="process.stop",
        again=_AGAIN,
    ),
    Verb(
        grant=ProcessStopGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=_PROCESS,
        resource="process:{grant}/{process}",
        reason="stops a process; what it was doing is cut off, and others have to do its work",
        undo="process.start",
        again=_AGAIN,
    ),
)
