"""How a sender shows that it knows the secret: it sends it, or signs the body with it."""

import hmac
from collections.abc import Mapping
from hashlib import sha256


class Secrets:
    """Several, separated by commas, are all good, so that one can be changed without a gap.

    None at all lets nobody in.
    """

    def __init__(self, listed: str) -> None:
        known = [one.strip() for one in listed.split(",") if one.strip()]
        self._keys = tuple(one.encode() for one in known)
        self._digests = tuple(_digest(one) for one in known)

    def borne(self, headers: Mapping[str, str]) -> bool:
        """Whether the Authorization header bears one of them."""
        scheme, _, given = headers.get("authorization", "").strip().partition(" ")
        digest = _digest(given.strip())
        # Each is compared, and digests of one length, so that time tells nothing.
        matches = [hmac.compare_digest(digest, own) for own in self._digests]
        return any(matches) and scheme.lower() == "bearer"

    def signed(self, signature: str, message: bytes) -> bool:
        """Whether these hexadecimal digits are an HMAC-SHA256 by one of them."""
        given = signature.strip().lower().encode(errors="surrogatepass")
        expected = [hmac.new(key, message, sha256).hexdigest().encode() for key in self._keys]
        matches = [hmac.compare_digest(own, given) for own in expected]
        return any(matches)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode(errors="surrogatepass")).digest()
