"""Vigils that are killed again and again while they mend a plant.

When to strike is seen in the record and in the runners' ledger, from outside; what a kill hit is
read there after it. What was done is counted at the plant.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from tests.support.plant.effects import ENDED, START, STOP, SWITCH
from tests.support.plant.owner import Plant, running_plant
from tests.support.plant.works import Fault
from tests.support.reckoning import Round, Strike, reckon
from tests.support.sights import (
    ANY,
    CLOSING,
    LOCKED_OUT,
    STAGES,
    Looking,
    Open,
    Outside,
    Sight,
    UnderWay,
)
from tests.support.vigils import Member, Vigils, Whom, at_work, until

EFFECTS = ("release.switch", "process.restart", "session.terminate")
PLACES = (*STAGES, CLOSING)
FELT = dict(zip(EFFECTS, (SWITCH, START, ENDED), strict=True))
"""What the plant sees of each."""
RANDOM = "random"
RANK = {place: n for n, place in enumerate(PLACES)}
RANK[LOCKED_OUT] = RANK["SYNTHESIZING"]
"""What waits for locks has not begun to act."""
POLL_S = 0.001
LOOK_AGAIN_S = 0.5
POINT_S = 30.0
"""How long is waited for an incident to come to the next instant at which to strike."""
END_S = 400.0
"""How long after the last strike the last incident may take: those that lock the same things come
one after the other."""
QUIET_S = 6.0
"""After the end: a second incident of the same trouble would be seen, and the watcher turns."""
LASTING_S = {"INVESTIGATING": 1.5, "EXECUTING": 2.0, "VERIFYING": 9.0, ANY: 2.5}
"""About how long the stages last that last at all: a strike falls anywhere in them."""


@dataclass(frozen=True)
class Aim:
    """An instant to strike at, chosen by what is seen."""

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

    def is_past(self, sight: Sight) -> bool:
        """Whether each open incident is further than the place."""
        return self.place == ANY or all(
            RANK.get(one.place, len(RANK)) > RANK[self.place] for one in sight.incidents
        )


@dataclass(frozen=True)
class Moment:
    """An instant that is chosen by chance alone, whatever is going on then."""

    whom: Whom
    after_s: float
    """Since the strike before."""
    name: str = RANDOM


def moments(chance: Random, number: int, within_s: float) -> list[Moment]:
    """So many, each some time after the one before, every length of it as likely as another.

    Always of the worker, with or without its runner.
    """
    whom = (Whom.VIGIL, Whom.BOTH)
    return [Moment(chance.choice(whom), chance.uniform(0, within_s)) for _ in range(number)]


def aims(chance: Random, number: int, sure: Sequence[str] = ()) -> list[Aim]:
    """So many instants, those that are ``sure`` among them, in the order of the stages."""
    names = [*sure][:number]
    names += chance.choices((*PLACES, *EFFECTS, ANY), k=number - len(names))
    # The rarest effect first: few services have a database.
    order = RANK | {verb: RANK["EXECUTING"] + 0.5 - 0.1 * n for n, verb in enumerate(EFFECTS)}
    names.sort(key=lambda name: order.get(name, chance.uniform(0, len(PLACES))))
    return [aim_at(chance, name) for name in names]


def aim_at(chance: Random, name: str) -> Aim:
    """At a place or an effect, and at whom that makes sense there."""
    if name in EFFECTS:
        # A switch is over in a moment; the others take the target some tenths of a second.
        short = name == EFFECTS[0]
        delay = 0.0 if short else chance.choice((0.0, chance.uniform(0, 0.3)))
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
    services: int,
    hubs: int,
    database_url: str | None = None,
    workers: int = 0,
    server: str = "",
    *,
    apart: bool = False,
) -> Iterator[Besieged]:
    """Everything up, and down again however it goes; without a URL the record is a file.

    ``server`` is where the plant has its own databases; for ``apart`` see ``Vigils``.
    """
    with running_plant(services, hubs, server) as plant:
        vigils = Vigils(plant.layout, database_url, workers, apart=apart)
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

    def round(
        self, faults: Mapping[str, Fault], strikes: Sequence[Aim | Moment], number: int = 0
    ) -> Round:
        """Break these services, strike, wait for the end, and say what was wrong.

        A strike that met nobody is replaced by one at wherever somebody is, until ``number`` have
        hit or there is nothing more to hit.
        """
        known = {told.id for told in self._outside.told()}
        result = Round({service: fault.value for service, fault in faults.items()})
        began = time.monotonic()
        self._plant.break_(faults)
        for strike in strikes:
            self._note(result, strike, self._strike(strike, known, len(faults)))
        while len(result.strikes) < number and not self._over(known, len(faults)):
            again = aim_at(self._chance, ANY)
            self._note(result, again, self._strike(again, known, len(faults)))
        until(lambda: self._over(known, len(faults)), "the end of all incidents", END_S)
        result.seconds = round(time.monotonic() - began, 1)
        time.sleep(QUIET_S)
        reckon(result, self._plant, self._outside, known)
        return result

    @staticmethod
    def _note(result: Round, strike: Aim | Moment, struck: Strike | None) -> None:
        if struck is None:
            result.missed.append(strike.name)
        else:
            result.strikes.append(struck)

    def _over(self, known: set[str], expected: int) -> bool:
        new = [told for told in self._outside.told() if told.id not in known]
        return len(new) >= expected and all(told.closed for told in new)

    def _strike(self, strike: Aim | Moment, known: set[str], expected: int) -> Strike | None:
        """What was hit; None when nobody was met, or all was over before."""
        with self._outside.looking() as looking:
            member = (
                self._by_chance(strike, known, expected)
                if isinstance(strike, Moment)
                else self._by_sight(strike, looking, known, expected)
            )
            if member is None:
                return None
            pid = member.pid
            if not member.kill(strike.whom):
                return None
            sight = self._met(looking.look(), pid, strike.whom)
        if strike.whom is not Whom.RUNNER:
            member.start()
        effects = tuple(f"{e.verb}, {self._felt(e, sight)}" for e in sight.effects)
        return Strike(strike.name, strike.whom, sight.places, effects)

    def _met(self, sight: Sight, pid: int, whom: Whom) -> Sight:
        """What of it the one that was killed had, or nobody; a runner has a part in acting only."""
        alone = len(self._vigils.members) == 1
        met = tuple(
            one
            for one in sight.incidents
            if (alone or self._outside.process_of(one.worker) in {pid, 0})
            and (whom is not Whom.RUNNER or one.place == "EXECUTING")
        )
        plans = {one.plan for one in met if alone or one.worker is not None}
        return Sight(met, tuple(effect for effect in sight.effects if effect.plan in plans))

    def _by_chance(self, moment: Moment, known: set[str], expected: int) -> Member | None:
        time.sleep(moment.after_s)
        return None if self._over(known, expected) else self._chance.choice(self._vigils.members)

    def _by_sight(
        self, aim: Aim, looking: Looking, known: set[str], expected: int
    ) -> Member | None:
        target = self._wait_for(aim, looking, known, expected)
        if target is None:
            return None
        time.sleep(aim.delay_s)
        return self._victim(target)

    def _wait_for(self, aim: Aim, looking: Looking, known: set[str], expected: int) -> Open | None:
        deadline = time.monotonic() + POINT_S
        look_again = 0.0
        while (now := time.monotonic()) < deadline:
            for member in self._vigils.members if aim.effect else ():
                member.runner()
            sight = looking.look()
            if (target := aim.target(sight)) is not None:
                return target
            if now > look_again and aim.is_past(sight):
                # All were opened, and none that is open comes there any more.
                if sum(told.id not in known for told in self._outside.told()) >= expected:
                    return None
                look_again = now + LOOK_AGAIN_S
            time.sleep(POLL_S)
        return None

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
        # A process is named; of the others there is one at a service.
        named = effect.verb == "process.restart"
        kinds = {each.kind for each in done if each.what == effect.what or not named}
        if FELT[effect.verb] in kinds:
            return "felt"
        return "half felt" if named and STOP in kinds else "not felt"
