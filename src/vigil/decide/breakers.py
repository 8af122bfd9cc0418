"""Breakers: what was allowed often, or failed lately, is not allowed for a while.

They are worked out from what was executed, so nothing has to be kept in step with it. One is reset
by what shows that it may be, a plan that a person approved and that was proven, or by the word of a
person, which is on record with the plan that tripped it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import takewhile

from vigil.decide.facts import HOUR, Lately
from vigil.domain import breaker
from vigil.domain.breaker import Breaker
from vigil.domain.executed import LONGEST, Executed
from vigil.domain.policy import Policy
from vigil.domain.policy_rules import Rule
from vigil.domain.proof import TRIALS, Outcome
from vigil.domain.value import Instant
from vigil.domain.verdict import Decision, readable_time

FAILED = frozenset({Outcome.NOT_FIXED, Outcome.REGRESSED})


def of_rule(rule: Rule, policy: Policy, lately: Lately) -> Iterator[Breaker]:
    """Those because of which a rule allows nothing now."""
    if rule.then is not Decision.ALLOW:
        return
    under = [each for each in lately.executed if rule.id in each.policy_rules]
    many = _too_many(rule, [each for each in lately.last_hour if rule.id in each.policy_rules])
    failed = _failed(breaker.of_rule(rule.id), f"rule '{rule.id}'", under, policy, lately)
    yield from (each for each in (many, failed) if each is not None)


def of_runbook(runbook: str | None, policy: Policy, lately: Lately) -> Breaker | None:
    """The one because of which everything of a runbook is asked about, whatever rule allows it."""
    if runbook is None:
        return None
    same = [each for each in lately.executed if each.runbook == runbook]
    return _failed(breaker.of_runbook(runbook), f"runbook '{runbook}'", same, policy, lately)


def of_all(policy: Policy, lately: Lately) -> str | None:
    """Why every remedy is asked about, as a sentence."""
    if lately.executed_last_hour < policy.max_executions_per_hour:
        return None
    return (
        f"{lately.executed_last_hour} plans were executed in the last hour, the breaker is at "
        f"{policy.max_executions_per_hour}"
    )


def tripped(policy: Policy, lately: Lately) -> tuple[Breaker, ...]:
    """All of them, that of all first."""
    found: list[Breaker | None] = []
    everything = of_all(policy, lately)
    if everything is not None and lately.executed:
        found.append(_said(breaker.ALL, everything, lately.executed[0], None))
    if policy.rules is not None:
        for rule in policy.rules:
            found += of_rule(rule, policy, lately)
        runbooks = dict.fromkeys(each.runbook for each in lately.executed)
        found += [of_runbook(runbook, policy, lately) for runbook in runbooks]
    return tuple(each for each in found if each is not None)


def looks_back(policy: Policy) -> timedelta:
    """How old a plan may be that any breaker still counts."""
    return max(HOUR, timedelta(seconds=policy.breaker_rests_s)) + LONGEST


def _too_many(rule: Rule, within_hour: Sequence[Executed]) -> Breaker | None:
    most, which = rule.most_per_hour, breaker.of_rate(rule.id)
    counted = _since_reset(which, within_hour)
    if most is None or len(counted) < most:
        return None
    text = (
        f"rule '{rule.id}' let {len(counted)} plans through in the last hour, its breaker is at "
        f"{most}"
    )
    return _said(which, text, counted[0], counted[most - 1].at + HOUR)


def _failed(
    which: str, whose: str, executed: Iterable[Executed], policy: Policy, lately: Lately
) -> Breaker | None:
    """The newest proof decides: one that failed trips it, one that is verified resets it."""
    # By when each came out: one that began earlier may fail later, and after a reset as well.
    known = sorted(executed, key=lambda each: each.known_at, reverse=True)
    told = (each for each in _since_reset(which, known) if _says_something(each, lately.at))
    last = next(told, None)
    if last is None or last.outcome not in FAILED:
        return None
    rested = last.known_at + timedelta(seconds=policy.breaker_rests_s)
    if lately.at is not None and lately.at >= rested:
        return None
    became = f"was {last.outcome} in incident {last.incident}"
    if last.came_back_as is not None:
        became = f"held only until what it had cured in incident {last.incident} came back as "
        became += f"incident {last.came_back_as}"
    text = (
        f"the last plan of {whose} {became}; its breaker is tripped until {readable_time(rested)}, "
        "or until a plan that a person approves is proven"
    )
    return _said(which, text, last, rested)


def _since_reset(which: str, executed: Iterable[Executed]) -> list[Executed]:
    return list(takewhile(lambda each: which not in each.resets, executed))


def _says_something(executed: Executed, now: Instant | None) -> bool:
    """Whether it came to its end and was looked at, or made something worse on the way there.

    What was proven at a time to come was dated by a clock that is set right by now, and would
    outweigh every failure until then; one that failed counts all the same.
    """
    if executed.interrupted:
        return executed.outcome is Outcome.REGRESSED
    if now is not None and executed.known_at > now:
        return executed.outcome in FAILED
    return executed.outcome in TRIALS


def _said(which: str, text: str, newest: Executed, until: Instant | None) -> Breaker:
    return Breaker(
        id=which, text=text, incident=newest.incident, attempt=newest.attempt, until=until
    )
