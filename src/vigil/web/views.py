"""The shapes of requests and answers, as /openapi.json shows them."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from vigil.domain.account import Account
from vigil.domain.breaker import Breaker
from vigil.domain.incident import Incident, Stage
from vigil.domain.plan import Plan
from vigil.domain.proof import Proof
from vigil.domain.run import Health
from vigil.domain.timeline import Event
from vigil.domain.value import Instant, Sha256, Value
from vigil.domain.verdict import Verdict


def readable(line: str) -> str:
    """The same line; ``ValueError`` when a character in it is invisible or turns the direction."""
    if any(unicodedata.category(character).startswith("C") for character in line):
        raise ValueError("must hold no control, formatting or private characters")
    return line


Line = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200),
    AfterValidator(readable),
]
"""One line that a person wrote. No character in it is invisible or turns the direction of writing,
as it is shown in terminals, pages and logs.
"""


class Welcome(Value):
    """Where to go from here."""

    name: str
    api: str
    alive: str
    ready: str


class Alive(Value):
    """This process answers."""

    alive: bool


class Ready(Value):
    """Each part, and whether all of them work."""

    ready: bool
    parts: tuple[Health, ...]


class Heard(Value):
    """What is known of a delivery that is on disk now, and taken in soon."""

    alerts: int
    not_understood: str | None
    without_effect: str | None


class Token(Value):
    """The access token, to make a session from."""

    token: str = Field(max_length=500)


class SessionOpened(Value):
    """``csrf`` goes into the header X-CSRF-Token of each change."""

    csrf: str
    lifetime_s: int


class Incidents(Value):
    """Newest first."""

    incidents: tuple[Incident, ...]


class OneIncident(Value):
    """An incident and the seconds it spent in each stage, the present one included."""

    incident: Incident
    stages: dict[Stage, float]


class TimelineEvent(Value):
    """One event; ``payload`` is null once it was erased."""

    seq: int
    at: Instant
    kind: str
    payload: dict[str, JsonValue] | None
    hash: str

    @classmethod
    def of(cls, event: Event) -> "TimelineEvent":
        """Without the salt: who has it could find out what an erased payload was."""
        return cls.model_validate(event.model_dump(include=set(cls.model_fields)))


class Timeline(Value):
    """A page of a timeline; ``more`` says that there are events after the last one here."""

    events: tuple[TimelineEvent, ...]
    more: bool


class PlanJudged(Value):
    """The plan of an attempt, its digest, and the gate's word on it; null before there is one."""

    plan: Plan | None
    digest: Sha256 | None
    verdict: Verdict | None


class ProofFound(Value):
    """The proof of an attempt; null before there is one.

    ``account`` is what people are shown of it; before there is a proof, what would be one.
    """

    proof: Proof | None
    account: Account | None


class AnswerToPlan(Value):
    """A person's answer to one plan: another digest is another plan."""

    plan_digest: Sha256
    by: Line = "somebody with the access token"


class CancelOrder(Value):
    """A person takes the incident in hand."""

    by: Line = "somebody with the access token"
    reason: Line = ""


class AnswerTaken(Value):
    """Of any number of answers to one plan exactly one has ``won``; a cancellation is one too.

    ``text`` says what happened, and of one that came too late by whom and when.
    """

    won: bool
    text: str


class Breakers(Value):
    """The breakers that are tripped now."""

    breakers: tuple[Breaker, ...]


class ResetOrder(Value):
    """A person closes a breaker, having looked at the incident that tripped it."""

    breaker: Line = Field(min_length=1)
    incident: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    by: Line = "somebody with the access token"
    why: Line = Field(min_length=1)


class StopOrder(Value):
    """``now`` also kills what is running."""

    now: bool = False
    text: Line = ""
    by: Line = "somebody with the access token"


class ResumeOrder(Value):
    """Let Vigil act again."""

    by: Line = "somebody with the access token"
