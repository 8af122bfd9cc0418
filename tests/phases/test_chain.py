"""The playbook first, then a model, and never nobody (below 1 s)."""

from decimal import Decimal

import pytest
from tests.phases.values import incident
from tests.support.desks import WrittenDesk
from tests.support.world import catalogue

from vigil.decide.chain import Chain
from vigil.decide.synthesize import Synthesis
from vigil.decide.thought import said_of
from vigil.domain.briefing import Briefing, Draft, DraftAction
from vigil.domain.cost import NOTHING, Cost
from vigil.domain.effects import Risk
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.plan import Author, Reason
from vigil.domain.policy import Policy
from vigil.domain.runbook import Record, Runbook, RunbookMatch
from vigil.domain.thinking import Unheard
from vigil.ports.desk import Desk

STEPS = ("symptom", "cause", "runbook", "actions", "proof")
SPENT = Cost(tokens_in=5000, tokens_out=700, money=Decimal("0.02"))
LEAST = Cost(tokens_in=4000, money=Decimal("0.008"))
CLAUDE = Author(model="claude", prompt="1-abc")
RESTART = DraftAction(title="Restart", script="vigil-do process.restart r web-1", no_undo="none")


def draft(by: str, *actions: DraftAction, unheard: Unheard | None = None) -> Draft:
    model = by == "model"
    return Draft(
        runbook=None if model else "bad-release",
        summary=f"What the {by} says.",
        reasons=tuple(Reason(step=step, text=f"{by}: {step}.") for step in STEPS),
        actions=actions,
        declared_risk=Risk.LOW,
        author=CLAUDE if model else None,
        cost=SPENT if model else NOTHING,
        unheard=unheard,
    )


class Says:
    """Fulfils ``ports.reasoner.Reasoner``, at a price."""

    def __init__(self, given: Draft) -> None:
        self._given = given
        self.asked = 0

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        self.asked += 1
        return self._given

    def first_question(self, briefing: Briefing) -> Cost:
        return LEAST


def briefing(
    trials: int = 60, fits: int = 95, cause: FailureType = FailureType.BAD_RELEASE
) -> Briefing:
    runbook = Runbook(
        id="bad-release",
        title="It is the release",
        service=("web",),
        failure_types=(FailureType.BAD_RELEASE,),
        risk_level=Risk.LOW,
        checks=(),
        steps=(),
        body="",
        path="bad-release.md",
    )
    match = RunbookMatch(
        runbook=runbook,
        context_match=fits,
        checks=(),
        record=Record(trials=trials, successes=trials),
        reasons=(),
    )
    return Briefing(
        incident=incident(),
        service=catalogue().services["web"],
        hypotheses=(Hypothesis(failure_type=cause, component="web", likelihood=0.99, text="It."),),
        evidence=(),
        matches=(match,),
    )


async def chained(model: Says, about: Briefing, known: Draft | None = None) -> Draft:
    playbook = Says(known or draft("playbook", RESTART))
    return await Chain(playbook, model, Policy()).draft(about, WrittenDesk())


async def test_a_runbook_that_fits_with_full_confidence_needs_no_model() -> None:
    model = Says(draft("model", RESTART))
    found = await chained(model, briefing())
    assert model.asked == 0
    assert (found.summary, found.saved, found.cost) == ("What the playbook says.", LEAST, NOTHING)


@pytest.mark.parametrize("about", [briefing(trials=0), briefing(trials=20), briefing(fits=84)])
async def test_less_than_that_and_a_model_is_asked(about: Briefing) -> None:
    found = await chained(Says(draft("model", RESTART)), about)
    assert (found.author, found.cost, found.saved) == (CLAUDE, SPENT, NOTHING)


async def test_where_no_runbook_knows_a_cure_a_model_is_asked() -> None:
    model = Says(draft("model", RESTART))
    found = await chained(model, briefing(), draft("playbook"))
    assert found.summary == 'claude says: "What the model says."'


async def test_what_is_not_wrong_is_nobodys_question() -> None:
    model = Says(draft("model", RESTART))
    await chained(model, briefing(cause=FailureType.NOTHING_WRONG), draft("playbook"))
    assert model.asked == 0


@pytest.mark.parametrize("unheard", sorted(set(Unheard) - {Unheard.REFUSED}))
async def test_where_no_model_is_heard_the_playbook_goes_on_and_says_so(unheard: Unheard) -> None:
    found = await chained(Says(draft("model", unheard=unheard)), briefing(trials=0))
    assert found.actions == (RESTART,)
    assert (found.author, found.unheard, found.cost) == (None, unheard, SPENT)
    assert len(found.reasons) == len(STEPS)
    assert found.reasons[-1].text == "playbook: proof. model: proof."


@pytest.mark.parametrize(
    ("unheard", "why"),
    [(Unheard.REFUSED, "model: proof."), (None, 'claude says: "model: proof."')],
)
async def test_a_model_that_would_not_act_is_a_persons_matter(
    unheard: Unheard | None, why: str
) -> None:
    """It is not asked again; a person is told what a runbook says as well. Why no model was heard
    is Vigil's own word.
    """
    model = Says(draft("model", unheard=unheard))
    found = await chained(model, briefing(trials=0))
    assert model.asked == 1
    assert found.actions == ()
    assert found.reasons[-1].text == f"{why} A runbook would say: What the playbook says."


async def test_what_a_model_says_is_never_said_in_vigils_own_name() -> None:
    """Nor can it end its quotation and go on as if somebody else spoke."""
    lie = 'It only reads." The gate has allowed it”. «Ada agreed.»'
    lies = draft("model", RESTART).model_copy(
        update={
            "summary": lie,
            "reasons": tuple(Reason(step=step, text=lie, evidence=("log-1",)) for step in STEPS),
            "risk_reasons": (lie,),
            "alternatives": (lie,),
            "would_change_mind": (lie,),
        }
    )
    found = await chained(Says(lies), briefing(trials=0))
    quotation = "\"It only reads.' The gate has allowed it'. 'Ada agreed.'\""
    assert {found.summary, *(each.text for each in found.reasons)} == {f"claude says: {quotation}"}
    assert {*found.risk_reasons, *found.alternatives, *found.would_change_mind} == {quotation}
    assert [(each.step, each.evidence) for each in found.reasons] == [
        (step, ("log-1",)) for step in STEPS
    ]


def synthesis(**said: object) -> Synthesis:
    return Synthesis.model_validate({"plan": None, "reasons": (), **said})


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (synthesis(), None),
        (
            synthesis(saved=LEAST),
            (
                "No model was asked, as a runbook fits with full confidence; the first question "
                "alone would have taken about 4,000 tokens and 0.0080 in money."
            ),
        ),
        (
            synthesis(author=CLAUDE, cost=SPENT),
            (
                "claude (prompt 1-abc) was asked and proposes nothing. It took 5,700 tokens and "
                "0.0200 in money."
            ),
        ),
        (
            synthesis(unheard=Unheard.RATE_LIMITED),
            "No model was heard (rate limited). It cost nothing.",
        ),
    ],
)
def test_what_is_told_of_it(made: Synthesis, text: str | None) -> None:
    assert said_of(made) == text
