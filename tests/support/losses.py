"""A worker that is lost while it acts: for good, or frozen for longer than anybody waits for it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.support.plant.effects import START, SWITCH
from tests.support.plant.works import Fault
from tests.support.reckoning import Round, reckon
from tests.support.siege import END_S, POLL_S, QUIET_S, Besieged
from tests.support.sights import Open, Sight
from tests.support.vigils import Member, thaw, until

from vigil.domain.errors import PortUnavailable

LEASE_S = 30.0
"""So long the others wait for a sign of life."""
CATCH_S = 90.0
TAKEN_POLL_S = 0.1
WOKEN_S = 20.0
"""How long one that was frozen is watched after it goes on."""


@dataclass
class Loss:
    """What was lost, and how the others went on."""

    round: Round
    worker: str
    had: list[str]
    """Incidents that it was working on."""
    began: float
    """When it was lost."""
    taken_over_s: list[float] = field(default_factory=list)
    """Until another worker had taken up each of them."""
    done_before: list[str] = field(default_factory=list)
    """What the plant had felt of the script that was cut in two."""
    ended_itself: bool | None = None
    """One that was frozen: whether it noticed, once it went on."""

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {name: value for name, value in asdict(self).items() if name != "began"}


class Losing:
    """One plant, several Vigils on one record, and one of them that is lost."""

    def __init__(self, place: Besieged) -> None:
        self._plant = place.plant
        self._vigils = place.vigils
        self._outside = place.outside

    def for_good(self, faults: Mapping[str, Fault]) -> Loss:
        """Kill one that has an effect under way, and never start it again."""
        known = self._known()
        self._plant.break_(faults)
        target, member = self._catch(lambda sight: [sight.doing(e) for e in sight.effects])
        began = time.monotonic()
        member.kill()
        loss = self._lost(faults, target, began)
        self._take_over(loss)
        return self._ended(loss, known)

    def frozen(self, faults: Mapping[str, Fault]) -> Loss:
        """Freeze one between two effects of a script, until the others have done without it."""
        known = self._known()
        self._plant.break_(faults)
        target, member = self._catch(self._between_effects)
        began = time.monotonic()
        frozen = member.freeze()
        try:
            loss = self._lost(faults, target, began)
            self._take_over(loss)
            until(lambda: self._over(known, len(faults)), "the end of all incidents", END_S)
        finally:
            thaw(frozen)
        time.sleep(WOKEN_S)
        loss.ended_itself = member.exit_code is not None
        return self._ended(loss, known)

    # --- the instant --------------------------------------------------------------------------

    def _catch(self, targets: Callable[[Sight], list[Open | None]]) -> tuple[Open, Member]:
        """The first incident at which it is time, in the hands of one that does not serve."""
        deadline = time.monotonic() + CATCH_S
        with self._outside.looking() as looking:
            while time.monotonic() < deadline:
                for target in targets(looking.look()):
                    member = self._hands(target)
                    if target is not None and member is not None:
                        return target, member
                time.sleep(POLL_S)
        raise PortUnavailable(f"no worker came to act within {CATCH_S:.0f} s")

    def _hands(self, target: Open | None) -> Member | None:
        if target is None:
            return None
        member = self._vigils.member_of(self._outside.process_of(target.worker))
        return None if member is self._vigils.serve else member

    def _between_effects(self, sight: Sight) -> list[Open | None]:
        """Switched and recorded, and not all restarted yet."""
        busy = {effect.plan for effect in sight.effects}
        return [
            each
            for each in sight.incidents
            if each.place == "EXECUTING" and each.plan not in busy and self._is_half_done(each)
        ]

    def _is_half_done(self, incident: Open) -> bool:
        kinds = [effect.kind for effect in self._plant.done(incident.service)]
        return SWITCH in kinds and kinds.count(START) < len(
            self._plant.layout.processes(incident.service)
        )

    # --- what became of it --------------------------------------------------------------------

    def _lost(self, faults: Mapping[str, Fault], target: Open, began: float) -> Loss:
        seen = self._outside.look().incidents
        had = [each.id for each in seen if each.worker == target.worker]
        done = [f"{e.kind} {e.what}" for e in self._plant.done(target.service)]
        whole = Round({service: fault.value for service, fault in faults.items()})
        return Loss(whole, str(target.worker), had, began, done_before=done)

    def _take_over(self, loss: Loss) -> None:
        """When each incident of the lost one is in another worker's hands."""
        left = set(loss.had)
        with self._outside.looking() as looking:
            while left:
                lost_s = time.monotonic() - loss.began
                if lost_s > 2 * LEASE_S:
                    raise PortUnavailable(f"{left} of the lost worker were left alone")
                now = {each.id: each.worker for each in looking.look().incidents}
                # One that is not open any more was closed by somebody who had taken it up.
                taken = {one for one in left if now.get(one, "") not in (None, loss.worker)}
                loss.taken_over_s += [round(lost_s, 1)] * len(taken)
                left -= taken
                time.sleep(TAKEN_POLL_S)

    def _ended(self, loss: Loss, known: set[str]) -> Loss:
        expected = len(loss.round.faults)
        until(lambda: self._over(known, expected), "the end of all incidents", END_S)
        loss.round.seconds = round(time.monotonic() - loss.began, 1)
        time.sleep(QUIET_S)
        reckon(loss.round, self._plant, self._outside, known)
        return loss

    def _known(self) -> set[str]:
        return {told.id for told in self._outside.told()}

    def _over(self, known: set[str], expected: int) -> bool:
        new = [told for told in self._outside.told() if told.id not in known]
        return len(new) >= expected and all(told.closed for told in new)
