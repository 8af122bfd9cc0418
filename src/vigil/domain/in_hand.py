"""Whether people at a source have an incident in hand, by what its timeline tells."""

from collections.abc import Sequence

from vigil.domain.alert import Did, source_name
from vigil.domain.message import Deed
from vigil.domain.timeline import Event

_TAKEN = {Did.ACKNOWLEDGED: "acknowledged it", Did.REASSIGNED: "reassigned it"}
_HEARD, _OVER, _DONE = frozenset({"opened", "alert_joined"}), "alert_resolved", "done_at_source"
_COUNTED = "doings_counted"


def in_hand(events: Sequence[Event]) -> tuple[str, ...]:
    """Who, at which source, said last that people see to it; of each incident there one sentence.

    Only persons count: what a program acknowledges or resolves nobody looks at, nor what Vigil
    acknowledged itself, in the name of the user as whom it writes there. Who resolved it has it in
    hand until it is reported again, who acknowledged it until nobody is on it any more. Where so
    much was done that the timeline tells no more of it, nobody knows, and they may.
    """
    held: dict[tuple[str, str], str] = {}
    unseen: list[str] = []
    own = {_own(event) for event in events if event.kind == "told"}
    for event in events:
        told = event.payload or {}
        if event.kind == _COUNTED and told.get("unseen") is True:
            unseen.append("people may have it in hand: more was done at sources than is told here")
        outside = (str(told.get("source")), str(told.get("fingerprint")))
        by = str(told.get("by") or "")
        if event.kind in _HEARD or told.get("did") == Did.UNACKNOWLEDGED:
            held.pop(outside, None)
        elif event.kind == _OVER and by:
            held[outside] = f"{by} resolved it"
        elif event.kind == _DONE and told.get("person") is True and (*outside, by) not in own:
            did = next((words for did, words in _TAKEN.items() if told.get("did") == did), None)
            if did is not None:
                held[outside] = f"{by or 'somebody'} {did}"
    sentences = (
        f"people have it in hand: {said} at {source_name(source)}"
        for (source, _), said in held.items()
    )
    return tuple(dict.fromkeys((*sentences, *unseen)))


def _own(event: Event) -> tuple[str, str, str] | None:
    """Where Vigil acknowledged by itself, and as whom; None for anything else that it told."""
    told = event.payload or {}
    if told.get("deed") != Deed.ACKNOWLEDGE or not told.get("remote"):
        return None
    return str(told.get("channel")), str(told.get("place")), str(told.get("remote"))
