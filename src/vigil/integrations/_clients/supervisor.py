"""Ask a supervisor over its unix socket which processes it has, and in which states."""

import xmlrpc.client
from xml.parsers.expat import ExpatError

import httpx2

from vigil.integrations._clients.http import IDENTITY, read_body, tls_context

MOST_BYTES = 1024 * 1024
RUNNING = "RUNNING"
_QUESTION = xmlrpc.client.dumps((), "supervisor.getAllProcessInfo").encode()


class NotAsked(Exception):
    """The supervisor could not be asked, or gave no answer that can be read; says why."""


async def states(socket: str, timeout_s: float) -> dict[str, str]:
    """State by name and by group:name; ``NotAsked``."""
    try:
        async with (
            httpx2.AsyncClient(
                transport=httpx2.AsyncHTTPTransport(uds=socket, verify=tls_context()),
                trust_env=False,
                timeout=httpx2.Timeout(timeout_s),
                headers=IDENTITY | {"content-type": "text/xml"},
            ) as client,
            client.stream("POST", "http://localhost/RPC2", content=_QUESTION) as response,
        ):
            response.raise_for_status()
            body = await read_body(response, MOST_BYTES)
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise NotAsked(
            f"Supervisor at {socket} cannot be asked ({type(error).__name__} {error}); see that it "
            "runs and that the socket may be used."
        ) from error
    found = _states(body.content) if body.complete else None
    if found is None:
        raise NotAsked(f"Supervisor at {socket} gave an answer that cannot be read.")
    return found


def _states(content: bytes) -> dict[str, str] | None:
    """None when this is not supervisor's answer."""
    try:
        (processes,), _ = xmlrpc.client.loads(content)
    except (xmlrpc.client.Error, ExpatError, ValueError, TypeError, LookupError):
        return None
    if not isinstance(processes, list):
        return None
    found: dict[str, str] = {}
    for process in processes:
        if isinstance(process, dict):
            name, state = str(process.get("name")), str(process.get("statename"))
            found[f"{process.get('group')}:{name}"] = state
            if found.get(name, RUNNING) == RUNNING:
                # Of several groups that have a process of this name, one that does not run counts.
                found[name] = state
    return found
