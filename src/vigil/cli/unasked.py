"""What the shipped policy would do with a script when all speaks for it: the gate itself says."""

from functools import cache
from itertools import islice

from vigil.cli.sketch import sketched_match, sketched_plan
from vigil.decide.gate import Facts, weigh
from vigil.domain.catalogue import Autonomy, Service
from vigil.domain.effects import Effects
from vigil.domain.plan import Action, Plan
from vigil.domain.policy import Policy
from vigil.domain.verdict import Decision
from vigil.guard import analyse_action, surely_unknown
from vigil.guard.findings import Report
from vigil.guard.invariants import breaches, breaks_any

Judgement = tuple[Decision, tuple[str, ...]]

MOST_SAID = 20
"""Of the invariants that a script breaks."""
_SHIPPED = Policy()
_NOT_BASH: Judgement = (Decision.DENY, ("deny: scripts of a plan are written in bash",))


def runs_unasked(code: str, language: str, report: Report) -> bool:
    """Whether ``decision_on`` allows it.

    The gate is not asked about what an invariant forbids anyway, nor about what the guard cannot
    read with certainty, which the gate denies: of many scripts that is nearly all, and its answer
    takes as long as a third of the survey.
    """
    if language != "bash" or breaks_any(report.findings) or surely_unknown(code):
        return False
    decision, _ = decision_on(code, language, report)
    return decision is Decision.ALLOW


def decision_on(code: str, language: str, report: Report) -> Judgement:
    """Allow, ask or deny, and the rules that fired.

    At full confidence and context match, with every grant of the lab's shop: whatever is not
    allowed here is never run unasked. What the guard reads with certainty is what counts; the
    report of everything else can only forbid.
    """
    if language != "bash":
        return _NOT_BASH
    effects = analyse_action(code, None)
    weighed = weigh(_plan(code, effects), _SHIPPED, _facts())
    broken = [
        f"{Decision.DENY}: it breaks '{breach.invariant}': {breach.finding.reason}"
        for breach in breaches(report.findings, effects.resources)
    ]
    if not broken:
        return weighed.decision, weighed.rules
    denied = (rule for rule in weighed.rules if not rule.startswith(Decision.ALLOW))
    return Decision.DENY, (*denied, *islice(dict.fromkeys(broken), MOST_SAID))


def _plan(code: str, effects: Effects) -> Plan:
    action = Action(
        id="script",
        title="the script",
        # The guard refuses halves of characters, and a plan cannot hold them.
        script=code.encode(errors="replace").decode(),
        grants=tuple(sorted({call.grant for call in effects.calls})),
        effects=effects,
        no_undo="none was given",
    )
    return sketched_plan((action,), "shop")


@cache
def _facts() -> Facts:
    return Facts(
        service=_shop(),
        confidence=100,
        match=sketched_match(100),
        stopped=False,
        executed_last_hour=0,
    )


def _shop() -> Service:
    """Every grant that the lab's shop has; a call of any other is not granted, and so denied."""
    return Service.model_validate(
        {
            "autonomy": Autonomy.AUTO,
            "grants": {
                "release": {
                    "verb": "release.switch",
                    "link": "/shop/current",
                    "releases": "/shop/all",
                },
                "restart": {
                    "verb": "process.restart",
                    "supervisor": "/shop/supervisor.sock",
                    "processes": ["web-1", "web-2", "worker"],
                },
                "sessions": {
                    "verb": "session.terminate",
                    "dsn": "dbname=shop",
                    "role": "shop",
                    "idle_s": 5,
                },
            },
        }
    )
