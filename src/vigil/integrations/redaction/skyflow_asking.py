"""How Skyflow is asked: in bounded time and size, and once more where that may help."""

import asyncio
from typing import NamedTuple

import httpx2

from vigil.domain.errors import NotRedacted, PortUnavailable
from vigil.integrations._clients.http import read_body, shown

DEADLINE_S = 15.0
"""For a whole text, however many questions it takes."""
QUESTION_S = 5.0
TRIES = 3
PAUSE_S = 0.5
"""Before the second try; twice as long before the third, or what the answer asks for."""
MOST_ANSWER = 1024 * 1024
_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})


class Answered(NamedTuple):
    """Its last word, whole."""

    status: int
    content: bytes
    pause_s: float
    """How long it wants to be left alone."""


async def post(client: httpx2.AsyncClient, url: str, content: bytes, bearer: str = "") -> Answered:
    """Its answer, whatever it is but one after which it is asked again.

    :raises PortUnavailable: none came, in so many tries.
    :raises NotRedacted: one came that has no end.
    """
    why = ""
    for number in range(TRIES):
        try:
            answered = await _once(client, url, content, bearer)
        except (httpx2.HTTPError, OSError) as error:
            why, pause = f"cannot be reached ({type(error).__name__})", 0.0
        else:
            if answered.status not in _AGAIN:
                return answered
            why, pause = f"answered {answered.status}", answered.pause_s
        if number + 1 < TRIES:
            await asyncio.sleep(max(pause, PAUSE_S * 2**number))
    raise unavailable(url, why)


async def _once(client: httpx2.AsyncClient, url: str, content: bytes, bearer: str) -> Answered:
    headers = {"content-type": "application/json"}
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"
    request = client.stream("POST", url, content=content, headers=headers, follow_redirects=False)
    async with request as response:
        body = await read_body(response, MOST_ANSWER)
    if not body.complete:
        raise not_understood(url, "it is too long")
    wanted = response.headers.get("retry-after", "")
    # One that is longer than the deadline ends the waiting anyway.
    pause = min(float(wanted), DEADLINE_S) if wanted.isdecimal() else 0.0
    return Answered(response.status_code, body.content, pause)


def not_understood(url: str, why: str) -> NotRedacted:
    """It said something that nobody can use."""
    return NotRedacted(
        f"the answer of Skyflow at {shown(url)} is not understood ({why}), so no text leaves"
    )


def unavailable(url: str, why: str) -> PortUnavailable:
    """It said nothing."""
    return PortUnavailable(
        f"Skyflow at {shown(url)} {why}, so no text leaves; see that SKYFLOW_URL is right"
    )
