"""The rules of ``policy.yaml``, read for each action of a plan, and for each undo.

They are read from the top, up to the first ``allow`` that fits. Of those that fit on the way the
strictest counts. Where none fits, it is asked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import ceil

from vigil.decide import breakers
from vigil.decide.facts import Facts
from vigil.decide.undoes import named, resources_of, that_change
from vigil.domain.effects import Risk
from vigil.domain.plan import Action, Plan
from vigil.domain.policy import Policy
from vigil.domain.policy_rules import Rule, When
from vigil.domain.verbs import process
from vigil.domain.verdict import Decision

Says = tuple[Decision, str]

_PROCESS_VERBS = frozenset(verb.name for verb in process.VERBS)


@dataclass(frozen=True)
class Fired:
    """A rule of the policy, and the actions that it fits."""

    rule: Rule
    actions: tuple[str, ...]

    @property
    def says(self) -> Says:
        """The decision, and why as a sentence for people."""
        because = self.rule.because.rstrip(".")
        return self.rule.then, f"rule '{self.rule.id}' on {named(self.actions)}: {because}"


@dataclass(frozen=True)
class Reading:
    """What came of reading all rules for all actions."""

    fired: tuple[Fired, ...]
    resting: tuple[Fired, ...]
    """Rules that would have allowed what is asked now, were their breakers not tripped."""
    why: Mapping[str, str]
    """Why rules rest, by their ids."""
    unmatched: tuple[str, ...]
    """Actions that no rule fits."""

    @property
    def ids(self) -> tuple[str, ...]:
        """All rules that this came of."""
        return tuple(each.rule.id for each in (*self.fired, *self.resting))

    @property
    def says(self) -> Iterator[Says]:
        """Every rule that fired, and what is asked because none did."""
        yield from (each.says for each in self.fired)
        yield from ((Decision.ASK, self.why[each.rule.id]) for each in self.resting)
        if self.unmatched:
            yield Decision.ASK, f"no rule of the policy fits {named(self.unmatched)}"


NOT_READ = Reading(fired=(), resting=(), why={}, unmatched=())
"""Nothing fired and nothing is asked."""


@dataclass(frozen=True)
class _Read:
    """What came of reading the rules for one action."""

    fitting: tuple[Rule, ...]
    resting: tuple[Rule, ...]


def read(policy: Policy, plan: Plan, facts: Facts, risk: Risk) -> Reading:
    """Read the rules for a plan; a rule whose breaker is tripped is as if it were not there."""
    rules = policy.rules or ()
    why = {
        rule.id: tripped[0].text
        for rule in rules
        if (tripped := tuple(breakers.of_rule(rule, policy, facts)))
    }
    found = {
        action.id: _up_to_allow([r for r in rules if _fits(r, action, plan, facts, risk)], why)
        for action in (*plan.actions, *that_change(plan))
    }
    return Reading(
        fired=_fired(rules, {action: each.fitting for action, each in found.items()}),
        resting=_fired(rules, {action: each.resting for action, each in found.items()}),
        why=why,
        unmatched=tuple(a for a, each in found.items() if not (each.fitting or each.resting)),
    )


def _up_to_allow(fitting: Sequence[Rule], why: Mapping[str, str]) -> _Read:
    read: list[Rule] = []
    for rule in fitting:
        if rule.id not in why:
            read.append(rule)
            if rule.then is Decision.ALLOW:
                return _Read(fitting=tuple(read), resting=())
    return _Read(fitting=tuple(read), resting=tuple(rule for rule in fitting if rule.id in why))


def _fired(rules: tuple[Rule, ...], found: Mapping[str, tuple[Rule, ...]]) -> tuple[Fired, ...]:
    fired = (Fired(rule, tuple(a for a, its in found.items() if rule in its)) for rule in rules)
    return tuple(each for each in fired if each.actions)


def _fits(rule: Rule, action: Action, plan: Plan, facts: Facts, risk: Risk) -> bool:
    when, service = rule.when, facts.service
    return (
        _one_fits(when.services, plan.service)
        and _one_fits(when.teams, service.team)
        and _one_fits(when.failure_types, plan.failure_type)
        and (when.environments is None or facts.environment in when.environments)
        and (when.autonomy is None or service.autonomy in when.autonomy)
        and _touches(rule, action)
        and _in_time(rule, facts)
        and _within_bounds(when, action, plan, facts, risk)
    )


def _one_fits(patterns: tuple[str, ...] | None, word: str) -> bool:
    return patterns is None or any(fnmatchcase(word, pattern) for pattern in patterns)


def _touches(rule: Rule, action: Action) -> bool:
    """An ``allow`` has to know everything; for the others one thing is enough."""
    enough: Callable[[Iterable[bool]], bool] = all if rule.then is Decision.ALLOW else any
    found = (
        (rule.when.verbs, [call.verb for call in action.effects.calls]),
        (rule.when.resources, action.effects.resources),
    )
    return all(
        patterns is None or enough(_one_fits(patterns, word) for word in words)
        for patterns, words in found
    )


def _in_time(rule: Rule, facts: Facts) -> bool:
    """Whoever does not know the time is not allowed by it, and is asked or denied by it."""
    at = facts.at
    windows = (rule.when.hours, rule.when.dates)
    if at is None:
        return rule.then is not Decision.ALLOW or windows == (None, None)
    return all(kind is None or any(window.holds(at) for window in kind) for kind in windows)


def _within_bounds(when: When, action: Action, plan: Plan, facts: Facts, risk: Risk) -> bool:
    return (
        (when.effects is None or when.effects.holds(action.effects.kind))
        and (when.risk is None or when.risk.holds(risk))
        and all(
            bound is None or bound.holds(found)
            for bound, found in (
                (when.confidence, facts.confidence),
                (when.context_match, facts.context_match),
                (when.resource_count, len(resources_of(plan))),
                (when.share_of_instances, share_of_instances(plan, facts)),
                (when.executed_on_service, _executed_on(plan.service, facts)),
                (when.executed_in_all, len(facts.last_hour)),
            )
        )
    )


def _executed_on(service: str, facts: Facts) -> int:
    return sum(each.service == service for each in facts.last_hour)


def share_of_instances(plan: Plan, facts: Facts) -> int:
    """How many of a hundred instances of the service a plan touches, rounded up.

    A call that names none of them may mean them all. Only ``process.*`` names any: what other verbs
    are told by the same name is something else.
    """
    processes = facts.service.processes
    instances = set(processes.names) if processes else set()
    touched: set[str] = set()
    actions = (*plan.actions, *that_change(plan))
    for call in (call for action in actions for call in action.effects.calls):
        named = instances.intersection(call.arguments if call.verb in _PROCESS_VERBS else ())
        if not named:
            return 100
        touched |= named
    return ceil(100 * len(touched) / len(instances)) if touched else 0
