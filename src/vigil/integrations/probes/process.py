"""Supervisor says RUNNING of every named process."""

import xmlrpc.client
from xml.parsers.expat import ExpatError

import httpx2

from vigil.domain.probe import ProcessProbe
from vigil.integrations._clients.http import IDENTITY, Body, read_body, tls_context
from vigil.integrations.probes.sight import Sight, failing, passing, unknown

MOST_BYTES = 1024 * 1024
_QUESTION = xmlrpc.client.dumps((), "supervisor.getAllProcessInfo").encode()


async def look_at_processes(probe: ProcessProbe) -> Sight:
    """Ask over the unix socket. A supervisor that cannot be asked says nothing of its processes."""
    try:
        body = await _asked(probe)
        states = _states(body.content) if body.complete else None
    except (httpx2.HTTPError, OSError, ValueError) as error:
        return unknown(
            f"Supervisor at {probe.supervisor} cannot be asked ({type(error).__name__} {error}); "
            "see that it runs and that the socket may be used."
        )
    if states is None:
        return unknown(f"Supervisor at {probe.supervisor} gave an answer that cannot be read.")
    return _judge(probe, states)


async def _asked(probe: ProcessProbe) -> Body:
    async with (
        httpx2.AsyncClient(
            transport=httpx2.AsyncHTTPTransport(uds=probe.supervisor, verify=tls_context()),
            trust_env=False,
            timeout=httpx2.Timeout(probe.timeout_s),
            headers=IDENTITY | {"content-type": "text/xml"},
        ) as client,
        client.stream("POST", "http://localhost/RPC2", content=_QUESTION) as response,
    ):
        response.raise_for_status()
        return await read_body(response, MOST_BYTES)


def _states(content: bytes) -> dict[str, str] | None:
    """State by name and by group:name, or None when this is not supervisor's answer."""
    try:
        (processes,), _ = xmlrpc.client.loads(content)
    except (xmlrpc.client.Error, ExpatError, ValueError, TypeError, LookupError):
        return None
    if not isinstance(processes, list):
        return None
    states: dict[str, str] = {}
    for process in processes:
        if isinstance(process, dict):
            name, state = str(process.get("name")), str(process.get("statename"))
            states[name] = states[f"{process.get('group')}:{name}"] = state
    return states


def _judge(probe: ProcessProbe, states: dict[str, str]) -> Sight:
    strangers = [name for name in probe.names if name not in states]
    if strangers:
        return unknown(
            f"Supervisor does not know {', '.join(strangers)}; correct the probe's names."
        )
    seen = ", ".join(f"{name} is {states[name]}" for name in probe.names)
    running = all(states[name] == "RUNNING" for name in probe.names)
    return passing(f"{seen}.") if running else failing(f"{seen}.")
