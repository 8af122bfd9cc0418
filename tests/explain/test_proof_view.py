"""An account of a proof in a terminal of 80 columns without colours (about 2 s)."""

from io import StringIO
from pathlib import Path

from rich.console import Console
from tests.support.story import begin
from tests.web.console import HOSTILE

from vigil.cli.proof_view import show_account, show_state
from vigil.domain.account import Account, Became, CriterionShown, Looks, ProbeShown
from vigil.domain.inventory import Kind, Loss
from vigil.domain.plan import PlanKind, Role
from vigil.domain.probe import ProbeOutcome, ProbeRef
from vigil.domain.proof import CLAIMS, Criterion, Outcome
from vigil.story.accounts import account_of
from vigil.story.recorded import Recorded

COLUMNS = 80


def printed(account: Account) -> str:
    out = StringIO()
    console = Console(file=out, width=COLUMNS, color_system=None)
    show_state(console, account)
    show_account(console, account)
    return out.getvalue()


async def test_a_real_proof_fits_and_says_why(tmp_path: Path) -> None:
    story = await begin(tmp_path)
    incident = await story.hear()
    await story.go_on()
    now = await story.journal.incident(incident.id)
    account = await account_of(Recorded(story.journal, now.id, 1), now)
    story.record.engine.dispose()
    assert account is not None
    said = printed(account)
    assert max(map(len, said.splitlines())) <= COLUMNS
    for line in (
        "Proof: verified",
        "  ✔ The symptom is gone: held",
        "  Bad requests: 60.0% before, 0.0% after.",
        "      why: It shows checkout-errors as a user meets it.",
        "  web/checkout (symptom): mended  ✘",
        "✘ → ✔✔✔✔✔✔",
    ):
        assert line in said, line
    assert "more, well before and after: " in said


def test_an_undo_that_failed_comes_first_and_nothing_steers_the_terminal() -> None:
    looks = Looks(outcomes=(ProbeOutcome.FAILING,) * 60, looks=300, text=HOSTILE)
    account = Account(
        attempt=2,
        kind=PlanKind.ROLLBACK,
        outcome=Outcome.NOT_FIXED,
        sentence="THE UNDO FAILED: it did not run to its end.",
        text=HOSTILE,
        criteria=tuple(
            CriterionShown(criterion=each, claim=CLAIMS[each], met=met, text=HOSTILE)
            for each, met in ((Criterion.NEIGHBOURS, False), (Criterion.INVENTORY, None))
        ),
        lost=(Loss(kind=Kind.ROUTE, service="shop", name="front", text=HOSTILE),),
        probes=(
            ProbeShown(
                ref=ProbeRef(service="shop", probe="checkout"),
                role=Role.SYMPTOM,
                why=HOSTILE,
                before=looks,
                after=looks,
                became=Became.FAILING,
            ),
        ),
        in_place=(f"switch it: succeeded, in place; {HOSTILE} sha256:{'2' * 64}",),
        undo_failed=True,
    )
    said = printed(account)
    assert said.startswith("THE UNDO FAILED")
    assert said.index("In place now\n- switch it: succeeded") < said.index("Proof of the undo")
    assert "✘ Nothing else got worse: did not hold" in said
    assert "? Nothing is missing: not known" in said
    assert "✘ missing: " in said
    assert not any(one in said for one in "\x1b\x00\u202e\u200b")
    copied = [line for line in said.splitlines() if line.startswith("- ")]
    assert max(len(line) for line in said.splitlines() if line not in copied) <= COLUMNS
    assert f"sha256:{'2' * 64}" in copied[0], "what is to be copied is whole, and on one line"
    assert not any(line.endswith(" ") for line in said.splitlines())
    assert "✘" * 21 not in said, "the newest looks only"
