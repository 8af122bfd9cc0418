"""``certificate.*``: certificates, and who renews them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from vigil.domain.effects import EffectKind
from vigil.domain.verbs.base import Absolute, BaseGrant, Place, Verb
from vigil.domain.verbs.places import path

Word = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$", max_length=500)]


class CertificateRenewGrant(BaseGrant):
    """``certificate.renew``: run ``command``, the renewer of this ``certificate``, once it is due.

    It is due when the first certificate of the file is good for ``due_days`` days at most. The
    command is started as it stands, by no shell, as the runner's own user. It has to bear being
    started again after it was cut off, as renewers do.
    """

    verb: Literal["certificate.renew"]
    certificate: Absolute
    command: tuple[Word, ...] = Field(min_length=1, max_length=30)
    due_days: int = Field(default=30, ge=1, le=365)
    """With more days left it is not due, and nothing is run."""

    @field_validator("command")
    @classmethod
    def _of_one_program(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if not words[0].startswith("/"):
            raise PydanticCustomError(
                "program", "the first word has to be the whole path of a program"
            )
        return words

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.certificate,)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        del arguments
        return (("path", path(self.certificate)),)


VERBS = (
    Verb(
        grant=CertificateRenewGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=(),
        resource="certificate:{grant}",
        reason="runs the renewer that the service's owner has written down",
        undo="none: the former certificate ends when it ends",
        again="the certificate's fingerprint",
    ),
)
