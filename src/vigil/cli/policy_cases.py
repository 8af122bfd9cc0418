"""Cases for a policy, as people sketch them: a plan and how things are, and what is expected."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from vigil.cli.sketch import sketched_match, sketched_plan
from vigil.decide.facts import Facts
from vigil.decide.gate import judge
from vigil.domain.catalogue import Autonomy, Environment, Processes, Service
from vigil.domain.cost import Cost, Money, Spent, Tokens
from vigil.domain.effects import Call, Effect, EffectKind, Effects, Risk
from vigil.domain.executed import Executed
from vigil.domain.plan import Action, Plan
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.value import Instant, Name, Value
from vigil.domain.verbs.base import BaseGrant
from vigil.domain.verdict import Decision, Verdict
from vigil.guard import analyse, analyse_action

Percent = Annotated[int, Field(ge=0, le=100)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class ActionCase(Value):
    """A script, of which the guard says what it does; or what it does, without a script."""

    script: str | None = Field(default=None, max_length=10_000)
    effects: EffectKind = EffectKind.REVERSIBLE
    resources: tuple[Text, ...] = ()
    calls: tuple[Text, ...] = ()
    """Verbs with their arguments: ``process.restart web-1``."""
    undo: bool = True

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.script is not None and self.model_fields_set - {"script", "undo"}:
            raise PydanticCustomError(
                "script_or_effects", "give either 'script' or what it does, not both"
            )
        return self

    def action(self, number: int) -> Action:
        """The action of a plan, as if somebody had written it."""
        effects = self._sketched() if self.script is None else self._read(self.script)
        return Action(
            id=f"action-{number}",
            title=f"action {number}",
            script=self.script or "true",
            grants=tuple(sorted({call.grant for call in effects.calls})),
            effects=effects,
            undo="true" if self.undo else None,
            no_undo=None if self.undo else "the case has none",
        )

    def _read(self, script: str) -> Effects:
        return analyse(script) if self.undo else analyse_action(script, None)

    def _sketched(self) -> Effects:
        return Effects(
            kind=self.effects,
            effects=tuple(
                Effect(kind=self.effects, resource=each, reason="so says the case", line=1)
                for each in self.resources
            ),
            calls=tuple(
                Call(verb=verb, grant=verb, arguments=tuple(arguments))
                for verb, *arguments in (call.split() for call in self.calls)
            ),
        )


class ExecutedCase(Value):
    """A plan that was executed before."""

    service: str = "another"
    minutes_ago: float = Field(default=10, ge=0)
    runbook: str | None = None
    rules: tuple[Name, ...] = ()
    """The rules of the policy that had fired for it."""
    outcome: Outcome | None = None


class Case(Value):
    """A plan, how things are, and what the gate is expected to say."""

    name: Text
    service: Name = "web"
    team: str = ""
    autonomy: Autonomy = Autonomy.AUTO
    environment: Environment = Environment.PRODUCTION
    instances: tuple[Name, ...] = ()
    failure_type: str = "bad_release"
    runbook: Name = "a-runbook"
    actions: tuple[ActionCase, ...] = Field(default=(ActionCase(),), min_length=1, max_length=10)
    risk: Risk = Risk.LOW
    confidence: Percent = 100
    context_match: Percent = 100
    provable: bool = True
    granted: bool = True
    stopped: bool = False
    at: Instant | None = None
    tokens: Tokens = 0
    money: Money = Decimal(0)
    """What the incident has cost so far."""
    executed: tuple[ExecutedCase, ...] = Field(default=(), max_length=1000)
    expect: Decision
    rules: tuple[Name, ...] | None = None
    """The rules of the policy that have to fire, all of them; left out, any may."""

    @model_validator(mode="after")
    def _known_when(self) -> Self:
        if self.executed and self.at is None:
            raise PydanticCustomError("no_time", "'executed' needs 'at', the time that it is now")
        return self

    def verdict(self, policy: Policy) -> Verdict:
        """What the gate says."""
        plan = self._plan()
        return judge(plan, policy, self._facts(plan))

    def fits(self, verdict: Verdict) -> bool:
        """Whether that is what was expected."""
        as_named = self.rules is None or set(self.rules) == set(verdict.policy_rules)
        return verdict.decision is self.expect and as_named

    def _plan(self) -> Plan:
        return sketched_plan(
            tuple(each.action(nth) for nth, each in enumerate(self.actions, start=1)),
            self.service,
            self.risk,
            failure_type=self.failure_type,
            runbook=self.runbook,
            provable=self.provable,
        )

    def _facts(self, plan: Plan) -> Facts:
        executed = tuple(self._executed())
        hour_ago = self.at - timedelta(hours=1) if self.at else None
        return Facts(
            service=self._service(plan),
            confidence=self.confidence,
            match=sketched_match(self.context_match, self.runbook, self.risk),
            stopped=self.stopped,
            executed_last_hour=sum(hour_ago is None or e.at > hour_ago for e in executed),
            environment=self.environment,
            at=self.at,
            executed=executed,
            spent=(Spent(incident=plan.incident, service=self.service, cost=self._cost),),
        )

    @property
    def _cost(self) -> Cost:
        return Cost(tokens_in=self.tokens, money=self.money)

    def _service(self, plan: Plan) -> Service:
        processes = Processes(supervisor="case", names=self.instances) if self.instances else None
        service = Service(team=self.team, autonomy=self.autonomy, processes=processes)
        calls = (call for action in plan.actions for call in action.effects.calls)
        grants = {call.grant: BaseGrant(verb=call.verb) for call in calls} if self.granted else {}
        return service.model_copy(update={"grants": grants})

    def _executed(self) -> Iterator[Executed]:
        if self.at is None:
            return
        for each in sorted(self.executed, key=lambda one: one.minutes_ago):
            yield Executed(
                incident="earlier",
                service=each.service,
                at=self.at - timedelta(minutes=each.minutes_ago),
                runbook=each.runbook,
                policy_rules=each.rules,
                outcome=each.outcome,
            )


class Cases(Value):
    """A table of cases."""

    cases: tuple[Case, ...] = Field(min_length=1, max_length=1000)
