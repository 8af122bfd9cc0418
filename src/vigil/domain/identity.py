"""What makes two things the same: canonical JSON and the digests taken over it."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def canonical_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """The one spelling of a JSON value: sorted keys, no blanks, no NaN, plain UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_hex(*parts: bytes) -> str:
    """SHA-256 over parts that are each preceded by their length, so that no two lists collide."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def content_digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """``sha256:<hex>`` of a JSON value in its canonical spelling."""
    return "sha256:" + hashlib.sha256(canonical_json(value).encode()).hexdigest()


def tree_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """``sha256:<hex>`` of a release: (POSIX relative path, content) pairs, in any order.

    Whoever deploys and whoever switches must agree on it, so that "switch to a known digest" means
    the very bytes that were deployed.
    """
    parts: list[bytes] = []
    for path, content in sorted(files):
        parts += [path.encode(), content]
    return "sha256:" + sha256_hex(*parts)
