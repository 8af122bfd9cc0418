"""The tables of verbs in the documentation, from what the verbs declare of themselves.

``python -m tests.support.verb_tables`` writes them anew, as ``make verbs`` does.
"""

import inspect
import json
import re
from pathlib import Path
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from vigil.domain.verbs import VERBS
from vigil.domain.verbs.base import BaseGrant, Verb
from vigil.domain.verbs.redis import RedisGrant

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SHARED: dict[type[BaseGrant], str] = {RedisGrant: "a Redis"}
"""Keys that many grants have, and what the page calls them, as it explains them once."""


def calls() -> list[str]:
    """What each verb does, for ``verbs.md``."""
    return [
        _row(
            f"`{' '.join((verb.name, 'GRANT', *verb.usage.split()))}`",
            str(verb.kind),
            verb.reason,
            verb.undo,
            verb.again,
        )
        for verb in VERBS.values()
    ]


def grants() -> list[str]:
    """What an owner writes to grant each verb, for ``vigil-yaml.md``."""
    return [_row(f"`{verb.name}`", _keys(verb.grant), _allows(verb)) for verb in VERBS.values()]


TABLES = {
    "verbs.md": ("call", "effect", calls),
    "vigil-yaml.md": ("verb", "keys", grants),
}
"""For each page the first words of its table's head, and who makes the rows."""


def page(name: str) -> tuple[str, str]:
    """The page as it is, and as it should be."""
    first, second, rows = TABLES[name]
    is_now = (REFERENCE / name).read_text(encoding="utf-8")
    table = re.compile(rf"^(\| {first} \| {second} \|.*\n\|[-|]+\|\n)(?:\|.*\n)*", re.MULTILINE)
    should, count = table.subn(lambda found: f"{found[1]}{''.join(rows())}", is_now)
    assert count == 1, f"{name} has {count} tables of {first} and {second}"
    return is_now, should


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _allows(verb: Verb) -> str:
    """The docstring of its grant, as one line."""
    told = " ".join((inspect.getdoc(verb.grant) or "").split())
    return told.removeprefix(f"``{verb.name}``: ").replace("``", "`").rstrip(".")


def _keys(grant: type[BaseGrant]) -> str:
    """The keys that are its own, each with what may stand there as far as that is short to say."""
    shared = [base for base in SHARED if issubclass(grant, base)]
    known = {name for base in shared for name in base.model_fields} | BaseGrant.model_fields.keys()
    own = [_key(name, field) for name, field in grant.model_fields.items() if name not in known]
    return ", ".join([*(SHARED[base] for base in shared), *own])


def _key(name: str, field: FieldInfo) -> str:
    notes = [] if field.is_required() else [_word(field.default)]
    if get_origin(field.annotation) is Literal:
        others = [_word(each) for each in get_args(field.annotation) if each != field.default]
        notes.append(f"{'one of' if field.is_required() else 'or'} {', '.join(others)}")
    least = [bound.ge for bound in field.metadata if isinstance(bound, Ge)]
    most = [bound.le for bound in field.metadata if isinstance(bound, Le)]
    if least and most:
        notes.append(f"from {least[0]:g} to {most[0]:.10g}")
    return f"`{name}` ({', '.join(notes)})" if notes else f"`{name}`"


def _word(value: object) -> str:
    if value is None or value == {}:
        return "none"
    return f"`{value}`" if isinstance(value, str) else json.dumps(value)


def main() -> None:
    """Write each page as it should be."""
    for name in TABLES:
        (REFERENCE / name).write_text(page(name)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
