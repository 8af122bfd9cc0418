"""Where verbs find a Redis."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from vigil.domain.verbs import places
from vigil.domain.verbs.base import Absolute, BaseGrant, Place

Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,512}$")]
"""The name of a key of Redis; a blank in it is more likely a mistake."""
DRIVER = "redis"


class RedisGrant(BaseGrant):
    """A grant in one database of one Redis; not of a cluster."""

    holds: ClassVar[tuple[str, ...]] = ()
    """The fields that name keys which are no cache: one, several, or a ``key`` for each name."""
    host: str = Field(min_length=1, max_length=253)
    port: int = Field(ge=1, le=65_535)
    db: int = Field(default=0, ge=0, le=1023)
    password_file: Absolute | None = None
    """A file whose one line is the password, readable by the runner only."""

    @property
    def database(self) -> tuple[str, ...]:
        """Which one it is, whatever its machine is called."""
        return (places.server(self.host, self.port), str(self.db))

    def key(self, name: str) -> Place:
        """One key of it, under one name for all verbs."""
        return ("key", *self.database, name)
