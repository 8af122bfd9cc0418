"""The probes that a runbook names, or whoever wrote a plan, found among those of this catalogue.

A runbook is written for many services, so it gives names and no places: a name means the probes so
called of the service, of what it needs and of the component that is thought to be the cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vigil.domain.catalogue import Catalogue
from vigil.domain.hypothesis import Hypothesis
from vigil.domain.probe import ProbeRef


@dataclass(frozen=True)
class Named:
    """What was found, and for each name that leads to nothing a sentence."""

    by: str
    """Who names them, as the beginning of a sentence."""
    refs: tuple[ProbeRef, ...]
    missing: tuple[str, ...]


def around(service: str, top: Hypothesis, catalogue: Catalogue) -> tuple[str, ...]:
    """The service, what it needs, and the component; each once and known."""
    names = dict.fromkeys((service, *catalogue.services[service].depends_on, top.component))
    return tuple(name for name in names if name in catalogue.services)


def named(
    names: Sequence[str], by: str, service: str, top: Hypothesis, catalogue: Catalogue
) -> Named:
    """Look for each name; a long probe is looked through only where the owner asks for it."""
    refs: list[ProbeRef] = []
    missing: list[str] = []
    places = around(service, top, catalogue)
    own = catalogue.services[service].symptoms.values()
    asked_for = {name for symptom in own for name in symptom.prove_with}
    for name in names:
        found = [
            ProbeRef(service=place, probe=name)
            for place in places
            if name in catalogue.services[place].all_probes
        ]
        quick = [ref for ref in found if not catalogue.probe(ref).long]
        refs += quick
        if not found:
            missing.append(
                f"{by} is verified with a probe '{name}', and none of {', '.join(places)} has one; "
                "add it to vigil.yaml, or correct the name."
            )
        elif not quick and name not in asked_for:
            missing.append(
                f"{by} is verified with '{name}' of {found[0].service}, which takes long; it is "
                "looked through where a symptom names it in `prove_with`."
            )
    return Named(by=by, refs=tuple(refs), missing=tuple(missing))
