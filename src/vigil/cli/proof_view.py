"""An account of a proof in a terminal: no colour and no more than 80 columns are needed."""

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from vigil.cli.probe_view import LATELY, STYLES
from vigil.cli.sentences import WIDEST, short
from vigil.domain.account import MOST_STATE, Account, Looks, ProbeShown
from vigil.domain.plan import PlanKind
from vigil.domain.proof import Criterion
from vigil.domain.scrub import clean

INDENT = 2
DEEP = 6
SIGNS = {"held": ("✔", "green"), "did not hold": ("✘", "bold red"), "not known": ("?", "yellow")}
"""Each has a sign and a word of its own: not everybody sees colours."""


def show_state(console: Console, account: Account) -> None:
    """What a person takes over where it ended without a proof; an undo that failed in capitals."""
    if account.undo_failed:
        _say(console, account.sentence, style="bold red")
        _say(console, account.text, INDENT)
    if account.in_place:
        console.print(Text("In place now", style="bold"))
        # In these are commands to copy: whole, and on one line however narrow the terminal is.
        for line in account.in_place:
            console.print(Text(f"- {clean(line, MOST_STATE)}"), soft_wrap=True)


def show_account(console: Console, account: Account) -> None:
    """The verdict, each criterion, what is missing, and each probe before and after."""
    of = "Proof of the undo" if account.kind is PlanKind.ROLLBACK else "Proof"
    word = account.outcome.replace("_", " ") if account.outcome else "none yet"
    console.print(Text(f"\n{of}: {word}", style="bold cyan"))
    _say(console, account.sentence, style="bold")
    if not account.told_by_criteria:
        _say(console, account.text)
    for loss in account.lost:
        _say(console, f"✘ missing: {loss.text}", INDENT, "bold red")
    for criterion in account.criteria:
        sign, style = SIGNS[criterion.word]
        _say(console, f"{sign} {criterion.claim}: {criterion.word}", INDENT, style)
        if not (account.lost and criterion.criterion == Criterion.INVENTORY):
            _say(console, criterion.text, DEEP)
    for line in filter(None, (account.measured, account.inventory, account.swarm)):
        _say(console, line, INDENT)
    for probe in account.probes:
        if not probe.dull:
            _probe(console, probe)
    dull = [str(probe.ref) for probe in account.probes if probe.dull]
    if dull:
        _say(console, f"✔ {len(dull)} more, well before and after: {', '.join(dull)}", INDENT)


def _probe(console: Console, probe: ProbeShown) -> None:
    line = Text(f"{probe.ref} ({probe.role}): {probe.became}  ")
    line.append_text(_strip(probe.before))
    if probe.after.looks:
        line.append(" → ").append_text(_strip(probe.after))
    console.print(Padding(line, (0, 0, 0, INDENT), expand=False))
    for said in _said(probe):
        _say(console, said, DEEP)


def _said(probe: ProbeShown) -> Iterator[str]:
    if probe.why:
        yield f"why: {probe.why}"
    for when, looks in (("before", probe.before), ("after", probe.after)):
        if looks.text:
            yield f"{when}, {looks.in_words}: {looks.text}"


def _strip(looks: Looks) -> Text:
    """The newest looks, a sign for each."""
    strip = Text("" if looks.looks else "not looked at")
    for outcome in looks.outcomes[-LATELY:]:
        strip.append(*STYLES[outcome])
    return strip


def _say(console: Console, text: str, indent: int = 0, style: str = "") -> None:
    """Without control codes, and wrapped below its own beginning."""
    said = Text(clean(short(text), WIDEST), style=style)
    for line in said.wrap(console, max(console.width - indent, indent)):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line))
