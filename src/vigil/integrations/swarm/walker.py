"""What all walks of one journey have in common."""

from vigil.domain.journey import JourneyProbe, JourneyStep, PageExpectation
from vigil.domain.scrub import clean
from vigil.integrations._clients.filled import Filled
from vigil.integrations._clients.http import shown

MOST_WORDS = 200


class Walker:
    """A journey, its steps in words, and what has to stay out of every sentence."""

    def __init__(self, journey: JourneyProbe) -> None:
        self.journey = journey
        self.filled = Filled(journey)
        self.texts = tuple(
            clean(self.filled.hidden(_named(step)), MOST_WORDS) for step in journey.steps
        )
        """The steps, without any value that is filled in."""
        asked = (step.expect.console for step in journey.steps if step.expect is not None)
        self.listens = any(asked)
        """Whether it matters what the pages' scripts complain of."""


def _named(step: JourneyStep) -> str:
    if step.open is not None:
        return f"open {shown(step.open)}"
    if step.fill is not None:
        return f"fill {', '.join(step.fill)}"
    if step.expect is not None:
        return f"expect {_expected(step.expect)}"
    if step.measure is not None:
        return f"measure at most {step.measure.within_ms:,g} ms"
    if step.screenshot is not None:
        return "screenshot, which a swarm leaves out"
    deeds = ((deed, getattr(step, deed)) for deed in ("click", "submit", "note"))
    return " ".join(next(each for each in deeds if each[1] is not None))


def _expected(expect: PageExpectation) -> str:
    if expect.console is not None:
        return "a clean console"
    if expect.element is not None:
        return f"'{expect.element}'{'' if expect.there else ' not to be there'}"
    return f"'{expect.text or expect.url}'"
