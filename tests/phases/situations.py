"""Policies, plans and facts that nobody wrote, near enough to each other that rules meet them.

Each is made of a number, so that hundreds of them are made in a second, and the same one again from
the number that a test prints. Much of what is made would be allowed, or nothing could be allowed
more or less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.phases.test_decide import GOOD, match, service
from tests.phases.values import RESTART, SWITCH_FORTH, plan
from tests.support.hand_clock import START
from tests.support.world import catalogue

from vigil.decide.gate import STRICTNESS, Facts, judge
from vigil.domain.breaker import of_rate, of_rule, of_runbook
from vigil.domain.catalogue import Autonomy, Environment, Processes
from vigil.domain.cost import Cost, Spent
from vigil.domain.effects import Call, Effect, EffectKind, Effects, Risk
from vigil.domain.executed import Executed
from vigil.domain.plan import Action, Plan
from vigil.domain.policy import Policy
from vigil.domain.policy_rules import DANGER_GROWS, Rule
from vigil.domain.proof import Outcome
from vigil.domain.verdict import Verdict

CATALOGUE = catalogue()
WEBS = Processes(supervisor="unix:///s.sock", names=("web-1", "web-2", "web-3"))
MILD = (EffectKind.READ, EffectKind.REVERSIBLE, EffectKind.DISRUPTIVE)
CALLS = (
    Call(verb="release.switch", grant="release", arguments=("sha256:1",)),
    Call(verb="process.restart", grant="restart", arguments=("web-1",)),
    Call(verb="process.restart", grant="restart", arguments=("web-2",)),
)
UNDOS = ("true", "true", None, None, SWITCH_FORTH, RESTART.replace("web-1", "web-2"))
RESOURCES = ("release:release", "process:restart/web-1", "process:restart/web-2", "file:/x", "?")
SUNDAY = {"days": ["sun"], "zone": "UTC"}
NIGHT = {"from": "22:00", "until": "06:00", "zone": "Europe/Berlin"}
MARCH = {"from": "2026-03-01", "until": "2026-03-02 12:00", "zone": "UTC"}
MOMENTS = (START, START, START, START + timedelta(hours=11), START + timedelta(days=1), None)

CONDITIONS: dict[str, tuple[Any, ...]] = {
    "services": (["web"], ["w*"], ["*"], ["db"]),
    "teams": (["pay*"], ["search"]),
    "environments": (["production"], ["lab"], ["production", "lab"]),
    "failure_types": (["bad_*"], ["hung_worker"]),
    "autonomy": (["auto"], ["approve"], ["auto", "approve"]),
    "verbs": (["release.*"], ["process.restart"], ["*"]),
    "resources": (["release:*"], ["process:*"], ["process:restart/web-?", "release:*"], ["*"]),
    "hours": ([SUNDAY], [NIGHT], [SUNDAY, NIGHT]),
    "dates": ([MARCH],),
}
LIMITS: dict[str, tuple[Any, ...]] = {
    "effects": tuple(EffectKind),
    "risk": tuple(Risk),
    "resource_count": (0, 1, 2, 3),
    "share_of_instances": (0, 33, 34, 66, 67, 100),
    "executed_in_all": (0, 1, 2),
    "executed_on_service": (0, 1, 2),
    "confidence": (50, 90, 95),
    "context_match": (50, 85, 95),
}

USED, RARE = 0.6, 0.08


@dataclass(frozen=True)
class Situation:
    """Everything that a verdict comes of."""

    plan: Plan
    policy: Policy
    facts: Facts

    @property
    def verdict(self) -> Verdict:
        return judge(self.plan, self.policy, self.facts)

    @property
    def strictness(self) -> int:
        return STRICTNESS.index(self.verdict.decision)

    @property
    def told(self) -> str:
        """As a person reads it who looks for the reason."""
        by = self.policy.model_dump_json(exclude_defaults=True)
        return f"{self.verdict}\n{by}\n{self.plan.actions}\n{self.facts}"

    def knowing(self, **changes: Any) -> "Situation":  # noqa: ANN401 - fields of facts
        return replace(self, facts=replace(self.facts, **changes))

    def of_service(self, **changes: Any) -> "Situation":  # noqa: ANN401 - fields of a service
        return self.knowing(service=self.facts.service.model_copy(update=changes))

    def with_policy(self, **changes: Any) -> "Situation":  # noqa: ANN401 - fields of a policy
        return replace(self, policy=self.policy.model_copy(update=changes))

    def with_plan(self, **changes: Any) -> "Situation":  # noqa: ANN401 - fields of a plan
        return replace(self, plan=self.plan.model_copy(update=changes))

    def with_effects(self, nth: int, **changes: Any) -> "Situation":  # noqa: ANN401 - fields
        changed = self.plan.actions[nth]
        effects = changed.effects.model_copy(update=changes)
        actions = list(self.plan.actions)
        actions[nth] = changed.model_copy(update={"effects": effects})
        return self.with_plan(actions=tuple(actions))


def an_action(rng: Random, name: str = "action-1") -> Action:
    effects = tuple(
        Effect(kind=rng.choice(MILD), resource=rng.choice(RESOURCES), reason="drawn", line=1)
        for _ in range(rng.choice([1, 1, 2]))
    )
    worst = max((each.kind for each in effects), key=lambda kind: kind.rank)
    calls = tuple(rng.choices(CALLS, k=rng.choice([0, 1, 1, 2])))
    return Action(
        id=name,
        title=name,
        script="true",
        grants=tuple({call.grant for call in calls}),
        effects=Effects(kind=worst, effects=effects, calls=calls),
        undo=rng.choice(UNDOS),
    )


def a_plan(rng: Random) -> Plan:
    drawn = [an_action(rng, f"action-{nth}") for nth in range(1, rng.choice([1, 2]) + 1)]
    risk = rng.choice([Risk.LOW, Risk.MEDIUM])
    return plan(CATALOGUE, *drawn).model_copy(update={"declared_risk": risk})


def a_rule(rng: Random, number: int, names: Sequence[str]) -> dict[str, Any]:
    """One as somebody writes it; its limits are the right way round."""
    then = rng.choice(["allow", "allow", "ask", "deny"])
    when: dict[str, Any] = {}
    for name in (name for name in names if rng.random() < USED):
        if name in CONDITIONS:
            when[name] = rng.choice(CONDITIONS[name])
        else:
            side = "at_most" if (then == "allow") == (name in DANGER_GROWS) else "at_least"
            when[name] = {side: rng.choice(LIMITS[name])}
    most = {"most_per_hour": rng.choice([1, 2])} if then == "allow" and rng.random() < RARE else {}
    return {"id": f"r{number}", "when": when, "then": then, "because": "Drawn.", **most}


def some_rules(rng: Random) -> list[dict[str, Any]]:
    """Few conditions, and the same ones in all rules, so that rules overlap."""
    names = rng.sample([*CONDITIONS, *LIMITS], k=rng.choice([1, 2, 3]))
    return [a_rule(rng, number, names) for number in range(rng.choice([0, 1, 2, 2, 3, 3, 4]))]


def a_policy(rng: Random) -> Policy:
    """A wide one; its rules may be in vain, which changes nothing of what they have to keep."""
    limits = Policy.model_validate(
        {
            "auto_confidence": rng.choice([0, 0, 90]),
            "auto_context_match": rng.choice([0, 0, 85]),
            "auto_max_risk": rng.choice(["HIGH", "MEDIUM"]),
            "auto_max_resources": rng.choice([99, 99, 2]),
            "max_executions_per_hour": rng.choice([10, 10, 10, 2]),
            "budget": {"per_incident": {"tokens": 100}, "per_day": {"money": "1.5"}},
        }
    )
    raw = some_rules(rng) if rng.random() > RARE else None
    drawn = None if raw is None else tuple(Rule.model_validate(each) for each in raw)
    return limits.model_copy(update={"rules": drawn})


def an_execution(rng: Random) -> Executed:
    breakers = [of_rule("r0"), of_rate("r0"), of_rule("r1"), of_runbook("bad-release")]
    at = START - timedelta(minutes=rng.choice([0, 10, 59, 60, 300][: rng.choice([3, 5])]))
    return Executed(
        incident="earlier",
        service=rng.choice(["web", "db"]),
        at=at,
        runbook=rng.choice(["bad-release", "another", None]),
        policy_rules=tuple(rng.sample(["r0", "r1", "r2"], k=rng.choice([0, 1, 2, 2]))),
        outcome=rng.choice([*Outcome, Outcome.NOT_FIXED, Outcome.NOT_FIXED, None]),
        proven_at=rng.choice([None, at, max(at, START - timedelta(minutes=rng.choice([1, 58])))]),
        interrupted=rng.random() < RARE,
        resets=(rng.choice(breakers),) if rng.random() < RARE else (),
    )


def some_facts(rng: Random) -> Facts:
    lately = [an_execution(rng) for _ in range(rng.choice([0, 1, 2, 3]))]
    cost = rng.choice([*[None] * 6, (100, "0.1"), (101, "0.1"), (5, "1.6")])
    spent = [Cost(tokens_in=cost[0], money=Decimal(cost[1]))] if cost else []
    return replace(
        GOOD,
        at=rng.choice(MOMENTS),
        environment=rng.choice(list(Environment)),
        confidence=rng.choice([50, 89, 90, 95, 99, 99]),
        match=match(rng.choice([50, 84, 85, 95, 99, 99])),
        service=service(
            processes=WEBS,
            team=rng.choice(["payments", "search", ""]),
            autonomy=Autonomy.APPROVE if rng.random() < RARE else Autonomy.AUTO,
        ),
        executed_last_hour=rng.choice([0, 0, 1, 2]),
        executed=tuple(sorted(lately, key=lambda each: each.at, reverse=True)),
        quiet=("web is silenced",) if rng.random() < RARE else (),
        spent=tuple(Spent(incident="inc-1", service="web", cost=each) for each in spent),
    )


def a_situation(rng: Random) -> Situation:
    return Situation(a_plan(rng), a_policy(rng), some_facts(rng))
