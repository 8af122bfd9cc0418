"""What a journey fills in stays out of every sentence: it may be a name or a password."""

import re
from urllib.parse import quote, quote_plus

from vigil.domain.journey import JourneyProbe

HIDDEN = "…"
SHORT = 4
"""Shorter values (a quantity) are hidden as whole words only, or no number would be readable."""


class Filled:
    """The values of one journey, as they are and as addresses write them."""

    def __init__(self, journey: JourneyProbe) -> None:
        values = {value for step in journey.steps for value in (step.fill or {}).values() if value}
        written = {form for value in values for form in (value, quote(value), quote_plus(value))}
        folded = {" ".join(form.split()) for form in written} - {""}
        patterns = [_pattern(form) for form in sorted(written | folded, key=len, reverse=True)]
        self.longest = max(map(len, written), default=0)
        """Characters of the longest one, as it may be written."""
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def hidden(self, text: str) -> str:
        """The text of somebody else without any of them."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def hidden_of_cut(self, text: str) -> str:
        """The same of a text that goes on; where a value may be cut in two, nothing is left."""
        end, read, parts = len(text) - self.longest, 0, []
        for found in self._pattern.finditer(text) if self._pattern else ():
            if found.start() >= end:
                break
            parts += [text[read : found.start()], HIDDEN]
            read = found.end()
        return "".join([*parts, text[read : max(read, end)]])


def _pattern(value: str) -> str:
    found = re.escape(value)
    return rf"(?<!\w){found}(?!\w)" if len(value) < SHORT else found
