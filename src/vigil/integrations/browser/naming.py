"""A step in a few words, without any value that is filled in."""

from vigil.domain.journey import JourneyStep, PageExpectation
from vigil.integrations.browser.looks import Looks


def named(step: JourneyStep, looks: Looks) -> str:
    """As sentences and lists name it."""
    within = f" in {looks.quote(step.frame)}" if step.frame is not None else ""
    return f"{_deed(step, looks)}{within}"


def _deed(step: JourneyStep, looks: Looks) -> str:
    if step.open is not None:
        return f"open {looks.place(step.open)}"
    if step.fill is not None:
        return f"fill {', '.join(map(looks.quote, step.fill))}"
    if step.expect is not None:
        return f"expect {_expected(step.expect, looks)}"
    if step.measure is not None:
        return f"measure at most {step.measure.within_ms:,g} ms"
    if step.screenshot is not None:
        return f"screenshot of the {step.screenshot}"
    for deed in ("click", "submit", "note"):
        if (selector := getattr(step, deed)) is not None:
            return f"{deed} {looks.quote(selector)}"
    raise ValueError("a step is one thing")  # as its own validator says


def _expected(expect: PageExpectation, looks: Looks) -> str:
    if expect.console is not None:
        return "a clean console"
    if expect.element is not None:
        return f"{looks.quote(expect.element)}{'' if expect.there else ' not to be there'}"
    return looks.quote(expect.text or expect.url or "")
