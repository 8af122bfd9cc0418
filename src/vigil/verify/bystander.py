"""How a service bears a swarm: whether it may begin, and whether it may go on."""

import asyncio
from dataclasses import dataclass

from vigil.domain.catalogue import Catalogue, Symptom
from vigil.domain.probe import ProbeRef, ProbeResult
from vigil.domain.swarm import Stop, Stopped
from vigil.ports.probes import Probes
from vigil.ports.switch import Switch
from vigil.ports.telemetry import Telemetry


@dataclass(frozen=True)
class Bystander:
    """Looks at one service, at what it needs and at what needs it."""

    service: str
    catalogue: Catalogue
    probes: Probes
    telemetry: Telemetry
    switch: Switch

    async def objection(self) -> Stop | None:
        """The first sign against a swarm; None while all is well.

        Before it begins and while it is under way the same is asked. What cannot be seen counts
        against it, and so does a service of which nothing can be seen.
        """
        switch = self.switch.read()
        if switch.stopped:
            who = f" by {switch.by}" if switch.by else ""
            return Stop(
                why=Stopped.TOLD, text=f"Vigil is stopped{who} ({switch.text or 'no word'})"
            )
        looked_at = self.catalogue.quick_probes(self.service)
        if not any(ref.service == self.service for ref in looked_at):
            text = (
                f"'{self.service}' has no quick probe that would show whether it suffers; add one"
            )
            return Stop(why=Stopped.HURTS, text=text)
        looks, conditions = await asyncio.gather(
            asyncio.gather(*map(self._look, looked_at)),
            asyncio.gather(
                *(
                    self._condition(name, symptom)
                    for name, symptom in self.catalogue.services[self.service].symptoms.items()
                )
            ),
        )
        words = [*(_said(look) for look in looks), *conditions]
        sign = next((each for each in words if each is not None), None)
        return None if sign is None else Stop(why=Stopped.HURTS, text=sign)

    async def _look(self, ref: ProbeRef) -> ProbeResult:
        return await self.probes.run(ref, self.catalogue.probe(ref))

    async def _condition(self, name: str, symptom: Symptom) -> str | None:
        """A symptom's own condition; one that cannot be known has its probes beside it."""
        if symptom.condition is None:
            return None
        ratio = await self.telemetry.bad_ratio(self.service, symptom.condition)
        if ratio is None or not ratio.exceeds(symptom.condition.above):
            return None
        return (
            f"{ratio.value:.0%} of the requests are bad by the condition of '{name}', and "
            f"{symptom.condition.above:.0%} may be"
        )


def _said(look: ProbeResult) -> str | None:
    if look.passes:
        return None
    return f"probe {look.ref} is {look.outcome}: {look.text}"
