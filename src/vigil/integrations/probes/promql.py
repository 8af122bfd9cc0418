"""A Prometheus answers a query with a number within bounds."""

import json
from typing import Any

import httpx2

from vigil.domain.probe import PromqlProbe
from vigil.integrations._clients.http import IDENTITY, Body, read_body, shown, tls_context
from vigil.integrations._clients.secret_file import NoSecret, secret_in
from vigil.integrations.probes.measured import judged
from vigil.integrations.probes.sight import Sight, unknown

MOST_BYTES = 1024 * 1024
MOST_SAID = 200
"""Characters of the server's own complaint."""


class _NoNumber(Exception):
    """There is no one number; says why, as the end of a sentence."""


async def look_at_query(probe: PromqlProbe) -> Sight:
    """Ask once. A Prometheus that does not answer says nothing of what it measures."""
    place = f"Prometheus at {shown(probe.url)}"
    try:
        number = _number(await _asked(probe))
    except NoSecret as why:
        return unknown(f"{place} cannot be asked: the token file {why}.")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        return unknown(f"{place} cannot be asked: {type(error).__name__} {error}.")
    except _NoNumber as why:
        return unknown(f"{place} {why}.")
    return judged(f"The query gives {number:g}", number, most=probe.max, least=probe.min)


async def _asked(probe: PromqlProbe) -> tuple[int, Body]:
    headers = dict(IDENTITY)
    if probe.token_file is not None:
        headers["authorization"] = f"Bearer {secret_in(probe.token_file)}"
    async with (
        httpx2.AsyncClient(
            trust_env=False,
            verify=tls_context(),
            timeout=httpx2.Timeout(probe.timeout_s),
            headers=headers,
        ) as client,
        client.stream(
            "POST",
            f"{probe.url.rstrip('/')}/api/v1/query",
            data={"query": probe.query, "timeout": f"{probe.timeout_s:g}s"},
        ) as response,
    ):
        return response.status_code, await read_body(response, MOST_BYTES)


def _number(answer: tuple[int, Body]) -> float:
    status, body = answer
    if not body.complete:
        raise _NoNumber(f"answers with more than {MOST_BYTES} bytes, and one number is wanted")
    try:
        said = json.loads(body.content)
    except (ValueError, RecursionError):
        raise _NoNumber(f"answered {status}, and not as Prometheus does") from None
    match said:
        case {"status": "success", "warnings": [str(warning), *_]}:
            # As when one of several stores did not answer: the number stands for the others only.
            raise _NoNumber(f"warns of its own answer: {warning[:MOST_SAID]}")
        case {"status": "success", "data": {"resultType": "scalar", "result": [_, str(text)]}}:
            return _read(text)
        case {"status": "success", "data": {"resultType": "vector", "result": list(series)}}:
            return _read(_one_of(series))
        case {"status": "error", "error": str(complaint)}:
            raise _NoNumber(f"refuses the query: {complaint[:MOST_SAID]}")
        case {"status": "success", "data": {"resultType": str(kind)}}:
            raise _NoNumber(f"gives a {kind[:20]}; the query has to give one number")
        case _:
            raise _NoNumber(f"answered {status}, and not as Prometheus does")


def _one_of(series: list[Any]) -> str:
    match series:
        case [{"value": [_, str(text)]}]:
            return text
        case []:
            raise _NoNumber("gives nothing; end the query with `or vector(0)` if that means 0")
        case [_]:
            raise _NoNumber("gives something else than a number")
        case _:
            raise _NoNumber(f"gives {len(series)} numbers; aggregate them to one, with sum or max")


def _read(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _NoNumber("gives something else than a number") from None
