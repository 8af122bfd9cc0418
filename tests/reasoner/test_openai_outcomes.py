"""Everything that can become of asking an endpoint that speaks as OpenAI does (about 8 s).

Over the vendor's own library and a real server. What is the same for all vendors (the loop, the
reading, the repair, the deadline) is in ``test_outcomes.py``; here is the wire.
"""

import json
from dataclasses import dataclass
from decimal import Decimal

import pytest
from tests.support.anthropic_moves import (
    Answer,
    Broken,
    Failure,
    Raw,
    Script,
    asks,
    asks_raw,
    refuses,
    says,
    writes,
)
from tests.support.briefings import answer, briefing
from tests.support.desks import WrittenDesk, WrittenLedger
from tests.support.openai_server import KEY, MODEL, OpenAIServer, openai_api

from vigil.domain.briefing import Draft
from vigil.domain.cost import Cost
from vigil.domain.thinking import Unheard
from vigil.integrations.reasoner import openai
from vigil.integrations.reasoner.calling import Mind, Patience
from vigil.integrations.reasoner.modelled import Minds, ModelReasoner
from vigil.integrations.reasoner.openai import OpenAICompatible
from vigil.integrations.reasoner.price import Price

PRICE = Price(read=Decimal(2), written=Decimal(10))
LOOK = ("run_probe", {"service": "web", "probe": "checkout"})
AGAIN, LATE, NEVER = ("retry-after", "0"), ("retry-after", "120"), ("x-should-retry", "false")


@dataclass
class Asked:
    """One incident that the model was asked about."""

    draft: Draft
    api: OpenAIServer
    desk: WrittenDesk
    ledger: WrittenLedger


async def ask(
    *script: Script,
    otherwise: Script | None = None,
    counts: bool = True,
    claims: int | None = None,
    key: str = KEY,
    name: str = MODEL,
) -> Asked:
    desk, ledger = WrittenDesk(), WrittenLedger()
    async with openai_api(*script) as api:
        api.counts, api.claims = counts, claims
        api.otherwise = otherwise or api.otherwise
        mind = Mind(OpenAICompatible(name, api.url, 4000, key), PRICE, 4000)
        reasoner = ModelReasoner(Minds(mind, mind), ledger, Patience(deadline_s=20, call_s=10))
        try:
            draft = await reasoner.draft(briefing(), desk)
        finally:
            await reasoner.close()
    assert len(ledger.reserved) == len(ledger.settled), "every call is accounted for"
    assert draft.cost == sum(ledger.settled, start=Cost())
    assert KEY not in draft.model_dump_json()
    return Asked(draft, api, desk, ledger)


async def test_it_asks_the_desk_and_writes_a_plan() -> None:
    asked = await ask(asks(LOOK, LOOK), writes(answer()))
    assert asked.draft.unheard is None
    assert len(asked.draft.actions) == 1
    assert asked.draft.author
    assert asked.draft.author.model == MODEL
    assert len(asked.desk.asked) == 2
    first, second = asked.api.bodies
    assert [each["role"] for each in second["messages"]] == [
        *("system", "user", "assistant", "tool", "tool")
    ]
    assert second["messages"][:2] == first["messages"], "the prefix stays, so it can be cached"
    assert '<data name="tool-1">' in second["messages"][3]["content"]


async def test_what_it_is_asked_for() -> None:
    (body,) = (await ask(writes(answer()))).api.bodies
    assert sorted(body) == [
        *("max_tokens", "messages", "model", "response_format", "stream", "stream_options"),
        "tools",
    ]
    assert (body["model"], body["stream"], body["max_tokens"]) == (MODEL, True, 4000)
    assert [tool["function"]["name"] for tool in body["tools"]][:2] == ["metrics", "log_templates"]
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert "follows_runbook" in schema["schema"]["properties"]


async def test_when_it_may_ask_no_more_it_is_told_to_answer() -> None:
    asked = await ask(otherwise=lambda body: asks(*[LOOK] * 4))
    assert asked.draft.unheard is Unheard.ENDLESS
    assert [body.get("tool_choice") for body in asked.api.bodies][-1] == "none"


async def test_a_server_that_says_stop_with_calls_waits_for_their_answers() -> None:
    calls = Answer(asks(LOOK).blocks, stop="end_turn")
    asked = await ask(calls, writes(answer()))
    assert (len(asked.desk.asked), len(asked.draft.actions)) == (1, 1)


async def test_arguments_that_are_no_json_are_told_and_not_guessed() -> None:
    asked = await ask(asks_raw("run_probe", '{"service": "web", "pro'), writes(answer()))
    assert asked.desk.asked == []
    assert "not valid JSON" in asked.api.bodies[1]["messages"][-1]["content"]


async def test_where_nobody_counts_the_most_is_counted() -> None:
    counted, not_counted = await ask(writes(answer())), await ask(writes(answer()), counts=False)
    assert not_counted.draft.cost.tokens > counted.draft.cost.tokens
    assert not_counted.draft.cost.tokens_out > counted.draft.cost.tokens_out


async def test_a_count_of_nothing_is_not_believed() -> None:
    true, claimed = await ask(writes(answer())), await ask(writes(answer()), claims=0)
    assert true.draft.cost.tokens_in / 2 < claimed.draft.cost.tokens_in
    assert true.draft.cost.tokens_out / 2 < claimed.draft.cost.tokens_out
    assert claimed.draft.cost.money > 0


