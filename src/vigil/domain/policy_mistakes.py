"""Rules that contradict each other, or that nothing ever comes to, and limits that are no limit.

They are found by what is written, not by trying: two conditions that mean the same in other words
are taken for different ones. What is reported is surely a mistake; not every mistake is reported.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from vigil.domain.effects import Risk
from vigil.domain.policy_rules import DANGER_GROWS, DANGER_SHRINKS, Bound, Rule, When
from vigil.domain.references import Dangling
from vigil.domain.verbs import VERBS
from vigil.domain.verdict import Decision

NAMES = ("services", "teams", "failure_types")
"""Patterns of which one has to fit one word."""
SETS = ("environments", "autonomy", "hours", "dates")
"""Of which one has to be so."""
TOUCHED = ("verbs", "resources")
"""Patterns that an ``allow`` wants to fit everything, and the others anything."""
FLOORS = {"auto_confidence": 90, "auto_context_match": 85}
"""What it takes at least to act unasked where customers are."""


def mistakes_in(document: Any) -> Iterator[Dangling]:  # noqa: ANN401 - a raw document of any shape
    """Place and sentence of each such mistake in a raw policy; rules that are none are left out."""
    written = document if isinstance(document, Mapping) else {}
    yield from _upside_down(written)
    raw = written.get("rules")
    found = [_rule(each) for each in raw] if isinstance(raw, list) else []
    numbered = [(number, rule) for number, rule in enumerate(found) if rule is not None]
    yield from contradictions(numbered)


def mistakes_in_production(document: Any) -> Iterator[Dangling]:  # noqa: ANN401 - as above
    """The same, and each threshold that is lower than it may be outside of a lab."""
    for name, least in FLOORS.items():
        given = document.get(name) if isinstance(document, Mapping) else None
        if isinstance(given, int) and 0 <= given < least:
            text = (
                f"'{name}' is {given}, and nothing acts unasked below {least}; raise it or leave "
                "it out (only a catalogue with 'environment: lab' may have less)"
            )
            yield (name,), text
    yield from mistakes_in(document)


def _upside_down(written: Mapping[Any, Any]) -> Iterator[Dangling]:
    """What may run unasked at a risk at which nothing may run at all."""
    try:
        unasked, at_all = Risk(written["auto_max_risk"]), Risk(written["ask_max_risk"])
    except (KeyError, ValueError):
        return  # Not both are given, or what is wrong with them is reported with everything else.
    if unasked.rank > at_all.rank:
        text = (
            f"'auto_max_risk' is {unasked}, and above {at_all} ('ask_max_risk') nothing runs even "
            "when a person agrees; lower this one or raise that one"
        )
        yield ("auto_max_risk",), text


def _rule(raw: object) -> Rule | None:
    try:
        return Rule.model_validate(raw)
    except ValidationError:
        return None  # What is wrong with it is reported with everything else.


def contradictions(numbered: Sequence[tuple[int, Rule]]) -> Iterator[Dangling]:
    """Place and sentence of each mistake among rules that are sound by themselves."""
    for nth, (number, rule) in enumerate(numbered):
        for place, text in (*_misspelt(rule), *_wrong_way_round(rule)):
            yield ("rules", number, *place), text
        earlier = [each for _, each in numbered[:nth]]
        if any(each.id == rule.id for each in earlier):
            text = f"'{rule.id}' is the id of an earlier rule; give each one its own"
            yield ("rules", number, "id"), text
            continue
        denied_below = any(each.then is Decision.DENY for _, each in numbered[nth + 1 :])
        over = next(
            (each for each in earlier if _leaves_nothing_to(each, rule, denied_below=denied_below)),
            None,
        )
        if over is not None:
            yield ("rules", number), _said_of(rule, over)
            continue
        around = next(_read_after(rule, numbered[nth + 1 :]), None)
        if rule.most_per_hour is not None and around is not None:
            text = (
                f"this breaker of '{rule.id}' never counts: '{around.id}' allows the same below; "
                "give that one a breaker too, or narrow it"
            )
            yield ("rules", number, "most_per_hour"), text


def _read_after(rule: Rule, later: Sequence[tuple[int, Rule]]) -> Iterator[Rule]:
    """Allows without a breaker that fit whatever this one fits, with nothing else before them."""
    for _, each in later:
        if each.then is not Decision.ALLOW:
            return
        if each.most_per_hour is None and _covers(each, rule):
            yield each


def _misspelt(rule: Rule) -> Iterator[Dangling]:
    """Patterns that fit no verb at all: an ``ask`` or ``deny`` with one protects from nothing."""
    for number, pattern in enumerate(rule.when.verbs or ()):
        if not any(fnmatchcase(verb, pattern) for verb in VERBS):
            text = f"no verb fits '{pattern}'; correct it, these are there: {', '.join(VERBS)}"
            yield ("when", "verbs", number), text


def _wrong_way_round(rule: Rule) -> Iterable[Dangling]:
    """Limits by which a plan would be allowed more because it is worse."""
    allows = rule.then is Decision.ALLOW
    for names, wrong in (
        (DANGER_GROWS, "at_least" if allows else "at_most"),
        (DANGER_SHRINKS, "at_most" if allows else "at_least"),
    ):
        right = "at_most" if wrong == "at_least" else "at_least"
        for name in names:
            bound = getattr(rule.when, name)
            if bound is not None and getattr(bound, wrong) is not None:
                text = (
                    f"a rule that says '{rule.then}' may have '{right}' here and not '{wrong}', or "
                    "a more dangerous plan would be allowed more; turn it round"
                )
                yield ("when", name, wrong), text


def _leaves_nothing_to(earlier: Rule, later: Rule, *, denied_below: bool) -> bool:
    """After an ask nothing is allowed, a deny stays a deny, and so on; what rests asks."""
    in_vain = {
        # While the earlier one rests, a deny below it says more than that, and an allow as much.
        Decision.ALLOW: later.then is Decision.ASK
        or (later.then is Decision.ALLOW and earlier.most_per_hour is None),
        # With a deny below, the allow says that what is asked about is not denied there.
        Decision.ASK: later.then is Decision.ALLOW and not denied_below,
        Decision.DENY: True,
    }[earlier.then]
    return in_vain and _covers(earlier, later)


def _said_of(rule: Rule, over: Rule) -> str:
    verb = {Decision.ALLOW: "allowed", Decision.ASK: "asked", Decision.DENY: "denied"}[over.then]
    return (
        f"rule '{rule.id}' is in vain: everything that it fits is {verb} by '{over.id}' before; "
        "move it up, narrow that one, or remove one of them"
    )


def _covers(earlier: Rule, later: Rule) -> bool:
    """Whether the earlier rule surely fits wherever the later one does."""
    here, there = earlier.when, later.when
    same_sense = (earlier.then is Decision.ALLOW) == (later.then is Decision.ALLOW)
    return (
        all(_each_is_within(name, here, there) for name in NAMES)
        and all(_is_within(name, here, there) for name in SETS)
        and all(
            getattr(here, name) is None or (same_sense and _is_within(name, here, there))
            for name in TOUCHED
        )
        and all(_is_bounded(name, here, there) for name in (*DANGER_GROWS, *DANGER_SHRINKS))
    )


def _is_within(name: str, here: When, there: When) -> bool:
    wide, narrow = getattr(here, name), getattr(there, name)
    return wide is None or (narrow is not None and set(narrow) <= set(wide))


def _each_is_within(name: str, here: When, there: When) -> bool:
    wide, narrow = getattr(here, name), getattr(there, name)
    if wide is None or narrow is None:
        return wide is None or "*" in wide
    return all(any(_fits_too(pattern, other) for other in wide) for pattern in narrow)


def _fits_too(pattern: str, wider: str) -> bool:
    """Whether the wider pattern fits all that this one fits; in doubt it does not."""
    plain = not set(pattern) & set("*?[")
    return wider in ("*", pattern) or (plain and fnmatchcase(pattern, wider))


def _is_bounded(name: str, here: When, there: When) -> bool:
    wide: Bound[int] | None = getattr(here, name)
    narrow: Bound[int] | None = getattr(there, name)
    return wide is None or (narrow is not None and wide.covers(narrow))
