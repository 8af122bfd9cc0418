"""The symptom's own metric: what the source of an alert counts, whatever the probes say.

It is back when the source's condition is clear and the number is where it was before the trouble:
from all requests failing to one in five is better, and it is not well.
"""

from datetime import timedelta

from vigil.domain.catalogue import Condition
from vigil.domain.plan import Plan
from vigil.domain.telemetry import A_TENTH_S, FEWEST_REQUESTS, TWICE, Latency, Ratio, Usual
from vigil.domain.value import Instant, Value
from vigil.verify.eyes import Eyes

BEFORE = timedelta(seconds=15)
"""How long before anybody spoke of it the trouble may have begun."""
A_FEW = 2
"""So many bad requests among those of a window may be chance, however rare they were before."""
NEAR = 0.5
"""Where nobody remembers what is usual: so much of the condition's limit may go on failing."""


class Metric(Value):
    """How the symptom's requests fare now. ``back`` is None where nobody counts them."""

    back: bool | None
    text: str
    bad: float | None = None
    """Their bad share, 0 to 1."""


UNCOUNTED = Metric(back=None, text="No source of alerts counts this symptom, or too little to say.")

GONE_QUIET = Metric(
    back=False,
    text="Its requests were counted before the plan acted, and too few or none are counted now.",
)


def condition_of(plan: Plan, eyes: Eyes) -> Condition | None:
    """What the source of the alert looks at, if the catalogue says it."""
    service = eyes.catalogue.services.get(plan.service)
    symptom = service.symptoms.get(plan.symptom) if service else None
    return symptom.condition if symptom else None


async def counted(plan: Plan, eyes: Eyes) -> Ratio | None:
    """Bad and all requests now; None when there is no condition or nothing was counted."""
    condition = condition_of(plan, eyes)
    return await eyes.telemetry.bad_ratio(plan.service, condition) if condition else None


async def condition_holds(plan: Plan, eyes: Eyes) -> bool | None:
    """Whether it is true now; None when there is none or too little was counted to say."""
    condition, ratio = condition_of(plan, eyes), await counted(plan, eyes)
    return ratio.exceeds(condition.above) if condition and ratio else None


async def usually(plan: Plan, eyes: Eyes, opened_at: Instant) -> Usual | None:
    """How its requests fared before the trouble, as far as that is remembered."""
    condition = condition_of(plan, eyes)
    if condition is None:
        return None
    return await eyes.telemetry.usual(plan.service, condition, opened_at - BEFORE)


async def metric(plan: Plan, eyes: Eyes, usual: Usual | None, bad_before: float | None) -> Metric:
    """Whether the metric is back, by the source's own condition and by what is usual.

    Where it was counted right before the plan acted (``bad_before``) it has to be counted again:
    a service that nobody asks any more has no bad requests either.
    """
    condition, ratio = condition_of(plan, eyes), await counted(plan, eyes)
    holds = ratio.exceeds(condition.above) if condition and ratio else None
    if condition is None or ratio is None or holds is None:
        return UNCOUNTED if bad_before is None else GONE_QUIET
    if holds:
        return _not_back(ratio, f"the condition of the symptom still holds ({_share(ratio)} fail)")
    if usual is None:
        return _without_memory(ratio, condition)
    if ratio.value > usual.bad.reach(share=0.0, least=A_FEW / ratio.total):
        return _not_back(
            ratio, f"{_share(ratio)} of the requests fail; {usual.bad.median:.1%} is usual"
        )
    since = eyes.clock.now() - timedelta(seconds=condition.window_s)
    slow = _slow(await eyes.telemetry.latency(plan.service, since, condition.where), usual)
    if slow is not None:
        return _not_back(ratio, slow)
    text = f"{_share(ratio)} of its requests fail, as usual ({usual.bad.median:.1%})."
    return Metric(back=True, text=text, bad=ratio.value)


def _without_memory(ratio: Ratio, condition: Condition) -> Metric:
    """A limit says where alarm begins, not where all is well."""
    if ratio.value > max(NEAR * condition.above, A_FEW / ratio.total):
        return _not_back(
            ratio, f"{_share(ratio)} of the requests fail, and nobody knows whether that is usual"
        )
    text = f"Its condition is clear ({_share(ratio)} fail); what is usual is not known."
    return Metric(back=True, text=text, bad=ratio.value)


def _slow(latency: Latency | None, usual: Usual) -> str | None:
    if latency is None or usual.seconds is None or latency.requests < FEWEST_REQUESTS:
        return None
    if latency.now_s <= usual.seconds.reach(share=TWICE, least=A_TENTH_S):
        return None
    return f"a request takes {latency.now_s:.2f} s; {usual.seconds.median:.2f} s is usual"


def _not_back(ratio: Ratio, why: str) -> Metric:
    return Metric(back=False, text=f"{why[0].upper()}{why[1:]}.", bad=ratio.value)


def _share(ratio: Ratio) -> str:
    return f"{ratio.value:.1%}"
