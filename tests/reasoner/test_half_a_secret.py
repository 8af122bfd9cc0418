"""No part of what is private leaves, wherever the text that it stands in is cut (about 15 s)."""

import re
from decimal import Decimal
from typing import NamedTuple

import pytest
from tests.support.anthropic_moves import writes
from tests.support.anthropic_server import KEY, THINKS, anthropic_api
from tests.support.briefings import answer, briefing, seen
from tests.support.desks import WrittenDesk, WrittenLedger

from vigil.domain.briefing import Briefing
from vigil.domain.evidence import Finding
from vigil.domain.lesson import Lesson
from vigil.domain.proof import Outcome
from vigil.domain.tokens import TOKEN
from vigil.integrations.reasoner.anthropic import Claude
from vigil.integrations.reasoner.calling import Mind
from vigil.integrations.reasoner.modelled import Minds, ModelReasoner
from vigil.integrations.reasoner.price import Price
from vigil.integrations.reasoner.rendering import MOST_BODY, MOST_DATA, MOST_TEXT


class Secret(NamedTuple):
    """A piece of a text, and the parts of it that nobody may read."""

    text: str
    parts: tuple[str, ...]


SECRETS = {
    "password": Secret(
        "password: 'correct horse battery staple' for it", ("horse", "battery", "staple")
    ),
    "card": Secret("card 4111 1111 1111 1111 was refused", ("4111", "1111")),
    "iban": Secret("DE89 3704 0044 0532 0130 00 was charged", ("DE89", "3704", "0044", "0532")),
    "address": Secret("for 38 Tacuarembo Vieja 6626, so", ("Tacuarembo", "Vieja", "6626")),
    "name": Secret("from Zorvan Quillip <zq@example.org> again", ("Zorvan", "Quillip", "zq@")),
    "phone": Secret("call +44 20 7946 0958 about it", ("+44 20", "7946", "0958")),
}

PLACES = 7
"""Of ``holding``."""


def long(text: str, most: int, before: int) -> str:
    """With a stranger's text in it that begins so much before the end of what is told."""
    return f"{('word ' * most)[: most - before - 1]} {text} {'more ' * 20}"


def holding(text: str, before: int) -> Briefing:
    """One incident with it in each place where a text of others is cut."""
    sentence = long(text, MOST_TEXT, before)
    data = long(text, MOST_DATA - len('{"line": "'), before)
    known = briefing(
        seen("log-1", Finding.CODE_ERRORS, sentence), seen("log-2", Finding.CODE_ERRORS, line=data)
    )
    (match,), (top,) = known.matches, known.hypotheses
    runbook = match.runbook.model_copy(update={"body": long(text, MOST_BODY, before)})
    lesson = Lesson(
        incident="inc-0",
        service="web",
        service_kind="web-application",
        symptom="checkout-failing",
        failure_type="bad-release",
        component="web",
        hypothesis=sentence,
        runbook=None,
        runbook_digest=None,
        actions=(sentence,),
        outcome=Outcome.VERIFIED,
        seconds=30.0,
        at=known.incident.opened_at,
    )
    return known.model_copy(
        update={
            "incident": known.incident.model_copy(update={"title": sentence}),
            "hypotheses": (top.model_copy(update={"text": sentence}),),
            "matches": (match.model_copy(update={"runbook": runbook}),),
            "past": (lesson,),
        }
    )


@pytest.mark.parametrize("name", SECRETS)
async def test_no_part_of_it_leaves_wherever_it_is_cut(name: str) -> None:
    """The cut falls in front of each of its characters once, and behind the last of them."""
    text, parts = SECRETS[name]
    befores = range(len(text) + 2)
    async with anthropic_api(*[writes(answer()) for _ in befores]) as api:
        mind = Mind(Claude(THINKS, KEY, 4000, api.url), Price(Decimal(2), Decimal(10)), 4000)
        reasoner = ModelReasoner(Minds(mind, mind), WrittenLedger())
        for before in befores:
            await reasoner.draft(holding(text, before), WrittenDesk())
        await reasoner.close()
    told = [body["messages"][0]["content"][0]["text"] for body in api.bodies]
    assert len(told) == len(befores)
    sent = [request.body.decode() for request in api.raw]
    assert [(part, body) for body in sent for part in parts if part in body] == []
    assert min(each.count("[cut]") for each in told) >= PLACES - 1
    halves = re.compile(r"\[[A-Z]{3,}")
    assert [each for each in told if halves.search(TOKEN.sub("", each))] == []
    assert max(len(TOKEN.findall(each)) for each in told) >= PLACES
