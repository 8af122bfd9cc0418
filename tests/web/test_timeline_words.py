"""Each kind of event has words in the console and on the command line (below 1 s)."""

from datetime import UTC, datetime

from pydantic import JsonValue

from vigil.cli.sentences import MEANING, SENTENCES
from vigil.domain.effects import Call
from vigil.domain.incident import Stage
from vigil.domain.plan import ActionResult, ActionStatus, CallRecord, PeakUse
from vigil.domain.timeline import Event
from vigil.web.console.lines import KINDS, lines
from vigil.web.console.told import told as told_of
from vigil.web.console.words import STAGES

NO_SENTENCE = {"reasoned", "action_output"}
"""The command line shows what is in them elsewhere, or line by line."""


def test_what_the_one_can_tell_the_other_can() -> None:
    assert set(KINDS) - set(SENTENCES) == NO_SENTENCE
    assert set(SENTENCES) <= set(KINDS)


def test_every_stage_has_words_in_both() -> None:
    assert set(MEANING) == set(STAGES) == set(Stage)


def test_a_look_at_every_probe_names_what_did_not_pass() -> None:
    seen = {f"web/{n}": "failing: 503" for n in range(6)} | {"db/up": "passing: it answers"}
    assert SENTENCES["looked"](seen) == (
        "looked at 7 probes before a person was asked: 6 did not pass "
        "(web/0, web/1, web/2, web/3, web/4, …)"
    )
    assert SENTENCES["baseline"]({"db/up": "passing: it answers"}).endswith(
        "1 probes before acting: all passed"
    )


def test_what_people_do_at_a_source_reads_the_same_in_both() -> None:
    payload: dict[str, JsonValue] = {
        "source": "pagerduty",
        "did": "merged",
        "by": "Ann",
        "text": "into the database is down",
        "incident": "inc-2",
    }
    said = "merged at PagerDuty by Ann: into the database is down (here incident inc-2)"
    event = executed(payload).model_copy(update={"kind": "done_at_source"})
    (line,) = lines([event], AT)
    assert (line.label, line.text) == ("people", said)
    assert SENTENCES["done_at_source"](payload) == said
    bare: dict[str, JsonValue] = {"source": "pagerduty", "did": "acknowledged", "by": ""}
    assert SENTENCES["done_at_source"](bare) == "acknowledged at PagerDuty"


def test_who_said_that_it_is_over_is_named() -> None:
    over = {"source": "pagerduty", "name": "CheckoutErrors"}
    assert SENTENCES["alert_resolved"](over) == "alert resolved by PagerDuty: CheckoutErrors"
    assert SENTENCES["alert_resolved"](over | {"by": "Ann"}) == (
        "alert resolved by PagerDuty (Ann): CheckoutErrors"
    )


AT = datetime(2026, 1, 1, tzinfo=UTC)


def executed(payload: dict[str, JsonValue]) -> Event:
    return Event(
        incident="inc-1",
        seq=1,
        at=AT,
        kind="executed",
        payload_digest="",
        previous="",
        hash="",
        payload=payload,
    )


def told(payload: dict[str, JsonValue]) -> tuple[str, str]:
    """How the command line and the console say that this was executed."""
    (line,) = lines([executed(payload)], AT)
    return SENTENCES["executed"](payload), line.text


def test_what_a_script_printed_is_shown_without_what_moves_a_cursor() -> None:
    """Whoever has taken over a remote runner may have signed anything, and that is kept."""
    evil = "\x1b[2Jall is well\u202e\r"
    call = CallRecord(call=Call(verb=evil, grant=evil, arguments=()), allowed=False, result=evil)
    result = ActionResult(
        action="a1",
        status=ActionStatus.FAILED,
        exit_code=1,
        seconds=1,
        output=f"{evil}\nlast",
        calls=(call,),
    )
    ((shown,),) = told_of([executed(result.model_dump(mode="json"))]).results.values()
    assert shown.output == "all is well\nlast"
    (of_call,) = shown.calls
    assert (of_call.call.verb, of_call.result) == ("all is well", "all is well")


def test_what_an_action_used_is_told_as_far_as_it_is_known() -> None:
    result = ActionResult(
        action="a1", status=ActionStatus.OUT_OF_MEMORY, exit_code=None, seconds=1.5
    )
    assert told(result.model_dump(mode="json")) == (
        "a1 out of memory in 1.5 s",
        "a1 out of memory after 1.5 s",
    )
    peak = PeakUse(memory_bytes=134_217_728, processes=3, cpu_s=0.25)
    used = " (128.0 MB, 3 processes, 0.25 s of processor time)"
    by_command, on_page = told(result.model_copy(update={"peak": peak}).model_dump(mode="json"))
    assert by_command == f"a1 out of memory in 1.5 s{used}"
    assert on_page == f"a1 out of memory after 1.5 s{used}"


def test_a_result_of_an_older_version_reads_and_stays_as_it_was() -> None:
    old = {"action": "a1", "status": "failed", "exit_code": 1, "seconds": 0.1}
    read = ActionResult.model_validate(old)
    assert read.peak == PeakUse()
    assert "peak" not in read.model_dump(mode="json")
    assert ActionResult.model_validate(read.model_dump(mode="json")) == read
