"""Routes: what users can ask for, and what each answer consists of."""

import hashlib

import httpx2

from vigil.domain.inventory import Item
from vigil.integrations._clients.http import IDENTITY, read_body, shown, tls_context
from vigil.integrations.inventory.marks import MOST_MARK, is_page, marks

MOST_BYTES = 1024 * 1024
TIMEOUT_S = 5.0
FORBIDDEN = frozenset({401, 403, 405})
"""Answers of something that is there, and not for everybody."""
BROKEN = 400


async def look_at_route(route: Item, url: str) -> Item:
    """Ask for it once as anybody; a redirect is an answer, and is not followed."""
    try:
        async with (
            httpx2.AsyncClient(
                trust_env=False,
                verify=tls_context(),
                timeout=httpx2.Timeout(TIMEOUT_S),
                headers=IDENTITY,
            ) as client,
            client.stream("GET", url, follow_redirects=False) as response,
        ):
            body = await read_body(response, MOST_BYTES)
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, ValueError):
        return route
    except (httpx2.HTTPError, OSError):
        return route.model_copy(update={"there": False})
    there = response.status_code < BROKEN or response.status_code in FORBIDDEN
    if response.has_redirect_location:
        kept = frozenset({f"redirect to {shown(response.headers['location'])}"[:MOST_MARK]})
        return route.model_copy(update={"there": there, "marks": kept})
    kind = response.headers.get("content-type", "")
    text = body.content.decode("utf-8", errors="replace")
    digest = f"sha256:{hashlib.sha256(body.content).hexdigest()}" if body.content else None
    seen = {"there": there, "marks": marks(kind, text), "digest": digest, "page": is_page(kind)}
    return route.model_copy(update=seen)
