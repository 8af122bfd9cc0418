"""What became of a round, by everybody's word: the record, the plant, and the locks' promise."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.support.plant.effects import BROKEN, ENDED, START, STOP, SWITCH, Effect
from tests.support.plant.layout import Layout
from tests.support.plant.owner import Plant
from tests.support.plant.sessions import LEAKED
from tests.support.plant.works import Fault
from tests.support.sights import Outside, Span, Told, overlapping


@dataclass(frozen=True)
class Strike:
    """What was aimed at, and what the record says was hit."""

    aimed: str
    whom: str
    places: dict[str, int]
    """How many open incidents were where."""
    effects: tuple[str, ...]
    """Those that were begun and not on record as done, and how much the plant had felt of each."""


@dataclass
class Round:
    """Some services broken at once, and what became of it."""

    faults: dict[str, str]
    strikes: list[Strike] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    incidents: int = 0
    healed: int = 0
    effects_too_many: int = 0
    overlaps: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def hits(self) -> set[str]:
        """The stages in which a kill met an incident, and the effects whose record it prevented."""
        places = {place for strike in self.strikes for place in strike.places}
        return places | {told.partition(",")[0] for s in self.strikes for told in s.effects}

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def reckon(done: Round, plant: Plant, outside: Outside, known: set[str]) -> None:
    """Write into a round how its incidents ended, and everything that is wrong with it."""
    new = [told for told in outside.told() if told.id not in known]
    done.incidents = len(new)
    done.healed = sum(told.healed for told in new)
    complaints = plant.complaints()
    for service, fault in done.faults.items():
        done.wrong += _told_wrong(service, [told for told in new if told.service == service])
        more = surplus(plant.done(service), fault, plant.layout.processes(service))
        done.effects_too_many += sum(number for number in more.values() if number > 0)
        done.wrong += [f"{service} ({fault}): {what} {n:+} times" for what, n in more.items()]
        if service in complaints:
            done.wrong.append(f"{service}: {complaints[service]}")
    ids = {told.id for told in new}
    spans = [span for span in outside.spans() if span.incident in ids]
    overlaps = tuple(interleaved(plant.layout, spans, plant.effects()))
    done.overlaps = len(overlaps)
    done.wrong += overlaps


def _told_wrong(service: str, incidents: Sequence[Told]) -> Iterator[str]:
    if len(incidents) != 1:
        yield f"{service}: {len(incidents)} incidents"
    for told in incidents:
        if not told.healed:
            yield f"{service}: {told.id} ended {told.stage} {told.outcome}, attempt {told.attempt}"


def interleaved(layout: Layout, spans: Sequence[Span], effects: Iterable[Effect]) -> Iterator[str]:
    """Where two incidents acted and looked at the same things at the same time.

    By the record: two spans of act..verify. By the plant: something was done to a service while
    another incident acted on, or looked at, what that service shares with its own.
    """
    for one, other in overlapping(spans):
        if layout.overlap(one.service, other.service):
            yield f"{one.incident} and {other.incident} overlap"
    acted = [effect for effect in effects if effect.kind not in (BROKEN, STOP)]
    for span in spans:
        for effect in acted:
            foreign = effect.service != span.service
            inside = foreign and span.begin < effect.at < span.end
            if inside and layout.overlap(effect.service, span.service):
                yield f"{effect.kind} at {effect.service} in the middle of {span.incident}"


def surplus(done: Sequence[Effect], fault: str, processes: Sequence[str]) -> dict[str, int]:
    """How much oftener than its cure asks for each thing was done to a service, or less often."""
    count: Counter[str] = Counter()
    for effect in done:
        if effect.kind != STOP:
            count[SWITCH if effect.kind == SWITCH else f"{effect.kind} of {effect.what}"] += 1
    count.subtract(_cure(fault, processes))
    return {what: number for what, number in count.items() if number}


def _cure(fault: str, processes: Sequence[str]) -> Sequence[str]:
    restarts = [f"{START} of {name}" for name in processes]
    match Fault(fault):
        case Fault.DOWN:
            return restarts[:1]
        case Fault.RELEASE:
            return [SWITCH, *restarts]
        case Fault.LEAK:
            return [f"{ENDED} of {LEAKED}"]
