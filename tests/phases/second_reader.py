"""The rules of a policy read by somebody else, who knows the page of the reference and no more.

What the gate makes of them is compared with this; it is slow, literal and without a clever line.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from tests.phases.situations import Situation

from vigil.domain.executed import Executed
from vigil.domain.plan import Action
from vigil.domain.policy_rules import Rule
from vigil.domain.verdict import Decision
from vigil.guard import analyse

ORDER = {"effects": ["read", "reversible", "disruptive", "destructive", "unknown"]}
ORDER["risk"] = ["LOW", "MEDIUM", "HIGH"]
SEVERE = {"allow": 0, "ask": 1, "deny": 2}
FAILED = ("not_fixed", "regressed")


def by_the_rules(found: Situation) -> tuple[Decision, set[str]]:
    """What the rules alone say, the strictest of all actions, and the ids of those that said it."""
    words: list[str] = []
    named: set[str] = set()
    for action in [*found.plan.actions, *_undos(found)]:
        said, ids = _of_action(found, action)
        words += said
        named |= ids
    words += ["ask"] if _failed_lately(found, "runbook", found.plan.runbook) else []
    return Decision(max(words, key=lambda word: SEVERE[word])), named


def _undos(found: Situation) -> list[Action]:
    """Those that change something, as actions."""
    scripts = [each.undo for each in found.plan.actions if each.undo not in (None, "true")]
    return [
        found.plan.actions[0].model_copy(update={"undo": "", "effects": analyse(script or "")})
        for script in scripts
    ]


def _of_action(found: Situation, action: Action) -> tuple[list[str], set[str]]:
    said: list[str] = []
    ids: set[str] = set()
    resting: set[str] = set()
    for rule in found.policy.rules or ():
        if not _fits(found, rule, action):
            continue
        if _rests(found, rule):
            resting.add(rule.id)
            continue
        said.append(str(rule.then))
        ids.add(rule.id)
        if rule.then == "allow":
            return said, ids
    # Nothing allowed it: what would have, did it not rest, is named.
    asked = [] if said and not resting else ["ask"]
    return [*said, *asked], ids | resting


def _fits(found: Situation, rule: Rule, action: Action) -> bool:
    written = rule.when.model_dump(mode="json", exclude_none=True)
    return all(_holds(found, rule, action, name, wanted) for name, wanted in written.items())


def _holds(found: Situation, rule: Rule, action: Action, name: str, wanted: Any) -> bool:  # noqa: ANN401 - as it was written
    allows = rule.then == "allow"
    now = found.facts.at
    if name in {"hours", "dates"}:
        if now is None:
            return not allows
        return any(_is_within(name, each, now) for each in wanted)
    if name in {"verbs", "resources"}:
        verbs = [call.verb for call in action.effects.calls]
        words = verbs if name == "verbs" else _touched(action)
        fitting = [any(fnmatchcase(word, each) for each in wanted) for word in words]
        return False not in fitting if allows else True in fitting
    if isinstance(wanted, list):
        known = {
            "services": found.plan.service,
            "teams": found.facts.service.team,
            "failure_types": found.plan.failure_type,
            "environments": found.facts.environment,
            "autonomy": found.facts.service.autonomy,
        }
        return any(fnmatchcase(str(known[name]), each) for each in wanted)
    measured = _measured(found, action)[name]
    ((side, limit),) = wanted.items()
    if name in ORDER:
        measured, limit = ORDER[name].index(measured), ORDER[name].index(limit)
    return bool(measured >= limit if side == "at_least" else measured <= limit)


def _touched(action: Action) -> list[str]:
    """What is only read is not touched."""
    return [each.resource for each in action.effects.effects if each.kind != "read"]


def _is_within(kind: str, window: dict[str, Any], now: datetime) -> bool:
    """The windows of the situations, worked out by hand; Berlin is one hour ahead in March."""
    if kind == "dates":
        return (
            datetime.fromisoformat("2026-03-01T00:00Z")
            <= now
            < datetime.fromisoformat("2026-03-02T12:00Z")
        )
    if window["zone"] == "UTC":
        return now.isoweekday() == 7
    local = now + timedelta(hours=1)
    return local.hour >= 22 or local.hour < 6


def _measured(found: Situation, action: Action) -> dict[str, Any]:
    lately = [each for each in found.facts.executed if _in_last_hour(found, each)]
    return {
        "effects": str(action.effects.kind),
        "risk": _risk(found),
        "confidence": found.facts.confidence,
        "context_match": found.facts.context_match,
        "resource_count": len(
            {each for a in [*found.plan.actions, *_undos(found)] for each in _touched(a)}
        ),
        "share_of_instances": _share(found),
        "executed_in_all": len(lately),
        "executed_on_service": len([each for each in lately if each.service == "web"]),
    }


def _risk(found: Situation) -> str:
    ranks = [ORDER["risk"].index(found.plan.declared_risk)]
    for action in [*found.plan.actions, *_undos(found)]:
        by_kind = {"read": 0, "reversible": 0, "disruptive": 1}
        ranks.append(by_kind.get(str(action.effects.kind), 2))
        ranks.append(1 if action.undo is None else 0)
    return ORDER["risk"][max(ranks)]


def _share(found: Situation) -> int:
    named: set[str] = set()
    for action in [*found.plan.actions, *_undos(found)]:
        for call in action.effects.calls:
            words = call.arguments if call.verb.startswith("process.") else ()
            instances = {word for word in words if word in {"web-1", "web-2", "web-3"}}
            if not instances:
                return 100
            named |= instances
    return {0: 0, 1: 34, 2: 67, 3: 100}[len(named)]


def _in_last_hour(found: Situation, each: Executed) -> bool:
    return found.facts.at is None or each.at > found.facts.at - timedelta(hours=1)


def _rests(found: Situation, rule: Rule) -> bool:
    if rule.then != "allow":
        return False
    counted = [
        each
        for each in _after_reset(found.facts.executed, f"rate:{rule.id}")
        if rule.id in each.policy_rules and _in_last_hour(found, each)
    ]
    if rule.most_per_hour is not None and len(counted) >= rule.most_per_hour:
        return True
    return _failed_lately(found, "rule", rule.id)


def _failed_lately(found: Situation, kind: str, which: str | None) -> bool:
    if which is None:
        return False
    by_proof = sorted(found.facts.executed, key=_came_out, reverse=True)
    for each in _after_reset(by_proof, f"{kind}:{which}"):
        concerned = which in each.policy_rules if kind == "rule" else which == each.runbook
        if not concerned or each.outcome not in ("verified", *FAILED):
            continue
        ahead = found.facts.at is not None and _came_out(each) > found.facts.at
        if ahead and each.outcome not in FAILED and not each.interrupted:
            continue
        if each.interrupted and each.outcome != "regressed":
            continue
        rested = _came_out(each) + timedelta(seconds=found.policy.breaker_rests_s)
        over = found.facts.at is not None and found.facts.at >= rested
        return each.outcome in FAILED and not over
    return False


def _came_out(each: Executed) -> datetime:
    return each.at if each.proven_at is None else each.proven_at


def _after_reset(newest_first: Sequence[Executed], breaker: str) -> Iterator[Executed]:
    """Up to the one that it was reset with, of those that concern it."""
    kind, _, which = breaker.partition(":")
    for each in newest_first:
        concerned = which == each.runbook if kind == "runbook" else which in each.policy_rules
        # Only a plan that counted for it can have been named when it was reset.
        if concerned and breaker in each.resets:
            return
        yield each
