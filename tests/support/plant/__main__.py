"""``python -m tests.support.plant FOLDER PORT SERVICES HUBS``: run a plant until it is killed.

The server of its databases, if it has one, is named in the environment.
"""

import asyncio
import json
import os
import sys
import xmlrpc.client
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.support.plant.effects import EffectLog
from tests.support.plant.layout import SERVER, Layout
from tests.support.plant.switches import Switches
from tests.support.plant.works import Fault, Refused, Works

Answer = Callable[[str, bytes], Awaitable[tuple[HTTPStatus, bytes]]]
"""(path, body): the answer to one request."""


def handler(
    answer: Answer,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """HTTP, one request for each connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            fields = [line.partition(":") for line in head.lower().split("\r\n")[1:]]
            length = next((int(v) for name, _, v in fields if name == "content-length"), 0)
            body = await reader.readexactly(length)
            status, said = await answer(head.split(" ")[1], body)
            writer.write(
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-length: {len(said)}\r\n"
                "content-type: text/xml\r\nconnection: close\r\n\r\n".encode()
                + said
            )
            await writer.drain()
        except (OSError, EOFError):
            pass  # who asked was killed meanwhile, which is what a plant is for
        finally:
            writer.close()

    return handle


def users(works: Works, layout: Layout) -> Answer:
    """The services as users see them; ``/break`` and its like are for whoever owns the plant."""

    async def answer(path: str, _: bytes) -> tuple[HTTPStatus, bytes]:
        match path.strip("/").split("/"):
            case ["break", service, fault]:
                await works.break_(service, Fault(fault))
                return HTTPStatus.OK, b""
            case ["mend", service]:
                await works.mend(service)
                return HTTPStatus.OK, b""
            case ["complaints"]:
                told = {name: works.complaint(name) for name in layout.names}
                return HTTPStatus.OK, json.dumps(told).encode()
            case [name] if name in layout.hub_names:
                return HTTPStatus.OK, b"well"
            case [name] if name in layout.names:
                wrong = works.complaint(name)
                status = HTTPStatus.OK if wrong is None else HTTPStatus.SERVICE_UNAVAILABLE
                return status, (wrong or "well").encode()
        return HTTPStatus.NOT_FOUND, b""

    return answer


def supervisor(works: Works) -> Answer:
    """Supervisor's XML-RPC, as far as Vigil speaks it."""

    async def do(method: str, arguments: tuple[Any, ...]) -> object:
        match method.rpartition(".")[2], arguments:
            case "getAllProcessInfo", _:
                return [process.told() for process in works.processes.values()]
            case "getProcessInfo", (name,):
                return works.process(name).told()
            case "stopProcess", (name, _):
                await works.stop(name)
            case "startProcess", (name, _):
                await works.start(name)
            case _:
                raise Refused(1, "UNKNOWN_METHOD")
        return True

    async def answer(_: str, body: bytes) -> tuple[HTTPStatus, bytes]:
        arguments, method = xmlrpc.client.loads(body)
        try:
            result: Any = (await do(method or "", arguments),)
        except Refused as refused:
            result = xmlrpc.client.Fault(refused.code, refused.text)
        return HTTPStatus.OK, xmlrpc.client.dumps(result, methodresponse=True).encode()

    return answer


async def main(layout: Layout) -> None:
    """Open for users and for the supervisor's callers, and look at the links meanwhile."""
    log = EffectLog(layout.effects)
    works = Works(layout, log)
    await works.databases.open()
    switches = Switches(layout, log)
    asyncio.get_running_loop().add_reader(switches.descriptor, switches.read)
    control = await asyncio.start_unix_server(handler(supervisor(works)), layout.supervisor)
    front = await asyncio.start_server(handler(users(works, layout)), "127.0.0.1", layout.port)
    async with control, front:
        await front.serve_forever()


if __name__ == "__main__":
    folder, *numbers = sys.argv[1:]
    port, services, hubs = map(int, numbers)
    server = os.environ.get(SERVER, "")
    asyncio.run(main(Layout(Path(folder), port, services, hubs, server)))