CUT = Answer(says("half of an ans").blocks, cut_after=2)
ERROR = b'data: {"error": {"message": "overloaded", "type": "server_error", "code": null}}\n\n'
NO_CHUNK = b'data: {"choices": [{"index": 0, "delta": {"content": 7}}]}\n\ndata: [DONE]\n\n'
NEGATIVE = (
    b'data: {"choices": [], "usage": {"prompt_tokens": -5, "completion_tokens": 1}}\n\n'
    b"data: [DONE]\n\n"
)


@pytest.mark.parametrize(
    ("move", "unheard"),
    [
        (refuses(), Unheard.REFUSED),
        (Answer(says("{").blocks, stop="max_tokens"), Unheard.OUT_OF_TOKENS),
        (Answer(asks(LOOK).blocks, stop="max_tokens"), Unheard.OUT_OF_TOKENS),
        (Answer(says("x").blocks, stop="something_new"), Unheard.BROKEN),
        (CUT, Unheard.UNREACHABLE),
        (Answer(says("half").blocks, cut_after=2, then=b"data: [DONE]\n\n"), Unheard.BROKEN),
        (Answer(says("half").blocks, cut_after=2, then=ERROR), Unheard.BROKEN),
        (Raw(NO_CHUNK), Unheard.MALFORMED),
        (Raw(NEGATIVE), Unheard.MALFORMED),
        (Raw(b"data: [1, 2]\n\n"), Unheard.MALFORMED),
        (Raw(b"data: {nonsense\n\n"), Unheard.MALFORMED),
        (Raw(b"<html>", (("content-type", "text/html"),)), Unheard.BROKEN),
        (Raw(b"data: " + b"x" * 65_536, repeat=200), Unheard.MALFORMED),
        (Broken(), Unheard.UNREACHABLE),
        (
            Failure(400, "x", code="context_length_exceeded"),
            Unheard.CONTEXT_FULL,
        ),
        (Failure(400, "invalid_request_error"), Unheard.REJECTED),
        (Failure(403, "invalid_request_error"), Unheard.NOT_ADMITTED),
        (Failure(429, "insufficient_quota", code="insufficient_quota"), Unheard.SPEND_LIMIT),
        (Failure(429, "requests", headers=(LATE,)), Unheard.RATE_LIMITED),
        (Failure(503, "server_error", headers=(NEVER,)), Unheard.OVERLOADED),
        (Failure(500, "server_error", headers=(NEVER,)), Unheard.BROKEN),
    ],
)
async def test_each_failure_has_its_word_and_no_action(move: Script, unheard: Unheard) -> None:
    asked = await ask(otherwise=move)
    assert asked.draft.unheard is unheard
    assert asked.draft.actions == ()
    assert "was not heard" in asked.draft.reasons[-1].text


@pytest.mark.parametrize(
    "move",
    [CUT, Answer(says("half").blocks, cut_after=2, then=ERROR)],
    ids=["the connection breaks", "an error is sent"],
)
async def test_what_broke_in_the_middle_is_paid_and_not_tried_again(move: Answer) -> None:
    asked = await ask(move, writes(answer()))
    assert asked.draft.actions == ()
    assert len(asked.api.bodies) == 1
    assert asked.ledger.settled == asked.ledger.reserved, "it may have cost anything"


async def test_what_is_worth_another_try_is_tried_again() -> None:
    busy = Failure(503, "server_error", headers=(AGAIN,))
    asked = await ask(busy, busy, writes(answer()))
    assert (asked.draft.unheard, len(asked.api.bodies)) == (None, 3)


async def test_a_wrong_key_and_an_unknown_model_are_told() -> None:
    assert (await ask(key="sk-wrong")).draft.unheard is Unheard.NOT_ADMITTED
    assert (await ask(name="no-such")).draft.unheard is Unheard.REJECTED


async def test_no_secret_of_another_vendor_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "somebody-elses")
    (request,) = (await ask(writes(answer()))).api.raw
    assert "somebody-elses" not in json.dumps(request.headers)


@pytest.mark.parametrize(
    ("name", "key", "ok", "said"),
    [
        (MODEL, KEY, True, "its endpoint has it"),
        ("no-such", KEY, False, "knows no such model"),
        (MODEL, "sk-wrong", False, "does not accept the key"),
    ],
)
async def test_how_it_fares(name: str, key: str, ok: bool, said: str) -> None:
    async with openai_api() as api:
        model = OpenAICompatible(name, api.url, 4000, key)
        health = await model.health()
        await model.close()
    assert (health.ok, said in health.text, api.bodies) == (ok, True, [])


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        (Raw(b" ", repeat=10_000, pause_s=0.01), "fell silent"),
        (Raw(b'{"data": [7]}', (("content-type", "application/json"),)), "its kind sends"),
        (Raw(b'{"data": null}', (("content-type", "application/json"),)), "its kind sends"),
    ],
    ids=["a drip", "numbers", "nothing"],
)
async def test_a_list_that_is_none_or_never_ends(
    listing: Raw, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "LOOK_S", 0.3)
    async with openai_api() as api:
        api.listing = listing
        model = openai.OpenAICompatible(MODEL, api.url, 4000, KEY)
        health = await model.health()
        await model.close()
    assert (health.ok, said in health.text) == (False, True)
