"""A step of a journey in a few words, as sentences and lists name it."""

from collections.abc import Callable

from vigil.domain.journey import JourneyStep, PageExpectation

Say = Callable[[str], str]
"""A text as it may be told: short, and without any value that is filled in."""


def named(step: JourneyStep, quote: Say, place: Say) -> str:
    """``quote`` tells a selector or what a page has to show, ``place`` an address."""
    within = f" in {quote(step.frame)}" if step.frame is not None else ""
    return f"{_deed(step, quote, place)}{within}"


def _deed(step: JourneyStep, quote: Say, place: Say) -> str:
    if step.open is not None:
        return f"open {place(step.open)}"
    if step.fill is not None:
        return f"fill {', '.join(map(quote, step.fill))}"
    if step.expect is not None:
        return f"expect {_expected(step.expect, quote)}"
    if step.measure is not None:
        return f"measure at most {step.measure.within_ms:,g} ms"
    if step.screenshot is not None:
        return f"screenshot of the {step.screenshot}"
    for deed in ("click", "submit", "note"):
        if (selector := getattr(step, deed)) is not None:
            return f"{deed} {quote(selector)}"
    raise ValueError("a step is one thing")  # as its own validator says


def _expected(expect: PageExpectation, quote: Say) -> str:
    if expect.console is not None:
        return "a clean console"
    if expect.element is not None:
        return f"{quote(expect.element)}{'' if expect.there else ' not to be there'}"
    return quote(expect.text or expect.url or "")
