"""The stop switch: what its record says, read in one way by everybody who reads it."""

from pydantic import ValidationError

from vigil.domain.value import Value

SWITCH_FILE = "switch.json"
"""Its name in the state folder."""
MAX_RECORD_BYTES = 16_384
"""A record longer than this is not one that Vigil wrote."""
_MOST_TEXT = 2000
_MOST_BY = 200


class SwitchState(Value):
    """Whether Vigil may act. ``now`` also kills what is running."""

    stopped: bool
    now: bool = False
    by: str = ""
    text: str = ""

    @property
    def kills(self) -> bool:
        """Running sandboxes are ended as well."""
        return self.stopped and self.now


class Unreadable(SwitchState):
    """Nobody can tell what the switch says, so it counts as stopped."""


def from_record(record: bytes) -> SwitchState:
    """What a record says; one that is odd in any way reads as stopped, and ``text`` says why.

    A reader gives at least one byte more than ``MAX_RECORD_BYTES`` of a record that has them.
    """
    if len(record) > MAX_RECORD_BYTES:
        return unreadable(f"it is longer than {MAX_RECORD_BYTES} bytes")
    try:
        return SwitchState.model_validate_json(record, strict=True)
    except ValidationError as odd:
        return unreadable(f"it is not a switch record ({odd.error_count()} mistakes)")


def to_record(state: SwitchState) -> bytes:
    """The record of a state; words are cut so that the longest can still be read back."""
    return shortened(state).model_dump_json().encode()


def shortened(state: SwitchState) -> SwitchState:
    """The state with its words cut to what a record holds."""
    return state.model_copy(update={"by": state.by[:_MOST_BY], "text": state.text[:_MOST_TEXT]})


def unreadable(reason: str) -> Unreadable:
    """What a switch counts as whose record says nothing."""
    return Unreadable(
        stopped=True,
        text=f"{SWITCH_FILE} cannot be read: {reason}; `vigil resume` writes it anew",
    )
