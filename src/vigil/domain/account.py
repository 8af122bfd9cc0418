"""An account: what people are shown of a proof, so that they see why Vigil says what it says.

Console, command line and API show these same values: none of them can tell another story.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from vigil.domain.inventory import THINGS, Counted, Loss
from vigil.domain.plan import PlanKind, Role
from vigil.domain.probe import ProbeOutcome, ProbeRef
from vigil.domain.proof import Outcome
from vigil.domain.scrub import clean
from vigil.domain.value import Sha256

MOST_LOOKS = 60
"""Looks of one probe that are shown, the newest; it is told how many there were."""
MOST_TEXT = 500
"""Characters of one sentence: most of them quote what a service answered."""
MOST_STATE = 4000
"""Characters of one piece in place: it holds commands to copy, which are no use when cut."""
MOST_LOST = 50
"""Losses that are shown; the proof has all of them."""
MOST_LEFT = 20
"""Pieces in place that are shown: a plan has ten actions at most."""

Said = Annotated[str, AfterValidator(lambda text: clean(text, MOST_TEXT))]
"""A sentence that may quote anybody, fit to be shown."""
Piece = Annotated[str, AfterValidator(lambda text: clean(text, MOST_STATE))]
"""What is in place, and how it would be undone."""


class _Shown(BaseModel):
    """A command line may be older than the Vigil that it asks: what it does not know it leaves."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class CriterionShown(_Shown):
    """One criterion: ``claim`` is true where ``met``, which is None where nobody can say."""

    criterion: str
    claim: str
    met: bool | None
    text: Said

    @property
    def word(self) -> str:
        """Whether it held."""
        return "not known" if self.met is None else "held" if self.met else "did not hold"


class Became(StrEnum):
    """What became of a probe; the order is the one in which people want to see them."""

    WORSE = "worse"
    """It passed at every look before, and does not in the end."""
    FAILING = "failing"
    """It fails in the end, and nobody saw it well before."""
    UNKNOWN = "not known"
    """It gave no answer in the end."""
    MENDED = "mended"
    """It failed before and passes in the end."""
    WELL = "well"
    """It passes in the end, and did not fail before."""
    AS_BEFORE = "as before"
    """Of an undo: it fails as it did before the remedy, and nobody expected anything else."""
    NOT_LOOKED = "not looked at"
    """Not since the plan acted, or it has not acted yet."""


def became(
    before: Sequence[ProbeOutcome], after: Sequence[ProbeOutcome], *, undo: bool = False
) -> Became:
    """By all looks before, and the last one after."""
    if not after:
        return Became.NOT_LOOKED
    failed = ProbeOutcome.FAILING in before
    if after[-1] is ProbeOutcome.PASSING:
        return Became.MENDED if failed else Became.WELL
    if after[-1] is ProbeOutcome.UNKNOWN:
        return Became.UNKNOWN
    if undo and failed:
        return Became.AS_BEFORE
    return Became.FAILING if failed or ProbeOutcome.PASSING not in before else Became.WORSE


class Looks(_Shown):
    """A row of looks at one probe, oldest first."""

    outcomes: tuple[ProbeOutcome, ...] = ()
    """The newest of them."""
    looks: int = 0
    """How many there were."""
    text: Said | None = None
    """What one of them saw: before the plan acted the newest that failed, if any did; afterwards
    the last one."""
    screenshot: Sha256 | None = None
    """The newest picture of a page."""

    @property
    def in_words(self) -> str:
        """For whoever does not see the strip."""
        if not self.looks:
            return "not looked at"
        passed = self.outcomes.count(ProbeOutcome.PASSING)
        unknown = self.outcomes.count(ProbeOutcome.UNKNOWN)
        silent = f", {unknown} gave no answer" if unknown else ""
        of = f"the newest {len(self.outcomes)} of " if len(self.outcomes) < self.looks else ""
        word = "look" if self.looks == 1 else "looks"
        return f"{passed} of {of}{self.looks} {word} passed{silent}"


class ProbeShown(_Shown):
    """One probe, why it was chosen, and what it saw before the plan acted and afterwards."""

    ref: ProbeRef
    role: str
    why: Said
    """Empty in records from before it was said."""
    before: Looks
    after: Looks
    became: str

    @property
    def dull(self) -> bool:
        """Nothing to see: a neighbour that was well all the time, as far as it was looked at."""
        unbroken = set(self.before.outcomes) == {ProbeOutcome.PASSING}
        well = self.became == Became.WELL or (self.became == Became.NOT_LOOKED and unbroken)
        return self.role != Role.SYMPTOM and well


class Account(_Shown):
    """One attempt: what was to be proven, how, and what was seen. ``outcome`` is None before that.

    ``probes`` has first what is not well, then what shows the symptom.
    """

    attempt: int
    kind: PlanKind
    outcome: Outcome | None
    sentence: str
    """The verdict and how many criteria held, for somebody who has ten seconds."""
    text: Said
    criteria: tuple[CriterionShown, ...] = ()
    bad_before: float | None = None
    bad_after: float | None = None
    bad_usual: float | None = None
    """The bad share of the symptom's requests, 0 to 1; the usual one is a median."""
    window_s: float = 0.0
    counted: tuple[Counted, ...] = ()
    lost: tuple[Loss, ...] = ()
    swarm: Said | None = None
    """How the users of its swarm fared, besides what the criterion says; None where none was sent.
    """
    probes: tuple[ProbeShown, ...] = ()
    in_place: tuple[Piece, ...] = ()
    """Where it ended without a proof: what was done and not undone, and how it would be."""
    undo_failed: bool = False
    """This is an undo, and not everything is as it was before."""

    @property
    def told_by_criteria(self) -> bool:
        """``text`` says nothing that the criteria do not."""
        texts = [criterion.text for criterion in self.criteria]
        proven = self.outcome is Outcome.VERIFIED and bool(texts)
        return proven or self.text.rstrip(".") in {text.rstrip(".") for text in texts}

    @property
    def measured(self) -> str | None:
        """The bad share before and after as a sentence, as far as it is known."""
        known = [
            f"{share:.1%} {when}"
            for share, when in (
                (self.bad_before, "before"),
                (self.bad_after, "after"),
                (self.bad_usual, "as usual"),
            )
            if share is not None
        ]
        return f"Bad requests: {', '.join(known)}." if known else None

    @property
    def inventory(self) -> str | None:
        """What was there before and after in one line; None where nothing was counted."""
        things = [each for each in self.counted if each.kind in THINGS]
        if not things:
            return None
        before, after = sum(each.before for each in things), sum(each.after for each in things)
        sign = "=" if before == after else "→"
        kinds = ", ".join(map(_of_a_kind, things))
        return f"Counted before and after: {before} {sign} {after} ({kinds})."


def _of_a_kind(counted: Counted) -> str:
    one, many = THINGS[counted.kind]
    name = one if counted.before == counted.after == 1 else many
    if counted.before == counted.after:
        return f"{counted.before} {name}"
    return f"{counted.before} → {counted.after} {name}"
