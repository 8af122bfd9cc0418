"""What all walks of one journey have in common."""

from vigil.domain.journey import JourneyProbe, JourneyStep
from vigil.domain.scrub import clean
from vigil.integrations._clients.filled import Filled
from vigil.integrations._clients.http import shown
from vigil.integrations._clients.step_words import named

MOST_WORDS = 200


class Walker:
    """A journey, its steps in words, and what has to stay out of every sentence."""

    def __init__(self, journey: JourneyProbe) -> None:
        self.journey = journey
        self.filled = Filled(journey)
        self.texts = tuple(clean(self._named(step), MOST_WORDS) for step in journey.steps)
        """The steps, without any value that is filled in."""
        asked = (step.expect.console for step in journey.steps if step.expect is not None)
        self.listens = any(asked)
        """Whether it matters what the pages' scripts complain of."""

    def _named(self, step: JourneyStep) -> str:
        if step.screenshot is not None:
            return "screenshot, which a swarm leaves out"
        return named(step, self._quote, self._place)

    def _quote(self, text: str) -> str:
        return f"'{self.filled.hidden(text)}'"

    def _place(self, url: str) -> str:
        return self.filled.hidden(shown(url))
