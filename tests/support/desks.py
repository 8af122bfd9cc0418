"""A desk with real redaction whose answers a test writes, and a ledger that a test reads."""

from dataclasses import dataclass, field

from vigil.decide.bounding import fitted
from vigil.decide.discretion import Discretion
from vigil.domain.cost import Allowance, Cost
from vigil.domain.outbound import Outbound
from vigil.domain.question import Answer, Question
from vigil.domain.shortened import Content
from vigil.integrations.redaction.embedded import EmbeddedRedaction


@dataclass
class WrittenDesk:
    """Fulfils ``ports.desk.Desk``: what is seen is ``sees``, whatever is asked."""

    sees: str = "nothing unusual"
    asked: list[Question] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    _discretion: Discretion = field(
        default_factory=lambda: Discretion("inc-1", EmbeddedRedaction(), None)
    )

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        seen = await self.outbound(self.sees)
        return Answer(f"tool-{len(self.asked)}", seen, truncated=False, failed=False)

    async def outbound(self, text: str) -> Outbound:
        return await self._discretion.redacted(text)

    async def written(self, content: Content) -> Outbound:
        async def redacted(text: str) -> str:
            return (await self.outbound(text)).text

        return await self._discretion.repeated(await fitted(content, redacted))

    async def tell(self, text: str) -> None:
        self.told.append(text)


@dataclass
class WrittenLedger:
    """Fulfils ``ports.ledger.Ledger`` for one test: one allowance for everything."""

    allowance: Allowance = field(default_factory=Allowance)
    reserved: list[Cost] = field(default_factory=list)
    settled: list[Cost] = field(default_factory=list)

    async def reserve(self, incident: str, most: Cost) -> str | None:
        beyond = self.allowance.exceeded_by(sum(self.settled, start=most))
        if beyond is not None:
            return f"the next question could make it {beyond}"
        self.reserved.append(most)
        return None

    async def settle(self, incident: str, most: Cost, cost: Cost) -> None:
        assert most == self.reserved[len(self.settled)]
        self.settled.append(cost)
