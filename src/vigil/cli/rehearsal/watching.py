"""One incident as the API tells it, kept up to date by asking for what is new."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vigil.cli.client import Client

OPEN_STAGES = (
    "TRIGGERED",
    "INVESTIGATING",
    "HYPOTHESIS_RECEIVED",
    "CONTEXT_RETRIEVED",
    "SYNTHESIZING",
    "EXECUTING",
    "VERIFYING",
)
Json = dict[str, Any]


@dataclass
class Watching:
    """What is known of one incident; ``refresh`` reads on from where it stopped."""

    client: Client
    id: str
    incident: Json = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)

    def refresh(self) -> None:
        """Ask for the incident, then for the events that are new.

        In this order: of an incident that is seen to be closed, the last event is seen as well.
        """
        whole = self.client.get(f"/api/incidents/{self.id}")
        self.incident, self.stages = whole["incident"], whole["stages"]
        after = self.events[-1]["seq"] if self.events else 0
        self.events += self.client.timeline(self.id, after)

    @property
    def closed(self) -> bool:
        """Nothing more will happen."""
        return self.incident.get("closed_at") is not None

    @property
    def outcome(self) -> str:
        """How it ended."""
        return self.incident.get("outcome") or ""

    @property
    def opened_at(self) -> datetime:
        """When the first alert came in."""
        return datetime.fromisoformat(self.incident["opened_at"])

    @property
    def closed_at(self) -> datetime:
        """When it ended; only once it is closed."""
        return datetime.fromisoformat(self.incident["closed_at"])

    def payloads(self, kind: str) -> list[Json]:
        """What the events of one kind say, oldest first."""
        return [e["payload"] or {} for e in self.events if e["kind"] == kind]

    def last(self, kind: str) -> Json | None:
        """The newest event of one kind."""
        found = self.payloads(kind)
        return found[-1] if found else None

    @property
    def sources(self) -> list[str]:
        """Who reported it, in order."""
        heard = [e["payload"] or {} for e in self.events if e["kind"] in ("opened", "alert_joined")]
        return list(dict.fromkeys(str(p.get("source")) for p in heard))

    def rank_of(self, failure_type: str, component: str) -> int | None:
        """Where a cause stands among the hypotheses, 1 for the likeliest."""
        ranked = (self.last("hypotheses") or {}).get("ranked", [])
        for place, hypothesis in enumerate(ranked, start=1):
            if (hypothesis["failure_type"], hypothesis["component"]) == (failure_type, component):
                return place
        return None

    @property
    def actions_executed(self) -> int:
        """How many actions Vigil says that it started."""
        return len(self.payloads("executed"))


def newest(client: Client, known: set[str]) -> str | None:
    """The id of an incident that was not there before, if there is one."""
    ids = [one["id"] for one in client.get("/api/incidents", limit=50)["incidents"]]
    fresh = [one for one in ids if one not in known]
    return fresh[-1] if fresh else None


def all_ids(client: Client) -> set[str]:
    """The incidents that are there."""
    return {one["id"] for one in client.get("/api/incidents", limit=50)["incidents"]}


def in_words(client: Client, known: set[str]) -> tuple[str, ...]:
    """The incidents that are not among the known ones, the oldest first: what, where, how far."""
    listed = client.get("/api/incidents", limit=50)["incidents"]
    return tuple(
        f"{one['id']} ({one['title']}, {one['service']}, {one['outcome'] or one['stage']})"
        for one in reversed(listed)
        if one["id"] not in known
    )
