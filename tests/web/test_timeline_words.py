"""Each kind of event has words in the console and on the command line (below 1 s)."""

from vigil.cli.sentences import MEANING, SENTENCES
from vigil.domain.incident import Stage
from vigil.web.console.lines import KINDS
from vigil.web.console.words import STAGES

NO_SENTENCE = {"reasoned", "baseline", "action_output"}
"""The command line shows what is in them elsewhere, or line by line."""


def test_what_the_one_can_tell_the_other_can() -> None:
    assert set(KINDS) - set(SENTENCES) == NO_SENTENCE
    assert set(SENTENCES) <= set(KINDS)


def test_every_stage_has_words_in_both() -> None:
    assert set(MEANING) == set(STAGES) == set(Stage)
