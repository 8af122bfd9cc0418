"""What a backup says of itself: its first member, by which all others are judged."""

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator

from vigil.domain.errors import PermanentError
from vigil.domain.value import Instant, Value
from vigil.link.identity import HUB_KEY

MANIFEST = "manifest.json"
MAX_MANIFEST = 1024 * 1024
"""Bytes. An item takes some 150 of them, and there are at most a few hundred pictures."""

RECORD_SQLITE = "record.sqlite"
RECORD_POSTGRES = "record.pgdump"
WORKFLOW = "workflow.sqlite"
LEDGER = "runner.sqlite"
KEYS = "keys"
SCREENSHOTS = "screenshots"
KEY_FILES = (
    *("audit.key", "audit.pub", "payload.key"),
    *("access.sha256", "session.key", HUB_KEY),
)

_NAME = re.compile(
    rf"{RECORD_SQLITE}|{RECORD_POSTGRES}|{WORKFLOW}|{LEDGER}"
    rf"|{KEYS}/({'|'.join(map(re.escape, KEY_FILES))})"
    rf"|{SCREENSHOTS}/[0-9a-f]{{64}}\.png"
)
"""Everything that a backup may hold: no other name is ever written to a disk."""


class Item(Value):
    """One file of the installation."""

    name: str
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @field_validator("name")
    @classmethod
    def _is_one_of_ours(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("no part of an installation has this name")
        return name


class Manifest(Value):
    """What was backed up, when, and by which Vigil."""

    format: Literal["vigil.backup/1"] = Field(alias="schema")
    version: str
    revision: str
    """Of the record's tables."""
    at: Instant
    items: tuple[Item, ...]

    @property
    def names(self) -> frozenset[str]:
        """What is in it."""
        return frozenset(item.name for item in self.items)

    @property
    def size(self) -> int:
        """Bytes, all items together."""
        return sum(item.size for item in self.items)


def read_manifest(text: bytes) -> Manifest:
    """A manifest that this version understands; ``PermanentError`` on any other."""
    try:
        manifest = Manifest.model_validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise PermanentError(
            f"its manifest is not one that this Vigil knows ({place}: {first['msg']}); it was "
            "damaged, or a newer Vigil made it, which can restore it"
        ) from error
    if len(manifest.names) < len(manifest.items):
        raise PermanentError("its manifest names a file twice")
    return manifest
