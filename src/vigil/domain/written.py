"""The base of what people write to bound something, where a key with nothing under it is a mistake.

In YAML such a key is what is left when somebody takes its last entry out, and says nothing. Whoever
emptied a limit meant less to be allowed, and not that there is no limit.
"""

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from vigil.domain.value import Value


class Written(Value):
    """A value of which each key either has something in it or is not there."""

    @field_validator("*", mode="before")
    @classmethod
    def _not_emptied(cls, written: object) -> object:
        if written is None:
            raise PydanticCustomError(
                "emptied", "there is nothing in it; write what holds, or remove the key"
            )
        return written
