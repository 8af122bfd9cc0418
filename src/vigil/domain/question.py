"""What whoever writes a plan may ask before, and what it is given back.

The list is closed and every question only looks. A question names things of the catalogue and of
the record by their names there; an address, a path or a query of one's own cannot be written in
it. The docstring of each is what a model is told about it.
"""

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field

from vigil.domain.hypothesis import FailureType
from vigil.domain.outbound import Outbound
from vigil.domain.value import Name, Value

OfService = Annotated[
    Name,
    Field(description="The incident's service, one that it depends on, or one that depends on it."),
]


class Metrics(Value):
    """How the requests behind a symptom fare: the bad share now and usually, and how long they
    take. A number that is missing is not known, which does not mean zero.
    """

    ask: Literal["metrics"] = "metrics"
    service: OfService
    symptom: Annotated[Name, Field(description="A symptom of this service in the catalogue.")]
    window_s: Annotated[float, Field(ge=5, le=3600, description="Seconds up to now.")] = 60.0


class LogTemplates(Value):
    """What a service's logs say: errors by kind, with how many there were, when, in which release
    and on which instances; and all lines as templates with counts and few examples.
    """

    ask: Literal["log_templates"] = "log_templates"
    service: OfService
    minutes: Annotated[int, Field(ge=1, le=1440, description="How far back.")] = 30


class RecentChanges(Value):
    """Releases of a service, newest first: which, when, by whom, instead of which other one."""

    ask: Literal["recent_changes"] = "recent_changes"
    service: OfService
    hours: Annotated[int, Field(ge=1, le=336, description="How far back.")] = 24


class RunProbe(Value):
    """Look once more with a probe of the catalogue: passing, failing or unknown, and what was seen.

    Long ones, such as a walk through pages, are not run to look around.
    """

    ask: Literal["run_probe"] = "run_probe"
    service: OfService
    probe: Annotated[Name, Field(description="The name of a probe of this service.")]


class ReadRunbook(Value):
    """What a runbook says, whole: for whom, its checks, its steps and its text."""

    ask: Literal["read_runbook"] = "read_runbook"
    runbook: Annotated[Name, Field(description="The id of a runbook.")]


class PastIncidents(Value):
    """Earlier incidents of the same service and symptom with this cause: what was done, and whether
    it was proven to help.
    """

    ask: Literal["past_incidents"] = "past_incidents"
    failure_type: Annotated[FailureType, Field(description="The cause that they had.")]


Question = Annotated[
    Metrics | LogTemplates | RecentChanges | RunProbe | ReadRunbook | PastIncidents,
    Field(discriminator="ask"),
]

QUESTIONS: Final = (Metrics, LogTemplates, RecentChanges, RunProbe, ReadRunbook, PastIncidents)
"""All of them, in an order that never changes: it is how a prompt begins."""


class Answer(NamedTuple):
    """What was found, fit to leave."""

    id: str
    """What reasons cite it by: ``tool-1``."""
    outbound: Outbound
    truncated: bool
    """Something was left out, and the text says so."""
    failed: bool
    """Nobody could look, or nobody was willing to: the text says why."""
