"""``release.*``: which release of a service is the current one."""

from collections.abc import Sequence
from typing import Literal

from vigil.domain.effects import EffectKind
from vigil.domain.verbs.base import DIGEST, Argument, BaseGrant, Place, Verb
from vigil.domain.verbs.places import path


class ReleaseSwitchGrant(BaseGrant):
    """``release.switch``: point ``link`` at another folder directly below ``releases``.

    Only one whose content has the digest that the call names can be switched to.
    """

    verb: Literal["release.switch"]
    link: str
    releases: str

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.link, self.releases)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        del arguments
        return (("path", path(self.link)),)


VERBS = (
    Verb(
        grant=ReleaseSwitchGrant,
        kind=EffectKind.REVERSIBLE,
        arguments=(Argument(name="digest", pattern=DIGEST),),
        resource="release:{grant}",
        reason="points the release link at another release that is already there",
        undo="release.switch to the digest of before",
        again="the link, and the line in the release log that carries the call's key",
    ),
)
