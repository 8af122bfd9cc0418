"""The base of every domain value: frozen, strict about fields, refusing naive datetimes."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$")]
"""A name somebody gave a service, probe, grant or symptom: safe in a log line, a path, a script."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]

Instant = AwareDatetime


class Value(BaseModel):
    """A frozen value. Unknown fields are mistakes, so that a typing error is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
