"""The numbered promises of ``ports/reasoner.py``, over every adapter.

What is only the playbook's is in ``tests/reasoner/test_playbook.py``, and every way in which a
model can fail in ``tests/reasoner/test_outcomes.py``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from enum import Enum, auto

import pytest
from tests.support.anthropic_moves import Failure, Script, asks, refuses, says, writes
from tests.support.anthropic_server import KEY, THINKS, anthropic_api
from tests.support.briefings import answer, briefing, escalation
from tests.support.desks import WrittenDesk, WrittenLedger
from tests.support.openai_server import KEY as OPENAI_KEY
from tests.support.openai_server import MODEL, openai_api

from vigil.domain.briefing import Briefing, Draft
from vigil.domain.cost import NOTHING
from vigil.integrations.reasoner.anthropic import Claude
from vigil.integrations.reasoner.calling import Mind
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.integrations.reasoner.modelled import Minds, ModelReasoner
from vigil.integrations.reasoner.openai import OpenAICompatible
from vigil.integrations.reasoner.price import Price
from vigil.ports.reasoner import Reasoner

STEPS = ["symptom", "cause", "runbook", "actions", "proof"]


class Case(Enum):
    """What there is to think about, and how that goes."""

    SOUND = auto()
    AT_A_LOSS = auto()
    REFUSED = auto()
    WRONG = auto()
    """What comes back is no plan, however often it is asked for."""
    BROKEN = auto()


FAILED = (Case.REFUSED, Case.WRONG, Case.BROKEN)
ANSWERS: dict[Case, tuple[Script, ...]] = {
    Case.SOUND: (asks(("recent_changes", {"service": "web"})), writes(answer())),
    Case.AT_A_LOSS: (writes(escalation("Two causes fit alike.")),),
    Case.REFUSED: (refuses("cyber"),),
    Case.WRONG: (says("rm -rf /"), says("rm -rf /")),
    Case.BROKEN: (Failure(500, "api_error", headers=(("x-should-retry", "false"),)),),
}
BRIEFINGS: dict[Case, Briefing] = {
    Case.SOUND: briefing(),
    Case.AT_A_LOSS: briefing().model_copy(update={"matches": ()}),
    Case.REFUSED: briefing().model_copy(update={"matches": ()}),
    Case.WRONG: briefing().model_copy(update={"hypotheses": ()}),
    Case.BROKEN: briefing().model_copy(update={"hypotheses": (), "matches": (), "evidence": ()}),
}


@asynccontextmanager
async def playbook(case: Case) -> AsyncIterator[Reasoner]:
    yield PlaybookReasoner()


@asynccontextmanager
async def claude(case: Case) -> AsyncIterator[Reasoner]:
    """Over the vendor's own library, at a real server."""
    async with anthropic_api(*ANSWERS[case]) as api:
        mind = Mind(Claude(THINKS, KEY, 4000, api.url), Price(Decimal(2), Decimal(10)), 4000)
        reasoner = ModelReasoner(Minds(mind, mind), WrittenLedger())
        yield reasoner
        await reasoner.close()
    assert api.broken == []


@asynccontextmanager
async def openai(case: Case) -> AsyncIterator[Reasoner]:
    """Over that vendor's library, at a real server of anybody's."""
    async with openai_api(*ANSWERS[case]) as api:
        model = OpenAICompatible(MODEL, api.url, 4000, OPENAI_KEY)
        mind = Mind(model, Price(Decimal(2), Decimal(10)), 4000)
        reasoner = ModelReasoner(Minds(mind, mind), WrittenLedger())
        yield reasoner
        await reasoner.close()


REASONERS = {"playbook": playbook, "claude": claude, "openai": openai}
ASK_A_MODEL = frozenset(REASONERS) - {"playbook"}
pytestmark = pytest.mark.parametrize("name", REASONERS)


async def drafted(name: str, case: Case) -> Draft:
    async with REASONERS[name](case) as reasoner:
        return await reasoner.draft(BRIEFINGS[case], WrittenDesk())


@pytest.mark.parametrize("case", Case)
async def test_1_five_reasons_in_their_order(name: str, case: Case) -> None:
    reasons = (await drafted(name, case)).reasons
    assert [reason.step for reason in reasons] == STEPS
    assert all(reason.text for reason in reasons)


async def test_1_they_cite_what_they_rest_on(name: str) -> None:
    cited = {
        each for reason in (await drafted(name, Case.SOUND)).reasons for each in reason.evidence
    }
    assert "errors-1" in cited


@pytest.mark.parametrize("case", [Case.AT_A_LOSS, *FAILED])
async def test_2_nothing_sound_is_no_action_and_a_word_on_why(name: str, case: Case) -> None:
    draft = await drafted(name, case)
    assert draft.actions == ()
    assert draft.runbook is None
    assert len(draft.reasons[-1].text) > 10


async def test_3_an_action_has_an_undo_or_a_word_on_why_it_has_none(name: str) -> None:
    draft = await drafted(name, Case.SOUND)
    assert draft.actions
    assert all((each.undo is None) != (each.no_undo is None) for each in draft.actions)


@pytest.mark.parametrize("case", Case)
async def test_4_a_model_that_gives_no_plan_leaves_a_draft_that_says_so(
    name: str, case: Case
) -> None:
    draft = await drafted(name, case)
    assert (draft.unheard is not None) == (name in ASK_A_MODEL and case in FAILED)
    assert ("was not heard" in draft.reasons[-1].text) == (draft.unheard is not None)


@pytest.mark.parametrize("case", Case)
async def test_5_what_was_spent_is_told(name: str, case: Case) -> None:
    draft = await drafted(name, case)
    answered = name in ASK_A_MODEL and case is not Case.BROKEN
    assert (draft.cost != NOTHING) == answered
