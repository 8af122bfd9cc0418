"""The service catalogue: what a user tells Vigil about the services (``vigil.yaml``)."""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PositiveFloat, model_validator
from pydantic_core import PydanticCustomError

from vigil.domain.alert import Severity
from vigil.domain.grant import Grant
from vigil.domain.inventory_source import InventorySource
from vigil.domain.probe import Probe, ProbeRef, ProcessProbe
from vigil.domain.raw_grant import RawGrant
from vigil.domain.references import dangling
from vigil.domain.signed import PublicKey
from vigil.domain.swarm import SwarmWish
from vigil.domain.value import Name, Value
from vigil.domain.verbs.base import Absolute
from vigil.domain.window import Windows

RUNNING = "processes-running"
"""Name of the probe that every service with processes has without asking."""
LONGEST_WATCH_S = 86_400
STARTS_WITHIN_S = 60
"""Many services take half a minute to end in order, and as long to start."""
LONGEST_START_S = 600
"""A cure that does not help is undone only when nothing may be starting any more."""


class Autonomy(StrEnum):
    """How far Vigil may go by itself on a service."""

    OBSERVE = "observe"
    """Report what it would have done."""
    SUGGEST = "suggest"
    """Hand the plan to a person and stop there."""
    APPROVE = "approve"
    """Run a plan once a person has approved it."""
    AUTO = "auto"
    """Run a plan unasked where the gate allows it."""


class Environment(StrEnum):
    """Shipped lab records of runbooks count in a lab only."""

    PRODUCTION = "production"
    LAB = "lab"


class ServiceKind(StrEnum):
    """What runbooks are written for."""

    WEB_APPLICATION = "web-application"
    WORKER = "worker"
    DATABASE = "database"
    CACHE = "cache"
    PROXY = "proxy"
    OTHER = "other"


class Processes(Value):
    """Where a service runs: named processes of a supervisor."""

    supervisor: str
    names: tuple[Name, ...] = Field(min_length=1)


class MetricsSource(Value):
    """One Prometheus text endpoint."""

    url: str
    instance: Name


class LogSource(Value):
    """One file of JSON lines."""

    path: str
    instance: Name


class SessionsSource(Value):
    """Where the sessions can be seen that a service has in its database.

    ``dsn`` is of somebody who may watch sessions (in PostgreSQL: ``pg_monitor``) and need not read
    any data; ``role`` is whom the service connects as.
    """

    on: Name
    """The service that is the database."""
    dsn: str
    role: str = Field(min_length=1, max_length=63)


class Telemetry(Value):
    """Where a service's metrics and logs are, and its sessions in a database."""

    metrics: tuple[MetricsSource, ...] = ()
    logs: tuple[LogSource, ...] = ()
    sessions: SessionsSource | None = None


class Work(Value):
    """How to see whether a service that takes work from a queue gets it done."""

    backlog: Name
    """A probe of this service that fails when work waits too long."""
    done: str
    """A counter among this service's metrics that grows with each piece that is finished."""
    paused: Name | None = None
    """A probe of this service that fails while somebody has paused the work on purpose."""
    longest_s: float = Field(default=60.0, ge=5.0, le=600.0)
    """How long one piece may honestly take: before that, nobody can tell a long one from a hang."""


class Changes(Value):
    """Where it is written down what was deployed, and where it shows how a service is set up."""

    release_log: str | None = None
    configuration: tuple[Absolute, ...] = Field(default=(), max_length=100)
    """Files that say how the service works; whoever changes one ends plans made before."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise PydanticCustomError(
            "regular_expression", "not a regular expression ({why})", {"why": str(error)}
        ) from None
    return pattern


class Condition(Value):
    """A source's own condition, as a ratio of bad to all over scraped counters."""

    metric: str
    where: dict[str, str] = {}
    bad: dict[str, Annotated[str, AfterValidator(_compiles)]]
    """Label to regular expression (full match) of what counts as bad."""
    window_s: PositiveFloat = 10.0
    above: float = Field(gt=0, lt=1)


class Symptom(Value):
    """Something that can be wrong as a user sees it; alerts of all sources are mapped to these."""

    severity: Severity = Severity.HIGH
    alerts: tuple[str, ...] = ()
    probes: tuple[Name, ...] = ()
    prove_with: tuple[Name, ...] = ()
    """Further probes that prove a cure: looked at before and after it, and not all the time."""
    condition: Condition | None = None


class Limits(Value):
    """Bounds of one incident."""

    max_actions: int = Field(default=6, ge=1, le=10)


class RemoteRunner(Value):
    """A runner near a remote target, which connects to this Vigil."""

    key: PublicKey
    """What `vigil keys runner` prints on its machine: whoever has this key is that runner."""


class Outside(Value):
    """What becomes of the incident of a tracker, such as PagerDuty, that Vigil's came from."""

    resolve: bool = True
    """Once a cure is proven."""
    acknowledge: bool = False
    """When Vigil begins to act; only where the tracker calls people again if nothing follows."""
    resolve_false_alarms: bool = False
    """Also when nothing was done because nothing is wrong."""


