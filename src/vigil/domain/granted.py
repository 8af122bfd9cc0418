"""What a service's grants say, each as a digest: so that a plan meets them as they were before.

A plan names grants, and the catalogue says what each leads to. Who approves a plan has seen what it
would do then; under the same name it may be something else when its time has come.
"""

import re
from collections.abc import Iterable

from pydantic import JsonValue

from vigil.domain.catalogue import Service
from vigil.domain.identity import canonical_json, content_digest
from vigil.domain.plan import Action
from vigil.domain.raw_grant import resource_of

_PASSWORD = re.compile(r"""(?<=://)([^\s/@:"]*):[^\s/@"]*@|(password)=(?:'[^']*'|[^\s&"']*)""")
"""In an address of either kind that databases have."""


def digests_of(service: Service) -> dict[str, str]:
    """Of each grant under its name, and of each raw one as resources name it.

    A password in an address is left out, so that nobody can try words on the digest. What is as
    always is left out too, or a later version would take its own new words for a change.
    """
    raw = {resource_of(name): grant for name, grant in service.raw_grants.items()}
    said = {
        name: grant.model_dump(mode="json", exclude_defaults=True)
        for name, grant in {**service.grants, **raw}.items()
    }
    return {name: content_digest(_without_password(what)) for name, what in said.items()}


def _without_password(said: dict[str, JsonValue]) -> str:
    return _PASSWORD.sub(r"\1\2", canonical_json(said))


def used_by(actions: Iterable[Action]) -> frozenset[str]:
    """The grants that these actions need, under the same names."""
    return frozenset(
        name
        for action in actions
        for name in (
            *(call.grant for call in action.effects.calls),
            *(resource_of(each) for each in action.raw),
        )
    )
