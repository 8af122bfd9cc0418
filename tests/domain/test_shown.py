"""What a runner far away has signed is kept as it is; people are shown it cleaned."""

from vigil.domain.effects import Call
from vigil.domain.plan import ActionResult, ActionStatus, CallRecord
from vigil.domain.shown import MAX_LINE_CHARS, MAX_LINES, MAX_WORD_CHARS, shown

EVIL = "\x1b[2J\x1b]0;all is well\x07password=hunter22\u202e\r"
CALL = CallRecord(
    call=Call(verb="v\x1b[1m", grant="g\n", arguments=(EVIL, "a" * 5000)),
    allowed=False,
    result=EVIL,
)
SIGNED = ActionResult(
    action="a1",
    status=ActionStatus.FAILED,
    exit_code=1,
    output=f"first\n{EVIL}last",
    calls=(CALL,),
    seconds=1.0,
)


def test_nothing_of_it_moves_a_cursor_or_tells_a_secret() -> None:
    seen = shown(SIGNED)
    assert seen.output == "first\npassword=*** last"
    (call,) = seen.calls
    assert call.call == Call(
        verb="v", grant="g", arguments=("password=***", "a" * (MAX_WORD_CHARS - 1) + "…")
    )
    assert (call.result, call.allowed) == ("password=***", False)


def test_it_is_bounded_and_what_came_last_is_kept() -> None:
    many = SIGNED.model_copy(update={"output": "\n" * 10_000 + "x" * 60_000 + "\nend"})
    lines = shown(many).output.split("\n")
    assert len(lines) == MAX_LINES
    assert lines[-2:] == ["x" * (MAX_LINE_CHARS - 1) + "…", "end"]


def test_what_is_shown_once_may_be_shown_again() -> None:
    assert shown(shown(SIGNED)) == shown(SIGNED)
