"""The prompt: files beside this one, and a version that says which ones a plan was written under.

Nothing of an incident is in it, so what it makes up (the system's words and the tools) is the same
for every request and is read from the vendor's cache.
"""

from functools import cache
from importlib.resources import files

from vigil.domain.identity import content_digest
from vigil.domain.verbs import VERBS
from vigil.integrations.reasoner.answer import answer_schema
from vigil.integrations.reasoner.tools import TOOLS

_DIGITS = 8


@cache
def words(name: str) -> str:
    """One of the prompt's files, as it is."""
    folder = files("vigil.integrations.reasoner") / "prompt"
    return (folder / name).read_text(encoding="utf-8").strip()


@cache
def system() -> str:
    """Who the model is to be, and the rules."""
    return words("system.md").replace("{verbs}", _verbs())


def _verbs() -> str:
    return "\n".join(
        f"- `vigil-do {' '.join(filter(None, (verb.name, 'GRANT', verb.usage)))}`: {verb.reason}; "
        f"{verb.kind}. Undo: {verb.undo}."
        for verb in VERBS.values()
    )


@cache
def version() -> str:
    """``N-digest``: the number that people gave these words, and what exactly they were.

    The digest covers all that does not change from incident to incident, so that nobody can change
    a word, a verb or a tool and keep the version.
    """
    fixed = [system(), *(words(name) for name in ("task.md", "repair.md", "last.md"))]
    tools = [[tool.name, tool.description, tool.schema] for tool in TOOLS]
    digest = content_digest([fixed, tools, answer_schema()]).removeprefix("sha256:")
    return f"{words('VERSION')}-{digest[:_DIGITS]}"