class Service(Value):
    """One service of the catalogue."""

    kind: ServiceKind = ServiceKind.OTHER
    team: str = ""
    owner: str = ""
    depends_on: tuple[Name, ...] = ()
    autonomy: Autonomy = Autonomy.OBSERVE
    processes: Processes | None = None
    telemetry: Telemetry = Telemetry()
    changes: Changes = Changes()
    also_known_as: tuple[str, ...] = ()
    """What sources of alerts call this service."""
    work: Work | None = None
    probes: dict[Name, Probe] = {}
    symptoms: dict[Name, Symptom] = {}
    grants: dict[Name, Grant] = {}
    raw_grants: dict[Name, RawGrant] = {}
    """Where scripts of free form may talk to, each time with a person's consent."""
    limits: Limits = Limits()
    inventory: InventorySource = InventorySource()
    """What must not be taken away to make it look healthy."""
    swarm: SwarmWish | None = None
    """How many users at once its cure has to bear; None: nobody asks for it."""
    runner: Name | None = None
    """Of the catalogue's runners: where its plans are run; None is this machine's own."""
    watch_after_s: int = Field(default=900, ge=0, le=LONGEST_WATCH_S)
    """For so long after it was proven fixed a symptom that comes back is the same trouble; 0: every
    trouble is a new one, and nobody looks again."""
    starts_within_s: int = Field(default=STARTS_WITHIN_S, ge=0, le=LONGEST_START_S)
    """For so long after a plan has acted it may be restarting: what may come back by itself is not
    held against the plan before."""
    maintenance: Windows = Windows()
    """When people work on it: then nothing is done to it, or to what needs it, unasked."""
    outside: Outside = Outside()
    """What may be done with the incidents of a tracker beyond writing there."""

    @property
    def configuration(self) -> tuple[str, ...]:
        """The files that say how it works: those it names, and those that grants may change.

        What grants name lies on the machine of the service's runner, where Vigil may not be.
        """
        near = self.grants.values() if self.runner is None else ()
        by_grants = (file for grant in near for file in grant.configuration)
        return tuple(sorted({*self.changes.configuration, *by_grants}))

    @property
    def all_probes(self) -> dict[Name, Probe]:
        """Its probes, and that its processes run.

        The second is looked at although nobody asked for it: a service whose failing part was
        taken away must not look healed.
        """
        if self.processes is None or RUNNING in self.probes:
            return self.probes
        running = ProcessProbe(
            kind="process", supervisor=self.processes.supervisor, names=self.processes.names
        )
        return {**self.probes, RUNNING: running}


class Watch(Value):
    """The own watcher: how often it looks and how often a probe must fail in a row."""

    interval_s: PositiveFloat = 5.0
    failures: int = Field(default=3, ge=1)


class Catalogue(Value):
    """All services of one installation."""

    version: Literal[1]
    environment: Environment = Environment.PRODUCTION
    watch: Watch = Watch()
    runners: dict[Name, RemoteRunner] = {}
    services: dict[Name, Service]

    @model_validator(mode="after")
    def _names_point_to_something(self) -> Self:
        mistakes = [
            f"{'.'.join(map(str, place))}: {text}"
            for place, text in dangling(self.model_dump(include={"services", "runners"}))
        ]
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self

    def service_called(self, name: str) -> str:
        """The name here of what a source calls so; its own word where nothing here is called so."""
        if name in self.services:
            return name
        called = [own for own, service in self.services.items() if name in service.also_known_as]
        return called[0] if len(called) == 1 else name

    def symptom_for(self, service: str, alert_name: str) -> str | None:
        """The symptom that an alert of this name means on this service, if somebody mapped it.

        Some sources put the alert's name into a sentence: it counts there as a whole word, unless
        the sentence names alerts of several symptoms.
        """
        known = self.services.get(service)
        if known is None:
            return None
        for name, symptom in known.symptoms.items():
            if alert_name == name or alert_name in symptom.alerts:
                return name
        words = {
            name
            for name, symptom in known.symptoms.items()
            if any(_is_word_of(alert, alert_name) for alert in symptom.alerts)
        }
        return words.pop() if len(words) == 1 else None

    def watched_probes(self, service: str, symptom: str) -> tuple[ProbeRef, ...]:
        """The probes that map to a symptom and may be run at any time."""
        known = self.services.get(service)
        mapped = known.symptoms.get(symptom) if known else None
        return tuple(ProbeRef(service=service, probe=p) for p in mapped.probes) if mapped else ()

    def proving_probes(self, service: str, symptom: str) -> tuple[ProbeRef, ...]:
        """The probes that prove a cure of a symptom: those that map to it, and its journeys."""
        watched = self.watched_probes(service, symptom)
        further = self.services[service].symptoms[symptom].prove_with if watched else ()
        return tuple(
            dict.fromkeys((*watched, *(ProbeRef(service=service, probe=p) for p in further)))
        )

    def neighbour_probes(self, service: str, symptom: str) -> tuple[ProbeRef, ...]:
        """Every other probe of the service, of what it needs and of what needs it.

        Journeys and their like are left out: they are long, or do much.
        """
        proving = set(self.proving_probes(service, symptom))
        return tuple(ref for ref in self.quick_probes(service) if ref not in proving)

    def quick_probes(self, service: str) -> tuple[ProbeRef, ...]:
        """Every probe of the service, of what it needs and of what needs it, but the long ones."""
        around = [service, *self.services[service].depends_on]
        around += [n for n, s in self.services.items() if service in s.depends_on]
        return tuple(
            ProbeRef(service=name, probe=probe)
            for name in dict.fromkeys(around)
            for probe, spec in self.services[name].all_probes.items()
            if not spec.long
        )

    def has(self, ref: ProbeRef) -> bool:
        """There is a probe at this place."""
        service = self.services.get(ref.service)
        return service is not None and ref.probe in service.all_probes

    def probe(self, ref: ProbeRef) -> Probe:
        """The probe at this place; KeyError when there is none."""
        return self.services[ref.service].all_probes[ref.probe]


def _is_word_of(word: str, sentence: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", sentence) is not None
