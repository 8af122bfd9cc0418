"""Where verbs find a Redis."""

from typing import Annotated

from pydantic import Field, StringConstraints

from vigil.domain.verbs.base import Absolute, BaseGrant

Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,512}$")]
"""The name of a key of Redis; a blank in it is more likely a mistake."""
DRIVER = "redis"


class RedisGrant(BaseGrant):
    """A grant in one database of one Redis; not of a cluster."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(ge=1, le=65_535)
    db: int = Field(default=0, ge=0, le=1023)
    password_file: Absolute | None = None
    """A file whose one line is the password, readable by the runner only."""

    @property
    def server(self) -> tuple[str, ...]:
        return (self.host.lower(), str(self.port), str(self.db))
