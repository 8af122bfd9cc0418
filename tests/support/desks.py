"""A desk with real redaction whose answers a test writes, and a ledger that a test reads."""

from dataclasses import dataclass, field

from vigil.domain.cost import Allowance, Cost
from vigil.domain.outbound import Outbound
from vigil.domain.question import Answer, Question
from vigil.domain.tokens import Tokens
from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.ports.redaction import Redaction


@dataclass
class WrittenDesk:
    """Fulfils ``ports.desk.Desk``: what is seen is ``sees``, whatever is asked."""

    sees: str = "nothing unusual"
    redaction: Redaction = field(default_factory=EmbeddedRedaction)
    asked: list[Question] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    tokens: Tokens = field(default_factory=Tokens)

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        seen = await self.outbound(self.sees)
        return Answer(f"tool-{len(self.asked)}", seen, truncated=False, failed=False)

    async def outbound(self, text: str) -> Outbound:
        redacted = await self.redaction.redact(text, self.tokens)
        self.tokens = redacted.tokens
        return redacted.outbound

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
