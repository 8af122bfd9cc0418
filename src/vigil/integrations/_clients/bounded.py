"""A transport for the libraries of vendors, which read whatever a server sends.

No compression, so that a small answer cannot unfold into a huge one; no answer longer than it may
be; no redirect, which would carry a key elsewhere; and nothing from the environment.
"""

from collections.abc import AsyncIterator

import httpx2

from vigil.integrations._clients.http import IDENTITY, tls_context


class TooMuch(httpx2.TransportError):
    """The answer is longer than it may be, or is packed."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._stream = stream
        self._room = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._room -= len(piece)
            if self._room < 0:
                raise TooMuch("the answer is longer than it may be")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    def __init__(self, most_bytes: int) -> None:
        super().__init__(verify=tls_context(), trust_env=False)
        self._most_bytes = most_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["accept-encoding"] = IDENTITY["accept-encoding"]
        response = await super().handle_async_request(request)
        packed = response.headers.get("content-encoding", "identity") != "identity"
        if packed or not isinstance(response.stream, httpx2.AsyncByteStream):
            await response.aclose()
            raise TooMuch("the answer is packed, and was to come as it is")
        response.stream = _Bounded(response.stream, self._most_bytes)
        return response


def bounded_client(timeout_s: float, most_bytes: int) -> httpx2.AsyncClient:
    """A client that a vendor's library may have: so long for each step, so much for each answer."""
    return httpx2.AsyncClient(
        transport=_BoundedTransport(most_bytes),
        timeout=timeout_s,
        trust_env=False,
        follow_redirects=False,
    )
