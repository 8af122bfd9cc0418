"""What the routes under /api have in common."""

from typing import Annotated, Any

from fastapi import Path, Query, Security
from fastapi.security import HTTPBearer

from vigil.web.answers import ErrorAnswer

SAID_IN_SCHEMA = [Security(HTTPBearer(auto_error=False, description="The access token."))]
"""Lets the schema say that a token is needed; what refuses requests without one is the door."""

IncidentId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Attempt = Annotated[int | None, Query(ge=1, le=1000, description="Default: the newest one.")]


def errors(*further: int) -> dict[int | str, dict[str, Any]]:
    """The errors that each of these routes may answer with, and some of its own."""
    common = (400, 401, 403, 413, 421, 422, 429, 500, 503)
    return {code: {"model": ErrorAnswer} for code in (*common, *further)}
