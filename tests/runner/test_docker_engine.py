"""What answers at the engine's socket, and how it is read: also what is no engine at all."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from vigil.domain.errors import SandboxUnavailable
from vigil.runner.confinement import Confinement, Doors
from vigil.runner.docker.container import container
from vigil.runner.docker.engine import connected
from vigil.runner.docker.frames import MAX_REPORT_BYTES, Frames
from vigil.runner.docker.image import archive, image, layout
from vigil.runner.docker.profile import filter_profile
from vigil.runner.docker.sandboxes import Docker
from vigil.runner.docker.wire import EngineGone
from vigil.runner.isolation import Script
from vigil.runner.limits import Limits
from vigil.runner.output import pump
from vigil.runner.programs import interpreter

VERSION = json.dumps({"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"})
IMAGE = f"sha256:{'a' * 64}"


@asynccontextmanager
async def answering(folder: Path, *answers: str) -> AsyncIterator[Path]:
    """A socket at which one question after the other is answered so, each with its status."""
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while left and await reader.readline():
            length = 0
            while (line := await reader.readline()) not in {b"\r\n", b""}:
                name, _, value = line.decode().partition(":")
                length = int(value) if name.lower() == "content-length" else length
            await reader.readexactly(length)
            status, _, body = left.pop(0).partition(" ")
            head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write((head + body).encode())
        writer.close()

    path = folder / "docker.sock"
    server = await asyncio.start_unix_server(answer, path)
    try:
        yield path
    finally:
        server.close()


async def refused(socket: Path) -> str:
    with pytest.raises(SandboxUnavailable) as error:
        await made(socket)
    return str(error.value)


async def made(socket: Path) -> None:
    async with connected(socket, call_s=0.5) as engine:
        await image(engine, layout())
        await engine.create("x", {})


async def test_an_engine_that_is_not_there_has_a_remedy_and_leaves_nothing(tmp_path: Path) -> None:
    docker = Docker(Doors(tmp_path / "runs"), tmp_path / "docker.sock")
    await docker.sweep()
    health = await docker.health()
    assert not health.ok
    assert health.text == "no sandbox can be made"
    assert f"no Docker engine answers at {tmp_path}/docker.sock" in str(health.remedy)
    assert "apt-get install docker.io" in str(health.remedy)
    with pytest.raises(SandboxUnavailable, match="VIGIL_SANDBOX=bubblewrap"):
        await docker.passed()
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("200 {}",), "no Docker engine as Vigil knows it"),
        (("200 not json",), "no Docker engine as Vigil knows it"),
        (("404 ",), "does not know GET /version"),
        (('500 {"message": "out  of\\n order"}',), "refused GET /version (500): out of order"),
        ((f"200 {'x' * 2_000_000}",), "answers without end"),
        (
            ('200 {"Version": "19.3", "ApiVersion": "1.40"}',),
            "speaks API 1.12 to 1.40, and Vigil 1.41 to",
        ),
        (
            ('200 {"Version": "99", "ApiVersion": "1.99", "MinAPIVersion": "1.60"}',),
            "speaks API 1.60 to 1.99",
        ),
        ((f"200 {VERSION}", "404 ", '200 {"status": "x"}\n{"error": "no room"}'), "no room"),
        ((f"200 {VERSION}", "404 ", "200 {}", "404 "), "is its disk full?"),
        ((f"200 {VERSION}", '200 {"Id": "../../x"}'), "no Docker engine as Vigil knows it"),
        (
            (
                f"200 {VERSION}",
                f'200 {{"Id": "{IMAGE}"}}',
                f'201 {{"Id": "{"b" * 64}", "Warnings": ["PIDs limit discarded."]}}',
            ),
            "cannot limit a sandbox here (PIDs limit discarded.)",
        ),
    ],
)
async def test_what_it_says_is_read_strictly(
    tmp_path: Path, answers: tuple[str, ...], said: str
) -> None:
    async with answering(tmp_path, *answers) as socket:
        told = await refused(socket)
    assert said in told
    assert len(told) < 700


async def test_silence_has_an_end(tmp_path: Path) -> None:
    async with answering(tmp_path) as closing:
        assert "no Docker engine answers" in await refused(closing)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    path = tmp_path / "silent.sock"
    server = await asyncio.start_unix_server(silent, path)
    with pytest.raises(EngineGone, match=r"did not answer GET /version within 0\.5 s"):
        await made(path)
    server.close()
    await server.wait_closed()


def frame(kind: int, content: bytes) -> bytes:
    return bytes((kind, 0, 0, 0)) + len(content).to_bytes(4) + content


async def read(*pieces: bytes) -> tuple[str, bytes]:
    stream = asyncio.StreamReader()
    stream.feed_data(b"".join(pieces))
    stream.feed_eof()
    frames = Frames(stream)
    return (await pump(frames, Limits(), lambda _: None)).text, bytes(frames.report)


async def test_what_is_printed_is_taken_out_of_its_frames() -> None:
    pieces = (frame(1, b"o"), frame(1, b""), frame(2, b'{"co'), frame(1, b"ne\ntwo"))
    assert await read(*pieces, frame(2, b'de"')) == ("one\ntwo", b'{"code"')
    assert await read(frame(1, b"x" * 70_000 + b"\nlast"))
    assert await read(*pieces[:1], frame(1, b"cut off")[:-4]) == ("ocut", b"")
    assert await read(frame(1, b"cut off")[:5]) == ("", b"")
    assert await read(frame(7, b"nobody's"), frame(1, b"mine")) == ("mine", b"")


async def test_a_report_is_bounded() -> None:
    _, report = await read(*(frame(2, b"x" * 1000) for _ in range(100)))
    assert 0 < len(report) <= MAX_REPORT_BYTES


def test_the_image_holds_folders_and_links_only() -> None:
    shown = layout((Path("/opt/python"),))
    assert archive(shown) == archive(shown)
    assert archive(shown) != archive(layout())
    assert b"usr/bin" in archive(shown)
    assert b"opt/python" in archive(shown)
    assert len(archive(shown)) < 32_768


@pytest.mark.parametrize("api", [(1, 41), (1, 43), (1, 44), (1, 47)])
def test_what_is_mounted_below_a_mount_is_read_only_with_it(api: tuple[int, int]) -> None:
    """Where the engine can: an older one does not know the word."""
    confinement = Confinement(uid=1, gives_up_root=True)
    script = Script(text="", wall_s=1.0, broker=Path("/x-1/b"), confinement=confinement)
    spec = container(script, IMAGE, layout(), interpreter(), 2.0, api)
    mounts = spec["HostConfig"]["Mounts"]
    assert all(mount["ReadOnly"] for mount in mounts)
    recursive = [mount["BindOptions"].get("ReadOnlyForceRecursive", False) for mount in mounts]
    assert recursive == [api >= (1, 44)] * len(mounts)


def test_the_filter_denies_what_that_of_bubblewrap_does() -> None:
    profile = json.loads(filter_profile())
    denied = {name for rule in profile["syscalls"] for name in rule["names"]}
    assert {"mount", "ptrace", "bpf", "unshare", "clone3", "socket", "ioctl"} <= denied
    assert all(rule["action"] == "SCMP_ACT_ERRNO" for rule in profile["syscalls"])
