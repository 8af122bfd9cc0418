"""Grants: the named, scoped access that a service's owner offers to remediation."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from vigil.domain.verbs import VERBS
from vigil.domain.verbs.base import BaseGrant


class _OfItsVerb:
    """Reads a grant as what the verb that it names has declared."""

    def __get_pydantic_core_schema__(
        self, source: type[BaseGrant], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        # The union of all of them, which no type checker can know: each verb's own file says it.
        grants: Any = reduce(or_, (verb.grant for verb in VERBS.values()))
        return handler.generate_schema(Annotated[grants, Field(discriminator="verb")])


Grant = Annotated[BaseGrant, _OfItsVerb()]
"""Any grant. Whoever needs the fields of one asks for its class, as ``Asked.grant_of`` does."""


def targets_of(grant: Grant, arguments: Sequence[str]) -> tuple[str, ...]:
    """What a call under a grant acts on, each under one name whichever service grants it."""
    return grant.targets(arguments)
