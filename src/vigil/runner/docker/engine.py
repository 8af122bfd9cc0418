"""What is asked of the Docker engine, and how its answers are read."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from vigil.domain.errors import SandboxUnavailable
from vigil.runner.docker.wire import CALL_S, MAX_WORDS, Wire, told, wired

_OLDEST = (1, 41)
_NEWEST = (1, 47)
"""Versions of the API that are spoken here: Docker 20.10 and later."""
_NUMBER = r"^\d{1,3}\.\d{1,3}$"


class State(BaseModel):
    """What the engine knows of a container's main process."""

    out_of_memory: bool = Field(alias="OOMKilled")


class _Version(BaseModel):
    engine: str = Field(alias="Version", max_length=64)
    newest: str = Field(alias="ApiVersion", pattern=_NUMBER)
    oldest: str = Field(alias="MinAPIVersion", default="1.12", pattern=_NUMBER)


class _Image(BaseModel):
    id: str = Field(alias="Id", pattern=r"^sha256:[0-9a-f]{64}$")


class _Container(BaseModel):
    id: str = Field(alias="Id", pattern=r"^[0-9a-f]{64}$")


class _Created(_Container):
    warnings: list[str] | None = Field(alias="Warnings", default=None)


class Listed(_Container):
    """A container as it stands on the engine's list."""

    state: str = Field(alias="State", max_length=32)
    """Such as ``running`` or ``exited``."""
    created: int = Field(alias="Created")
    """In seconds of the epoch."""
    labels: dict[str, str] = Field(alias="Labels")


class _Inspected(BaseModel):
    state: State = Field(alias="State")


_LISTED = TypeAdapter(list[Listed])
_Answer = TypeVar("_Answer", bound=BaseModel)


class Engine:
    """One engine, as long as ``connected`` lasts; errors are those of the ``Wire``."""

    def __init__(self, wire: Wire, api: tuple[int, int]) -> None:
        self._wire = wire
        self.api = api
        """The version that is spoken with it."""
        self._path = f"/v{_spelt(api)}"

    async def image(self, name: str) -> str | None:
        """The id of the image of this name, if there is one."""
        answer = await self._wire.look("GET", f"{self._path}/images/{name}/json")
        return None if answer is None else _read(_Image, answer).id

    async def import_image(self, repository: str, tag: str, tar: bytes) -> None:
        """Make an image of an archive of its files; nothing is fetched from anywhere."""
        words = {"fromSrc": "-", "repo": repository, "tag": tag}
        path = f"{self._path}/images/create"
        answer = await self._wire.call("POST", path, params=words, content=tar)
        # The status is sent before the work is done: what went wrong stands in a later line.
        if b'"error"' in answer:
            raise SandboxUnavailable(f"the Docker engine cannot make the image: {told(answer)}")

    async def create(self, name: str, container: Mapping[str, Any]) -> None:
        """Make a container, without starting it.

        :raises SandboxUnavailable: also where this kernel cannot keep one of its limits.
        """
        path = f"{self._path}/containers/create"
        answer = await self._wire.call("POST", path, params={"name": name}, json=container)
        for warning in _read(_Created, answer).warnings or ():
            if "discarded" in warning:
                raise SandboxUnavailable(
                    f"the Docker engine cannot limit a sandbox here ({warning[:MAX_WORDS]}): "
                    "mount the control groups, or choose VIGIL_SANDBOX=bubblewrap"
                )

    async def start(self, name: str) -> None:
        """Start what was made."""
        await self._wire.call("POST", f"{self._path}/containers/{name}/start")

    async def state(self, name: str) -> State | None:
        """How it is; None when there is no such container."""
        answer = await self._wire.look("GET", f"{self._path}/containers/{name}/json")
        return None if answer is None else _read(_Inspected, answer).state

    async def remove(self, name: str) -> None:
        """Kill it and remove it, whatever it does; good also when it is not there."""
        words = {"force": "1", "v": "1"}
        await self._wire.look("DELETE", f"{self._path}/containers/{name}", params=words)

    async def labelled(self, label: str) -> Sequence[Listed]:
        """All containers that bear a label of this name."""
        words = {"all": "1", "filters": json.dumps({"label": [label]})}
        answer = await self._wire.call("GET", f"{self._path}/containers/json", params=words)
        try:
            return _LISTED.validate_json(answer)
        except ValidationError as strange:
            raise _strange(strange) from strange

    def attached(
        self, name: str
    ) -> contextlib.AbstractAsyncContextManager[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """What a container prints, framed, and a way to its standard input."""
        words = "stream=1&stdin=1&stdout=1&stderr=1"
        return self._wire.taken(f"{self._path}/containers/{name}/attach?{words}")


@contextlib.asynccontextmanager
async def connected(socket: Path, call_s: float = CALL_S) -> AsyncIterator[Engine]:
    """The engine that listens at ``socket``.

    :raises SandboxUnavailable: there is none, or it speaks another version.
    """
    async with wired(socket, call_s) as wire:
        answer = _read(_Version, await wire.call("GET", "/version"))
        api = min(_number(answer.newest), _NEWEST)
        if api < max(_OLDEST, _number(answer.oldest)):
            raise SandboxUnavailable(
                f"the Docker engine {answer.engine} speaks API {answer.oldest} to "
                f"{answer.newest}, and Vigil {_spelt(_OLDEST)} to {_spelt(_NEWEST)}: install "
                "another version of it (20.10 or later)"
            )
        yield Engine(wire, api)


def _read(model: type[_Answer], body: bytes) -> _Answer:
    try:
        return model.model_validate_json(body)
    except ValidationError as strange:
        raise _strange(strange) from strange


def _strange(strange: ValidationError) -> SandboxUnavailable:
    places = ", ".join(str(error["loc"]) for error in strange.errors()[:3])
    return SandboxUnavailable(
        f"what answers at the Docker socket is no Docker engine as Vigil knows it ({places}): look "
        "at DOCKER_HOST"
    )


def _number(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _spelt(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
