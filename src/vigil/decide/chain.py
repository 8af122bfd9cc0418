"""Who writes a plan: the playbook where it is sure, otherwise a model, and never nobody.

A runbook that fits with full confidence needs no model's opinion. Where none does a model is asked;
what it proposes has no measured record, so it is never carried out unasked. Where no model is heard
the playbook's word stands, as if there were none.
"""

from typing import Protocol

from vigil.decide.confidence import confidence
from vigil.domain.briefing import Briefing, Draft
from vigil.domain.cost import Cost
from vigil.domain.hypothesis import FailureType
from vigil.domain.plan import Author, Reason
from vigil.domain.policy import Policy
from vigil.domain.quoted import quoted, said
from vigil.domain.thinking import Unheard
from vigil.ports.desk import Desk
from vigil.ports.reasoner import Reasoner


class AskedModel(Reasoner, Protocol):
    """A reasoner that costs something."""

    def first_question(self, briefing: Briefing) -> Cost:
        """What it would cost at least to ask it about this."""
        ...


class Chain:
    """Fulfils ``ports.reasoner.Reasoner`` with two others."""

    def __init__(self, playbook: Reasoner, model: AskedModel, policy: Policy) -> None:
        self._playbook = playbook
        self._model = model
        self._policy = policy

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        """The first word that counts."""
        known = await self._playbook.draft(briefing, desk)
        if sure(briefing, known, self._policy):
            return known.model_copy(update={"saved": self._model.first_question(briefing)})
        if not _worth_asking(briefing):
            return known
        heard = await self._model.draft(briefing, desk)
        if heard.unheard is None and heard.author is not None:
            heard = _as_quoted(heard, heard.author)
        if heard.unheard is None and heard.actions:
            return heard
        if heard.unheard in {None, Unheard.REFUSED}:
            # It saw this incident and would not act: then a person looks, who is told what a
            # runbook says. It is not asked again, neither in other words nor in another way.
            return _with_last_words(heard, _what_else(known))
        return _with_last_words(known, heard.reasons[-1].text).model_copy(
            update={"unheard": heard.unheard, "cost": heard.cost}
        )


def sure(briefing: Briefing, draft: Draft, policy: Policy) -> bool:
    """A runbook fits so well that nobody would have to be asked for the sake of the numbers."""
    match = briefing.match(draft.runbook)
    if match is None or not draft.actions:
        return False
    found = confidence(briefing.hypotheses[0].likelihood, match.record)
    return found >= policy.auto_confidence and match.context_match >= policy.auto_context_match


def _worth_asking(briefing: Briefing) -> bool:
    """There is something that may be wrong."""
    tops = briefing.hypotheses[:1]
    return bool(tops) and tops[0].failure_type is not FailureType.NOTHING_WRONG


def _what_else(known: Draft) -> str:
    return f"A runbook would say: {known.summary}" if known.actions else ""


def _as_quoted(heard: Draft, author: Author) -> Draft:
    """What it says to people, as its own words. What its steps are called is a runbook's word, or
    is quoted where they are no runbook's.
    """
    return heard.model_copy(
        update={
            "summary": said(author, heard.summary),
            "reasons": tuple(
                each.model_copy(update={"text": said(author, each.text)}) for each in heard.reasons
            ),
            "risk_reasons": tuple(map(quoted, heard.risk_reasons)),
            "alternatives": tuple(map(quoted, heard.alternatives)),
            "would_change_mind": tuple(map(quoted, heard.would_change_mind)),
        }
    )


def _with_last_words(draft: Draft, words: str) -> Draft:
    """The last reason says why there is no other plan, or none at all."""
    *first, last = draft.reasons
    text = " ".join(filter(None, (last.text, words)))
    more = Reason(step=last.step, text=text, evidence=last.evidence)
    return draft.model_copy(update={"reasons": (*first, more)})
