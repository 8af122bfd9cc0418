"""What presidio-analyzer finds, with a blank pipeline; run by a Python that has it.

Reads ``{"id", "text"}`` a line, answers ``{"id", "spans"}`` a line and, last, ``{"seconds"}``: how
long its core worked, without its start. No model is loaded: patterns and checksums.
"""

import json
import sys
import time

import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine


class Blank(SpacyNlpEngine):
    """Splits text into words and does no more."""

    def __init__(self) -> None:
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}


def main() -> None:
    """Answer all lines."""
    analyzer = AnalyzerEngine(nlp_engine=Blank(), supported_languages=["en"])
    analyzer.analyze("warm up 4111 1111 1111 1111", language="en")
    seconds = 0.0
    for line in sys.stdin:
        asked = json.loads(line)
        begun = time.process_time()
        found = analyzer.analyze(asked["text"], language="en")
        seconds += time.process_time() - begun
        spans = [{"start": one.start, "end": one.end, "type": one.entity_type} for one in found]
        print(json.dumps({"id": asked["id"], "spans": spans}))
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
