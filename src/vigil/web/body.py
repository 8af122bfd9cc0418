"""Reading request bodies: so many bytes, so many seconds, and no more."""

import asyncio

from starlette.types import Message, Receive

from vigil.web.answers import Refusal

READ_S = 10.0
"""Seconds for a whole body; a sender that is slower is not one that Vigil waits for."""
RETRY_AFTER_S = "5"


async def read_body(receive: Receive, declared: str | None, most_bytes: int) -> bytes | Refusal:
    """The whole body; nothing of one that says it is too long, little of one that turns out so."""
    too_long = Refusal(
        413, f"the body is longer than {most_bytes} bytes", "send less in one request"
    )
    if declared is not None and declared.isdecimal() and int(declared[:20]) > most_bytes:
        return too_long
    body = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return Refusal(400, "the connection ended within the body", "send it again")
                body += message.get("body", b"")
                if len(body) > most_bytes:
                    return too_long
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        # Not a 4xx: there are senders that would never send it again, and switch their feed off.
        late = f"the body took longer than {READ_S:g} s"
        return Refusal(503, late, "send it again, faster", {"retry-after": RETRY_AFTER_S})


def replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body once more, and after it what the connection says."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
