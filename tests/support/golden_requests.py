"""The exact requests that models are sent: ``python -m tests.support.golden_requests`` writes them.

What is written is what the vendors' own libraries put on the wire, so that a review sees each word
that a model is given, and what of it is the same from request to request. Of the endpoints that
speak as OpenAI does it is the last request, which has all that was said before in it.
"""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

from tests.support.anthropic_moves import Json, asks, says, thinks, writes
from tests.support.anthropic_server import KEY, THINKS, anthropic_api
from tests.support.briefings import answer, briefing
from tests.support.desks import WrittenDesk, WrittenLedger
from tests.support.openai_server import KEY as OPENAI_KEY
from tests.support.openai_server import MODEL, openai_api

from vigil.integrations.reasoner.anthropic import Claude
from vigil.integrations.reasoner.calling import Mind
from vigil.integrations.reasoner.model import Model
from vigil.integrations.reasoner.modelled import Minds, ModelReasoner
from vigil.integrations.reasoner.openai import OpenAICompatible
from vigil.integrations.reasoner.price import Price

GOLDEN = Path(__file__).parents[1] / "golden" / "reasoner"
LOOK = ("run_probe", {"service": "web", "probe": "checkout"})
NAMES = ("first", "after-a-question", "repair")
# It asks, it answers wrongly, it answers well.
SCRIPT = (thinks("I look first.", asks(LOOK)), says("Restart it!"), writes(answer()))


async def requests() -> dict[str, str]:
    """One conversation of three turns, with each vendor."""
    async with anthropic_api(*SCRIPT) as claude:
        prompt = await _conversed(Claude(THINKS, KEY, 4000, claude.url))
    async with openai_api(*SCRIPT) as other:
        await _conversed(OpenAICompatible(MODEL, other.url, 4000, OPENAI_KEY))
    bodies = {**dict(zip(NAMES, claude.bodies, strict=True)), "openai": other.bodies[-1]}
    found = {f"{name}.json": _written(body) for name, body in bodies.items()}
    return {**found, "version": prompt}


async def _conversed(model: Model) -> str:
    """Have a plan written; gives the version of the prompt."""
    mind = Mind(model, Price(Decimal(2), Decimal(10)), 4000)
    reasoner = ModelReasoner(Minds(mind, mind), WrittenLedger())
    draft = await reasoner.draft(briefing(), WrittenDesk(sees="checkout: failing, 500"))
    await reasoner.close()
    assert draft.actions
    assert draft.author
    return draft.author.prompt


def _written(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, text in asyncio.run(requests()).items():
        (GOLDEN / name).write_text(text)


if __name__ == "__main__":
    main()
