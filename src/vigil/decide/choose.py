"""Which probes are looked at before and after a plan, and why each of them.

Whoever wrote the plan leaves nothing out: what shows the symptom, the owner said; what would show
the cause follows from the hypothesis, and from what the runbook says; what an action could break
follows from its effects. It may only ask for more.
"""

from collections.abc import Iterator, Mapping, Sequence

from vigil.decide.named import Named, around
from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.incident import Incident
from vigil.domain.plan import Action, Chosen, Role
from vigil.domain.probe import HttpProbe, Probe, ProbeRef, ProcessProbe, SqlProbe
from vigil.domain.touched import touched

_LOCKS = frozenset({FailureType.DATABASE_LOCK, FailureType.LEAKED_SESSION})


def choose(
    incident: Incident,
    top: Hypothesis,
    actions: Sequence[Action],
    further: Mapping[Role, Named],
    catalogue: Catalogue,
) -> tuple[Chosen, ...]:
    """Each probe once, with its strongest role; those of the symptom first."""
    found = [
        *_symptom(incident, catalogue),
        *_named(further),
        *_cause(incident.service, top, catalogue),
        *_risk(actions, catalogue),
        *_neighbours(incident, catalogue),
    ]
    first: dict[ProbeRef, Chosen] = {}
    for each in found:
        first.setdefault(each.ref, each)
    return tuple(first.values())


def _symptom(incident: Incident, catalogue: Catalogue) -> Iterator[Chosen]:
    watched = catalogue.watched_probes(incident.service, incident.symptom)
    for ref in catalogue.proving_probes(incident.service, incident.symptom):
        how = "shows" if ref in watched else "walks through"
        why = f"It {how} {incident.symptom} as a user meets it."
        yield Chosen(ref=ref, role=Role.SYMPTOM, why=why)


def _cause(service: str, top: Hypothesis, catalogue: Catalogue) -> Iterator[Chosen]:
    """What would fail if the hypothesis were right, on the service, its needs and the component."""
    for name in around(service, top, catalogue):
        other = catalogue.services[name]
        for probe, spec in other.all_probes.items():
            if spec.long:
                continue  # Long, and it does things: only where the owner asks for it.
            why = _would_fail(top, name, probe, spec, other)
            if why is not None:
                text = f"If the cause is {top.failure_type} of {top.component}, {why}."
                yield Chosen(ref=ProbeRef(service=name, probe=probe), role=Role.CAUSE, why=text)


def _named(further: Mapping[Role, Named]) -> Iterator[Chosen]:
    for role, named in further.items():
        why = f"{named.by} says that it passes once the trouble is over."
        yield from (Chosen(ref=ref, role=role, why=why) for ref in named.refs)


def _would_fail(
    top: Hypothesis, name: str, probe: str, spec: Probe, service: Service
) -> str | None:
    """Why a probe would fail if the hypothesis were right; None if it need not."""
    match top.failure_type:
        case FailureType.PROCESS_DOWN if isinstance(spec, ProcessProbe):
            return "its process does not run"
        case FailureType.PROCESS_HUNG if service.work and probe == service.work.backlog:
            return "work waits too long"
        case FailureType.BAD_RELEASE if name == top.component and isinstance(spec, HttpProbe):
            return "other pages of that release may fail as well"
        case FailureType.DEPENDENCY_FAILURE if name == top.component:
            return f"{name} itself is not well"
        case kind if kind in _LOCKS and isinstance(spec, SqlProbe) and spec.means is not None:
            return "others wait for what it holds"
        case _:
            return None


def _risk(actions: Sequence[Action], catalogue: Catalogue) -> Iterator[Chosen]:
    """What the actions could break: whatever stands on what they touch, and what needs that."""
    for action in actions:
        for name in touched(action, catalogue):
            needing = [n for n, s in catalogue.services.items() if name in s.depends_on]
            for each in (name, *needing):
                through = "" if each == name else f", which {each} needs"
                why = f"{action.id} is {action.effects.kind} and touches {name}{through}."
                yield from _all_of(each, Role.RISK, why, catalogue)


def _neighbours(incident: Incident, catalogue: Catalogue) -> Iterator[Chosen]:
    for ref in catalogue.neighbour_probes(incident.service, incident.symptom):
        if ref.service == incident.service:
            why = f"It looks at {incident.service}, too, and must not get worse."
        elif ref.service in catalogue.services[incident.service].depends_on:
            why = f"{incident.service} needs {ref.service}, which must not get worse."
        else:
            why = f"{ref.service} needs {incident.service}, and must not get worse."
        yield Chosen(ref=ref, role=Role.NEIGHBOUR, why=why)


def _all_of(service: str, role: Role, why: str, catalogue: Catalogue) -> Iterator[Chosen]:
    for probe, spec in catalogue.services[service].all_probes.items():
        if not spec.long:
            yield Chosen(ref=ProbeRef(service=service, probe=probe), role=role, why=why)
