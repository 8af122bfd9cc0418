"""Everything that can become of asking Claude, over the vendor's own library and a real server.

One row of docs/explanation/brain.md is one case here. In none of them is anything raised, and in
none but the first group is there an action.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.anthropic_moves import (
    Answer,
    Broken,
    Failure,
    Json,
    Raw,
    Script,
    asks,
    asks_raw,
    refuses,
    says,
    thinks,
    writes,
)
from tests.support.anthropic_server import (
    BUDGETED,
    KEY,
    NOT_FOUND,
    PLAIN,
    THINKS,
    AnthropicServer,
    anthropic_api,
)
from tests.support.briefings import answer, briefing, escalation
from tests.support.desks import WrittenDesk, WrittenLedger

from vigil.domain.alert import Severity
from vigil.domain.briefing import Draft
from vigil.domain.cost import Allowance
from vigil.domain.thinking import Unheard
from vigil.integrations.reasoner.anthropic import Claude
from vigil.integrations.reasoner.calling import Mind, Patience
from vigil.integrations.reasoner.modelled import Minds, ModelReasoner
from vigil.integrations.reasoner.price import Price
from vigil.integrations.reasoner.prompts import version

ROOT = Path(__file__).parents[2]
STEPS = ["symptom", "cause", "runbook", "actions", "proof"]
LOOK = ("run_probe", {"service": "web", "probe": "checkout"})
PRICE = Price(read=Decimal(2), written=Decimal(10))
AGAIN, LATE = (("retry-after", "0"),), (("retry-after", "120"),)
NEVER = ("x-should-retry", "false")
SPENT = "enforced_spend_limit_reached"
PATIENT = Patience(deadline_s=100, call_s=60)
NO_LIMIT = Allowance()


@dataclass
class Asked:
    """One incident that Claude was asked about."""

    draft: Draft
    api: AnthropicServer
    desk: WrittenDesk
    ledger: WrittenLedger


async def ask(
    *script: Script,
    patience: Patience = PATIENT,
    most: Allowance = NO_LIMIT,
    severity: Severity = Severity.CRITICAL,
    otherwise: Script | None = None,
    key: str = KEY,
    model: str = THINKS,
    most_out: int = 4000,
) -> Asked:
    desk, ledger = WrittenDesk(), WrittenLedger(most)
    async with anthropic_api(*script) as api:
        if otherwise is not None:
            api.otherwise = otherwise
        minds = Minds(
            *(
                Mind(Claude(name, key, most_out, api.url), PRICE, most_out)
                for name in (model, PLAIN)
            )
        )
        reasoner = ModelReasoner(minds, ledger, patience)
        try:
            draft = await reasoner.draft(briefing(severity=severity), desk)
        finally:
            await reasoner.close()
    assert api.broken == []
    assert [reason.step for reason in draft.reasons] == STEPS
    assert len(ledger.reserved) == len(ledger.settled), "every call is accounted for"
    assert draft.cost == sum(ledger.settled, start=type(draft.cost)())
    return Asked(draft, api, desk, ledger)


def assert_unheard(asked: Asked, unheard: Unheard, said: str) -> None:
    assert asked.draft.unheard is unheard
    assert asked.draft.actions == ()
    assert said in asked.draft.reasons[-1].text
    assert KEY not in asked.draft.model_dump_json()


# --- it answers ---------------------------------------------------------------------------------


async def test_a_plan_is_read_with_all_that_it_says() -> None:
    asked = await ask(writes(answer()))
    draft = asked.draft
    assert draft.unheard is None
    assert draft.runbook == "bad-release"
    assert len(draft.actions) == 1
    assert draft.alternatives
    assert draft.risk_reasons
    assert draft.would_change_mind
    assert draft.author
    assert draft.author.model == THINKS
    assert draft.author.prompt == version()
    assert asked.api.bodies[0]["thinking"] == {"type": "adaptive", "display": "summarized"}


async def test_i_do_not_know_is_an_answer() -> None:
    draft = (await ask(writes(escalation("Two causes fit alike.")))).draft
    assert draft.unheard is None
    assert draft.actions == ()
    assert "Two causes fit alike." in draft.reasons[-1].text


async def test_what_is_not_urgent_is_asked_of_the_cheap_model() -> None:
    asked = await ask(writes(answer()), severity=Severity.LOW)
    assert asked.draft.author
    assert asked.draft.author.model == PLAIN
    assert "thinking" not in asked.api.bodies[0], "it has none"


@pytest.mark.parametrize(
    ("most_out", "thinking"),
    [
        (4000, {"type": "enabled", "budget_tokens": 2000}),
        (2048, {"type": "enabled", "budget_tokens": 1024}),
        (2047, None),
        (1000, None),
    ],
)
async def test_a_model_that_thinks_within_a_budget_may_use_half_of_what_it_may_write(
    most_out: int, thinking: Json | None
) -> None:
    looks = asks(LOOK)
    first = looks if thinking is None else thinks("I look first.", looks)
    asked = await ask(first, writes(answer()), model=BUDGETED, most_out=most_out)
    assert asked.draft.actions
    assert [body.get("thinking") for body in asked.api.bodies] == [thinking, thinking]
    assert asked.desk.told == ([] if thinking is None else ["I look first."])


async def test_with_a_budget_none_begins_to_think_in_the_middle() -> None:
    """Its description was not to be had at first: the vendor takes no budget from there on."""
    async with anthropic_api(asks(LOOK), writes(answer())) as api:
        api.unwell = [NOT_FOUND]
        mind = Mind(Claude(BUDGETED, KEY, 4000, api.url), PRICE, 4000)
        model = ModelReasoner(Minds(mind, mind), WrittenLedger(), PATIENT)
        drafts = [await model.draft(briefing(), WrittenDesk())]
        api.script = [thinks("I know.", writes(answer()))]
        drafts.append(await model.draft(briefing(), WrittenDesk()))
        await model.close()
    assert [draft.unheard for draft in drafts] == [None, None]
    assert [body.get("thinking", {}).get("type") for body in api.bodies] == [None, None, "enabled"]
    assert api.broken == []


async def test_it_asks_the_desk_and_cites_what_it_was_told() -> None:
    cited = answer(cause={"text": "The probe says so.", "evidence": ["tool-1"]})
    asked = await ask(thinks("I look first.", asks(LOOK)), writes(cited))
    assert len(asked.desk.asked) == 1
    assert asked.desk.told == ["I look first."]
    assert asked.draft.reasons[1].evidence == ("tool-1",)
    assert "nothing unusual" in json.dumps(asked.api.bodies[1]["messages"][-1])
    billed = asked.api.billed
    assert asked.draft.cost.tokens_in == billed["in"] + billed["written"] + billed["read"]
    assert asked.draft.cost.tokens_out == billed["out"]
    assert billed["read"] > 0, "the second turn is read from the cache"
    assert asked.draft.cost.money > 0


async def test_several_calls_are_all_answered_in_one_message() -> None:
    asked = await ask(asks(LOOK, LOOK, ("no_such", {}), LOOK, LOOK), writes(answer()))
    results = asked.api.bodies[1]["messages"][-1]["content"]
    assert [each["is_error"] for each in results] == [False, False, True, False, True]
    assert "there is no such tool" in json.dumps(results[2])
    assert "4 questions at once" in json.dumps(results[4])
    assert len(asked.desk.asked) == 3


@pytest.mark.parametrize(
    ("move", "said"),
    [
        (asks_raw("run_probe", '{"service": "web", "pro'), "not valid JSON"),
        (asks_raw("run_probe", '{"service": "web"}'), "probe: Field required"),
        (asks(("run_probe", {"service": "../etc", "probe": "x"})), "service"),
        (asks(("run_probe", {"ask": "read_runbook", "service": "a", "probe": "b"})), "own fields"),
    ],
)
async def test_arguments_that_are_no_question_are_told_so_and_not_asked(
    move: Answer, said: str
) -> None:
    asked = await ask(move, writes(answer()))
    result = asked.api.bodies[1]["messages"][-1]["content"][0]
    assert result["is_error"]
    assert said in json.dumps(result)
    assert asked.desk.asked == []
    assert asked.draft.unheard is None


async def test_what_it_thinks_is_told_in_whole_paragraphs() -> None:
    thought = "\n\n".join(f"{number}. I look at it from side {number}." for number in range(5))
    asked = await ask(thinks(thought, asks(LOOK)), thinks("Now I know.", writes(answer())))
    told = "\n\n".join(asked.desk.told)
    assert told == f"{thought}\n\nNow I know."
    assert len(asked.desk.told) >= 3, "some of it while it thought, and each turn's rest after it"
    assert all(each in thought.split("\n\n") for each in asked.desk.told[0].split("\n\n"))


async def test_what_was_said_before_it_broke_off_is_told() -> None:
    """It is what happened; of the paragraph in which it broke off nothing is."""
    talk = thinks("I look at it.\n\n" + "It is the release. " * 20, writes(answer()))
    asked = await ask(replace(talk, cut_after=6))
    assert_unheard(asked, Unheard.UNREACHABLE, "broke")
    assert asked.desk.told == ["I look at it."]


async def test_a_pause_goes_on_with_what_was_said() -> None:
    paused = replace(says("I am at"), stop="pause_turn")
    asked = await ask(paused, writes(answer()))
    assert asked.draft.unheard is None
    assert asked.api.bodies[1]["messages"][-1]["role"] == "assistant"


async def test_an_answer_without_words_is_not_sent_back() -> None:
    """Vendors take no message back that says nothing."""
    asked = await ask(says(""), writes(answer()))
    assert asked.draft.unheard is None
    assert [each["role"] for each in asked.api.bodies[1]["messages"]] == ["user", "user"]


UNSEEN = {"text": "x", "evidence": ["tool-9"]}
WRONG = [
    ("not JSON", lambda: says("Restart it!"), "JSON object"),
    ("around", lambda: says("Here: " + json.dumps(answer())), "JSON object"),
    ("twice", lambda: says(json.dumps(answer())[:-1] + ', "risk": "LOW"}'), "stands twice"),
    ("missing", lambda: writes({"decision": "act"}), "Field required"),
    ("more", lambda: writes(answer(confidence=100)), "Extra inputs"),
    ("type", lambda: writes(answer(risk=3)), "risk"),
    ("empty", lambda: writes(answer(actions=[])), "needs an action"),
    ("both", lambda: writes(answer(decision="escalate")), "there are none"),
    ("many", lambda: writes(answer(actions=answer()["actions"] * 7)), "6 at most"),
    ("hundred", lambda: writes(answer(actions=answer()["actions"] * 100)), "at most 10"),
    (
        "ten thousand",
        lambda: writes(answer(actions=[changed(script="true")] * 10_000)),
        "longer than",
    ),
    ("runbook", lambda: writes(answer(follows_runbook="mine")), "no runbook with this id"),
    ("cites", lambda: writes(answer(cause=UNSEEN)), "cause.evidence"),
    ("undo", lambda: writes(answer(actions=[changed(undo=None)])), "exactly one of"),
    ("raw", lambda: writes(answer(actions=[changed(raw=["db"])])), "raw grant"),
    ("hidden", lambda: writes(answer(actions=[changed(script="true\u200b")])), "cannot be seen"),
]


def changed(**more: object) -> dict[str, Any]:
    return {**answer()["actions"][0], **more}


@pytest.mark.parametrize(
    ("wrong", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
async def test_a_wrong_answer_is_repaired_once(wrong: Callable[[], Answer], said: str) -> None:
    asked = await ask(wrong(), writes(answer()))
    assert asked.draft.unheard is None
    assert asked.draft.actions
    told = json.dumps(asked.api.bodies[1]["messages"][-1])
    assert said in told
    assert "cannot be used" in told


# --- it does not --------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [case[1] for case in WRONG], ids=[case[0] for case in WRONG])
async def test_an_answer_that_stays_wrong_is_not_used(wrong: Callable[[], Answer]) -> None:
    asked = await ask(wrong(), wrong(), writes(answer()))
    assert_unheard(asked, Unheard.MALFORMED, "cannot be used")
    assert len(asked.api.bodies) == 2


async def test_a_refusal_is_not_asked_again() -> None:
    asked = await ask(refuses("cyber"), writes(answer()))
    assert_unheard(asked, Unheard.REFUSED, "it refused (cyber)")
    assert len(asked.api.bodies) == 1


async def test_a_refusal_after_questions_is_one_too() -> None:
    asked = await ask(asks(LOOK), refuses(None))
    assert_unheard(asked, Unheard.REFUSED, "it refused;")


@pytest.mark.parametrize(
    "move",
    [
        asks_raw("run_probe", '{"service": "web", "probe": "check', stop="max_tokens"),
        # Whole by chance: nobody knows what would have followed.
        asks_raw("run_probe", '{"service": "web", "probe": "checkout"}', stop="max_tokens"),
        replace(says(json.dumps(answer())), stop="max_tokens"),
    ],
    ids=["half a call", "a whole call", "a whole answer"],
)
async def test_what_was_cut_off_is_never_carried_out(move: Answer) -> None:
    asked = await ask(move, writes(answer()))
    assert_unheard(asked, Unheard.OUT_OF_TOKENS, "cut off")
    assert asked.desk.asked == []
    assert len(asked.api.bodies) == 1


async def test_more_than_it_can_read() -> None:
    full = replace(says(""), stop="model_context_window_exceeded")
    assert_unheard(await ask(full), Unheard.CONTEXT_FULL, "more than it can read")
    large = Failure(413, "invalid_request_error")
    assert_unheard(await ask(large), Unheard.CONTEXT_FULL, "more than its vendor takes")


async def test_it_may_not_pause_for_ever() -> None:
    pauses = (replace(says(f"I am at {n}"), stop="pause_turn") for n in range(9))
    asked = await ask(*pauses)
    assert_unheard(asked, Unheard.PAUSED, "again and again")
    assert len(asked.api.bodies) == 3


async def test_it_may_not_ask_for_ever() -> None:
    asked = await ask(otherwise=lambda body: asks(LOOK, LOOK))
    assert_unheard(asked, Unheard.ENDLESS, "told to answer")
    assert len(asked.desk.asked) == 12
    assert asked.api.bodies[-1]["tool_choice"] == {"type": "none"}
    assert "There is no more to ask" in json.dumps(asked.api.bodies[-1]["messages"][-1])


async def test_a_thousand_calls_at_once_are_not_answered() -> None:
    asked = await ask(asks(*[LOOK] * 1000))
    assert_unheard(asked, Unheard.MALFORMED, "1000 things at once")
    assert asked.desk.asked == []


async def test_calls_that_it_does_not_wait_for_are_not_answered() -> None:
    asked = await ask(replace(asks(LOOK), stop="end_turn"), writes(answer()))
    assert_unheard(asked, Unheard.MALFORMED, "does not wait for what they give")
    assert (asked.desk.asked, len(asked.api.bodies)) == ([], 1)


async def test_half_a_character_ends_it_and_raises_nothing() -> None:
    """JSON can hold one, and no request can."""
    odd = Answer(({"type": "text", "text": "I look \ud800"}, *asks(LOOK).blocks), stop="tool_use")
    asked = await ask(odd, writes(answer()))
    assert_unheard(asked, Unheard.MALFORMED, "not what an endpoint of its kind sends")


async def test_a_stop_for_tools_without_a_call_is_nonsense() -> None:
    move = replace(says("I call."), stop="tool_use")
    assert_unheard(await ask(move), Unheard.MALFORMED, "0 things at once")


@pytest.mark.parametrize(
    ("failure", "unheard", "tries"),
    [
        (Failure(529, "overloaded_error", headers=AGAIN), Unheard.OVERLOADED, 3),
        (Failure(429, "rate_limit_error", headers=AGAIN), Unheard.RATE_LIMITED, 3),
        (Failure(500, "api_error", headers=AGAIN), Unheard.BROKEN, 3),
        (Failure(504, "timeout_error", headers=AGAIN), Unheard.TIMED_OUT, 3),
        (Failure(500, "api_error", headers=(*AGAIN, NEVER)), Unheard.BROKEN, 1),
        (Failure(429, "rate_limit_error", headers=LATE), Unheard.RATE_LIMITED, 1),
        (Failure(429, "rate_limit_error", code=SPENT), Unheard.SPEND_LIMIT, 1),
        (Failure(402, "billing_error"), Unheard.SPEND_LIMIT, 1),
        (Failure(400, "invalid_request_error"), Unheard.REJECTED, 1),
        (Failure(403, "permission_error"), Unheard.NOT_ADMITTED, 1),
        (Failure(404, "not_found_error"), Unheard.REJECTED, 1),
    ],
    ids=lambda value: value.kind if isinstance(value, Failure) else str(value),
)
async def test_an_error_of_the_vendor(failure: Failure, unheard: Unheard, tries: int) -> None:
    secret = replace(failure, message=f"the key {KEY} of x@example.org")
    asked = await ask(otherwise=secret)
    assert_unheard(asked, unheard, "(request req_")
    assert "example.org" not in asked.draft.model_dump_json(), "nothing that it wrote"
    assert len(asked.api.bodies) == tries
    assert asked.draft.cost.tokens == 0


@pytest.mark.parametrize("kind", [["x"], {"a": 1}, 7, None, "new_error"])
async def test_an_error_of_no_kind_is_one_by_its_status(kind: object) -> None:
    body = json.dumps({"type": "error", "error": {"type": kind, "message": "x"}}).encode()
    asked = await ask(otherwise=Raw(body, (("content-type", "application/json"), NEVER), 500))
    assert_unheard(asked, Unheard.BROKEN, "something at its vendor failed")


async def test_overloaded_once_is_no_matter() -> None:
    asked = await ask(Failure(529, "overloaded_error", headers=AGAIN), writes(answer()))
    assert asked.draft.actions
    assert len(asked.ledger.settled) == 2


async def test_a_wrong_key() -> None:
    asked = await ask(writes(answer()), key="sk-ant-wrong")
    assert_unheard(asked, Unheard.NOT_ADMITTED, "does not accept the key")


def in_the_middle(kind: str) -> Answer:
    error = {"type": "error", "error": {"type": kind, "message": "x"}, "request_id": "req_2"}
    sent = f"event: error\ndata: {json.dumps(error)}\n\n".encode()
    return replace(writes(answer()), cut_after=4, then=sent)


@pytest.mark.parametrize(
    ("kind", "unheard"),
    [("overloaded_error", Unheard.OVERLOADED), ("api_error", Unheard.BROKEN)],
)
async def test_an_error_in_the_middle_of_an_answer(kind: str, unheard: Unheard) -> None:
    asked = await ask(in_the_middle(kind), writes(answer()))
    assert_unheard(asked, unheard, "its vendor")
    assert len(asked.api.bodies) == 1
    assert asked.ledger.settled == asked.ledger.reserved, "it may have cost anything"


async def test_a_connection_that_breaks_in_the_middle() -> None:
    asked = await ask(replace(writes(answer()), cut_after=4))
    assert_unheard(asked, Unheard.UNREACHABLE, "broke")


async def test_a_stream_that_ends_too_early() -> None:
    asked = await ask(replace(writes(answer()), cut_after=5, then=b": that is all\n\n"))
    assert_unheard(asked, Unheard.BROKEN, "stopped in the middle")


async def test_no_answer_at_all() -> None:
    asked = await ask(otherwise=Broken(), patience=replace(PATIENT, tries=1))
    assert_unheard(asked, Unheard.UNREACHABLE, "no connection")
    assert asked.draft.cost.tokens == 0


async def test_nobody_listens() -> None:
    async with anthropic_api() as gone:
        pass
    mind = Mind(Claude(THINKS, KEY, 100, gone.url), PRICE, 100)
    reasoner = ModelReasoner(Minds(mind, mind), WrittenLedger(), Patience(tries=1))
    draft = await reasoner.draft(briefing(), WrittenDesk())
    await reasoner.close()
    assert draft.unheard is Unheard.UNREACHABLE


@pytest.mark.parametrize(
    "move",
    [
        replace(writes(answer()), wait_s=60),
        replace(writes(answer()), pause_s=0.2),
        Raw(b": still here\n\n", repeat=10_000, pause_s=0.01),
    ],
    ids=["silence", "drip", "nothing but comments"],
)
async def test_a_deadline_of_our_own_ends_it(move: Script) -> None:
    asked = await ask(otherwise=move, patience=replace(PATIENT, call_s=0.5))
    assert_unheard(asked, Unheard.TIMED_OUT, "not answer in time")
    assert len(asked.api.bodies) == 1, "what may have been billed is not asked for once more"


async def test_so_does_the_one_of_the_whole() -> None:
    slow = replace(asks(LOOK), wait_s=0.3)
    asked = await ask(otherwise=slow, patience=Patience(deadline_s=0.8, call_s=60))
    assert_unheard(asked, Unheard.TIMED_OUT, "in time")


async def test_a_wait_that_is_longer_than_what_is_left_is_none() -> None:
    later = Failure(529, "overloaded_error", headers=(("retry-after", "101"),))
    asked = await ask(otherwise=later)
    assert_unheard(asked, Unheard.OVERLOADED, "too much to do")
    assert len(asked.api.bodies) == 1


@pytest.mark.parametrize(
    "move",
    [
        Raw(b'event: message_start\ndata: {"type": "message_start", "mess\n\n'),
        Raw(b'event: content_block_delta\ndata: {"type": "content_block_delta"}\n\n'),
        Raw(b"event: message_start\ndata: [[[[]]]]\n\n"),
        Raw(b"<html>It works!</html>", (("content-type", "text/html"),)),
        Raw(b"\xff\xfe" * 100),
        Raw(b"event: message_start\ndata: " + b"[" * 100_000 + b"\n\n"),
    ],
    ids=["half", "order", "lists", "page", "bytes", "deep"],
)
async def test_what_is_not_of_the_api_is_not_guessed_at(move: Raw) -> None:
    asked = await ask(otherwise=move, patience=replace(PATIENT, tries=1))
    assert asked.draft.unheard in {Unheard.MALFORMED, Unheard.BROKEN}
    assert asked.draft.actions == ()


def told_to_pay(tokens: object) -> Raw:
    """A whole answer, with such a bill."""
    usage = {"input_tokens": tokens, "output_tokens": 1}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": THINKS}
    message: Json = {**head, "content": [], "stop_reason": None, "usage": usage}
    end: Json = {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}
    events: list[Json] = [
        {"type": "message_start", "message": message},
        {"type": "message_delta", **end},
    ]
    lines = (f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
    return Raw("".join(lines).encode())


@pytest.mark.parametrize("tokens", [0, 10**9])
async def test_a_bill_of_nothing_or_of_everything_is_counted(tokens: int) -> None:
    asked = await ask(otherwise=told_to_pay(tokens))
    assert asked.draft.unheard is Unheard.MALFORMED, "there is nothing in it"
    assert asked.draft.cost.tokens_in > 1000
    assert len(asked.ledger.settled) == 2


# The library says by a warning, and to nobody, that a number is none.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("tokens", [-1, 10**30, "many", 1.5, None, [1]])
async def test_a_bill_that_is_none_is_not_paid(tokens: object) -> None:
    asked = await ask(otherwise=told_to_pay(tokens))
    assert_unheard(asked, Unheard.MALFORMED, "not what an endpoint of its kind sends")
    assert asked.ledger.settled == asked.ledger.reserved


async def test_arguments_without_end_are_not_waited_for() -> None:
    """The library reads them from their beginning with each piece: nothing else would be done."""
    asked = await ask(asks(("run_probe", {"service": "x" * 30_000})))
    assert_unheard(asked, Unheard.MALFORMED, "not what an endpoint of its kind sends")


async def test_arguments_that_the_library_stumbles_over() -> None:
    asked = await ask(asks_raw("run_probe", '{"service": nope}'))
    assert_unheard(asked, Unheard.MALFORMED, "not what an endpoint of its kind sends")


@pytest.mark.parametrize(
    "move",
    [
        Raw(b": " + b"x" * 65_536 + b"\n\n", repeat=200),
        Raw(b"x" * 1000, (("content-encoding", "gzip"), ("content-type", "text/event-stream"))),
    ],
    ids=["endless", "packed"],
)
async def test_no_answer_may_be_longer_than_it_can_be(move: Raw) -> None:
    asked = await ask(otherwise=move)
    assert_unheard(asked, Unheard.MALFORMED, "sent more than an answer can be")


async def test_a_redirect_does_not_take_the_key_elsewhere() -> None:
    async with anthropic_api() as elsewhere:
        there = (("location", f"{elsewhere.url}/v1/messages"),)
        asked = await ask(otherwise=Raw(b"{}", there, status=307))
        assert asked.draft.actions == ()
        assert elsewhere.raw == []


async def test_beyond_the_budget_nothing_is_asked() -> None:
    asked = await ask(writes(answer()), most=Allowance(tokens=100))
    assert_unheard(asked, Unheard.BUDGET, "more than 100")
    assert asked.api.bodies == []


async def test_what_cannot_be_made_fit_to_leave_is_not_sent() -> None:
    known = briefing()
    long = known.incident.model_copy(update={"title": "x"})
    runbook = known.matches[0].runbook.model_copy(update={"id": "r" * 20_000_000})
    match = known.matches[0].model_copy(update={"runbook": runbook})
    told = known.model_copy(update={"incident": long, "matches": (match,)})
    async with anthropic_api(writes(answer())) as api:
        mind = Mind(Claude(THINKS, KEY, 100, api.url), PRICE, 100)
        reasoner = ModelReasoner(Minds(mind, mind), WrittenLedger())
        draft = await reasoner.draft(told, WrittenDesk())
        await reasoner.close()
    assert draft.unheard is Unheard.NOT_REDACTED
    assert api.bodies == []


async def test_ready_says_how_it_went_last_and_asks_nobody_for_it() -> None:
    async with anthropic_api(Failure(403, "permission_error"), refuses(), writes(answer())) as api:
        mind = Mind(Claude(THINKS, KEY, 4000, api.url), PRICE, 4000)
        reasoner = ModelReasoner(Minds(mind, mind), WrittenLedger())
        assert "not asked yet" in (await reasoner.health()).text
        found = []
        for _ in range(3):
            await reasoner.draft(briefing(), WrittenDesk())
            found.append(await reasoner.health())
        await reasoner.close()
        asked = len(api.raw)
    # A refusal says nothing of the vendor: it was of one incident.
    assert [health.ok for health in found] == [False, True, True]
    assert "does not let this key" in found[0].text
    assert not any(health.vital for health in found), "runbooks go on"
    assert asked <= 3 + 3


# --- and all of it is written down --------------------------------------------------------------


def test_the_page_has_a_row_for_each_outcome_and_this_file_a_test() -> None:
    page = (ROOT / "docs/explanation/brain.md").read_text()
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE))
    assert rows - {"unheard"} == {each.value for each in Unheard}
    tests = Path(__file__).read_text()
    assert [each for each in Unheard if f"Unheard.{each.name}" not in tests] == []
