"""What an event may say: JSON of a bounded size that every reader can spell again."""

import json

from pydantic import JsonValue

from vigil.domain.identity import canonical_json, content_digest

MAX_PAYLOAD = 64 * 1024
_HEAD = 24 * 1024
"""Of a payload that is too large. Quoted again it at most doubles, and so stays below the limit."""

Payload = dict[str, JsonValue]


def bounded(payload: Payload) -> Payload:
    """The payload, or when it is too large its beginning and the digest of all of it."""
    # Half of a surrogate pair has no UTF-8 spelling, and logs do contain such things.
    text = canonical_json(payload).encode("utf-8", "replace").decode()
    if len(text.encode()) <= MAX_PAYLOAD:
        return parse(text)
    head = text.encode()[:_HEAD].decode("utf-8", "ignore")
    return {"truncated": True, "sha256": content_digest(parse(text)), "head": head}


def parse(text: str) -> Payload:
    """A payload from its JSON."""
    payload: Payload = json.loads(text)
    return payload
