"""Steps over HTTP that share a cookie jar."""

import time

import httpx2

from vigil.domain.probe import HttpProbe, HttpStep
from vigil.integrations._clients.http import read_body, shown, tls_context
from vigil.integrations.probes.http_answer import FRESH, MOST_BYTES, answered, judge
from vigil.integrations.probes.sight import Sight, failing, milliseconds, passing, unknown

MOST_REDIRECTS = 10


async def walk(probe: HttpProbe) -> Sight:
    """All steps in order; the first that is not as expected is the last.

    Each walk has a client, and so a cookie jar, of its own.
    """
    async with httpx2.AsyncClient(
        # What the environment says (proxies, .netrc) is not how a user comes in.
        trust_env=False,
        verify=tls_context(),
        timeout=httpx2.Timeout(probe.timeout_s),
        headers=FRESH,
    ) as client:
        started = time.monotonic()
        sight = unknown("The probe has no steps; give it at least one.")
        for number, step in enumerate(probe.steps, start=1):
            sight = await _take(client, step)
            if sight.outcome != "passing":
                return Sight(sight.outcome, _place(number, probe) + sight.text)
        took_ms = milliseconds(started)
        return sight._replace(
            text=sight.text if len(probe.steps) == 1 else _all_well(probe), value=took_ms
        )


async def _take(client: httpx2.AsyncClient, step: HttpStep) -> Sight:
    place = f"{step.method} {shown(step.url)}"
    try:
        request = client.build_request(
            step.method,
            step.url,
            headers=step.headers,
            data=step.form or None,
            json=step.body,
        )
        started = time.monotonic()
        sight = await _send(client, step, request)
        return _in_time(step, sight, time.monotonic() - started)
    except httpx2.TimeoutException:
        return failing(f"{place} did not answer in time.")
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        return unknown(f"{place} cannot be asked for ({error}); correct the probe's url.")
    except (httpx2.HTTPError, OSError) as error:
        return failing(f"{place} failed: {type(error).__name__} {error}".rstrip() + ".")
    except (httpx2.CookieConflict, ValueError) as error:
        return unknown(f"{place} cannot be asked for: {type(error).__name__} {error}.")


def _in_time(step: HttpStep, sight: Sight, seconds: float) -> Sight:
    """What is as expected also has to come soon enough, where somebody said how soon."""
    limit = step.expect.within_s
    if limit is None or sight.outcome != "passing":
        return sight
    if seconds <= limit:
        return passing(f"{sight.text[:-1]}, after {seconds:.2f} s.")
    return failing(
        f"{step.method} {shown(step.url)} answered as expected, but after {seconds:.2f} s; "
        f"{limit:g} s are allowed."
    )


async def _send(client: httpx2.AsyncClient, step: HttpStep, request: httpx2.Request) -> Sight:
    for _ in range(MOST_REDIRECTS + 1):
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            following = response.next_request if step.follow else None
            if following is None:
                return judge(step, response, await read_body(response, MOST_BYTES))
            if not _same_place(request.url, following.url):
                return failing(
                    f"{answered(step, response)} with a redirect to another place "
                    f"({shown(str(following.url))}), which is not followed."
                )
            request = following
        finally:
            await response.aclose()
    return failing(
        f"{step.method} {shown(step.url)} was redirected more than {MOST_REDIRECTS} times."
    )


def _same_place(here: httpx2.URL, there: httpx2.URL) -> bool:
    """The same origin, or the step from http to https that many servers ask for.

    Not any port of the host: a broken target must not send the probe to whatever else listens
    there.
    """
    if here.host != there.host:
        return False
    if (here.scheme, _port(here)) == (there.scheme, _port(there)):
        return True
    return (_port(here), _port(there), there.scheme) == (80, 443, "https")


def _port(url: httpx2.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)


def _place(number: int, probe: HttpProbe) -> str:
    return f"Step {number} of {len(probe.steps)}: " if len(probe.steps) > 1 else ""


def _all_well(probe: HttpProbe) -> str:
    last = probe.steps[-1]
    return (
        f"All {len(probe.steps)} steps went as expected; the last was "
        f"{last.method} {shown(last.url)}, {last.expect.status}."
    )
