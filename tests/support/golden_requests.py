"""The exact requests that Claude is sent: ``python -m tests.support.golden_requests`` writes them.

What is written is what the vendor's own library put on the wire, so that a review sees each word
that a model is given, and what of it is the same from request to request.
"""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

from tests.support.anthropic_moves import asks, says, thinks, writes
from tests.support.anthropic_server import KEY, THINKS, anthropic_api
from tests.support.briefings import answer, briefing
from tests.support.desks import WrittenDesk, WrittenLedger

from vigil.integrations.reasoner.anthropic import Claude
from vigil.integrations.reasoner.calling import Mind
from vigil.integrations.reasoner.modelled import Minds, ModelReasoner
from vigil.integrations.reasoner.price import Price

GOLDEN = Path(__file__).parents[1] / "golden" / "reasoner"
LOOK = ("run_probe", {"service": "web", "probe": "checkout"})
NAMES = ("first", "after-a-question", "repair")


async def requests() -> dict[str, str]:
    """One conversation of three turns: it asks, it answers wrongly, it answers well."""
    script = (thinks("I look first.", asks(LOOK)), says("Restart it!"), writes(answer()))
    async with anthropic_api(*script) as api:
        mind = Mind(Claude(THINKS, KEY, 4000, api.url), Price(Decimal(2), Decimal(10)), 4000)
        reasoner = ModelReasoner(Minds(mind, mind), WrittenLedger())
        draft = await reasoner.draft(briefing(), WrittenDesk(sees="checkout: failing, 500"))
        await reasoner.close()
    assert draft.actions
    assert draft.author
    found = {
        name: json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        for name, body in zip(NAMES, api.bodies, strict=True)
    }
    return {
        **{f"{name}.json": text for name, text in found.items()},
        "version": draft.author.prompt,
    }


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, text in asyncio.run(requests()).items():
        (GOLDEN / name).write_text(text)


if __name__ == "__main__":
    main()
