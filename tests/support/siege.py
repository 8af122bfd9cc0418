"""Vigils that are killed again and again while they mend a plant.

When to strike is seen in the record and in the runners' ledger, from outside; what a kill hit is
read there after it. What was done is counted at the plant.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from tests.support.plant.effects import START, STOP, SWITCH
from tests.support.plant.owner import Plant, running_plant
from tests.support.plant.works import Fault
from tests.support.reckoning import Round, Strike, reckon
from tests.support.sights import CLOSING, STAGES, Looking, Open, Outside, Sight, UnderWay
from tests.support.vigils import Member, Vigils, Whom, at_work, until

from vigil.domain.errors import PortUnavailable

ANY = "any"
"""Wherever they are."""
EFFECTS = ("release.switch", "process.restart")
PLACES = (*STAGES, CLOSING)
POLL_S = 0.001
POINT_S = 90.0
"""How long the incidents may take to come to the next instant at which to strike."""
END_S = 400.0
"""How long after the last strike the last incident may take: those that a dead worker had are
taken over when its lease is over, and those that lock the same things come one after the other."""
QUIET_S = 6.0
"""After the end: a second incident of the same trouble would be seen, and the watcher turns."""
LASTING_S = {"INVESTIGATING": 1.5, "EXECUTING": 2.0, "VERIFYING": 9.0, ANY: 2.5}
"""About how long the stages last that last at all: a strike falls anywhere in them."""


@dataclass(frozen=True)
class Aim:
    """An instant to strike at."""

    place: str
    whom: Whom = Whom.BOTH
    effect: str | None = None
    """Between the call of this and its record."""
    delay_s: float = 0.0

    @property
    def name(self) -> str:
        return self.effect or self.place

    def target(self, sight: Sight) -> Open | None:
        """An incident at which it is time, if there is one."""
        if self.effect is not None:
            begun = (effect for effect in sight.effects if effect.verb == self.effect)
            return next((one for effect in begun if (one := sight.doing(effect))), None)
        return next((one for one in sight.incidents if self.place in (ANY, one.place)), None)


def aims(chance: Random, number: int, sure: Sequence[str] = ()) -> list[Aim]:
    """So many instants, those that are ``sure`` among them, in the order of the stages."""
    names = [*sure][:number]
    names += chance.choices((*PLACES, *EFFECTS, ANY), k=number - len(names))
    order = {**{place: n for n, place in enumerate(PLACES)}, **dict.fromkeys(EFFECTS, 5.5)}
    names.sort(key=lambda name: order.get(name, chance.uniform(0, len(PLACES))))
    return [_aim(chance, name) for name in names]


def _aim(chance: Random, name: str) -> Aim:
    if name in EFFECTS:
        # A switch is over in a moment; a restart takes the plant some tenths of a second.
        delay = chance.choice((0.0, chance.uniform(0, 0.3))) if name == EFFECTS[1] else 0.0
        return Aim("EXECUTING", chance.choice((Whom.RUNNER, Whom.BOTH)), name, delay)
    if name not in LASTING_S:
        # Over in some milliseconds, which is no time to look for a runner first.
        return Aim(name, Whom.VIGIL)
    # The runner has a part in executing only.
    whom = tuple(Whom) if name in ("EXECUTING", ANY) else (Whom.VIGIL, Whom.BOTH)
    return Aim(name, chance.choice(whom), delay_s=chance.uniform(0, LASTING_S[name]))


@dataclass(frozen=True)
class Besieged:
    """A plant, the Vigils that mend it, and a look at their record."""

    plant: Plant
    vigils: Vigils
    outside: Outside


@contextmanager
def besieged(
    services: int, hubs: int, database_url: str | None = None, workers: int = 0
) -> Iterator[Besieged]:
    """Everything up, and down again however it goes; without a URL the record is a file."""
    with running_plant(services, hubs) as plant:
        vigils = Vigils(plant.layout, database_url, workers)
        with at_work(vigils):
            outside = Outside(vigils.state, database_url)
            try:
                yield Besieged(plant, vigils, outside)
            finally:
                outside.close()


class Siege:
    """One plant, the Vigils that mend it, and whoever strikes them."""

    def __init__(self, place: Besieged, chance: Random) -> None:
        self._plant = place.plant
        self._vigils = place.vigils
        self._outside = place.outside
        self._chance = chance

    def round(self, faults: Mapping[str, Fault], strikes: Sequence[Aim]) -> Round:
        """Break these services, strike, wait for the end, and say what was wrong."""
        known = {told.id for told in self._outside.told()}
        result = Round({service: fault.value for service, fault in faults.items()})
        began = time.monotonic()
        self._plant.break_(faults)
        for aim in strikes:
            struck = self._strike(aim, known, len(faults))
            if struck is None:
                result.missed.append(aim.name)
            else:
                result.strikes.append(struck)
        until(lambda: self._over(known, len(faults)), "the end of all incidents", END_S)
        result.seconds = round(time.monotonic() - began, 1)
        time.sleep(QUIET_S)
        reckon(result, self._plant, self._outside, known)
        return result

    def _over(self, known: set[str], expected: int) -> bool:
        new = [told for told in self._outside.told() if told.id not in known]
        return len(new) >= expected and all(told.closed for told in new)

    def _strike(self, aim: Aim, known: set[str], expected: int) -> Strike | None:
        with self._outside.looking() as looking:
            target = self._wait_for(aim, looking, known, expected)
            if target is None:
                return None
            time.sleep(aim.delay_s)
            member = self._victim(target)
            member.kill(aim.whom)
            sight = looking.look()
        if aim.whom is not Whom.RUNNER:
            member.start()
        effects = tuple(f"{e.verb}, {self._felt(e, sight)}" for e in sight.effects)
        return Strike(aim.name, aim.whom, sight.places, effects)

    def _wait_for(self, aim: Aim, looking: Looking, known: set[str], expected: int) -> Open | None:
        deadline = time.monotonic() + POINT_S
        while time.monotonic() < deadline:
            for member in self._vigils.members if aim.effect else ():
                member.runner()
            sight = looking.look()
            if (target := aim.target(sight)) is not None:
                return target
            if not sight.incidents and self._over(known, expected):
                return None
            time.sleep(POLL_S)
        raise PortUnavailable(f"no incident came to {aim.name} within {POINT_S:.0f} s")

    def _victim(self, target: Open) -> Member:
        """Who works on it; of several that do not, anybody."""
        if len(self._vigils.members) == 1:
            return self._vigils.serve
        running = self._vigils.member_of(self._outside.process_of(target.worker))
        return running or self._chance.choice(self._vigils.members)

    def _felt(self, effect: UnderWay, sight: Sight) -> str:
        """How much of an effect the plant had felt when its Vigil was killed."""
        incident = sight.doing(effect)
        done = self._plant.done(incident.service) if incident else ()
        kinds = {each.kind for each in done if each.what == effect.what or each.kind == SWITCH}
        wanted = SWITCH if effect.verb == EFFECTS[0] else START
        return "felt" if wanted in kinds else "half felt" if STOP in kinds else "not felt"
