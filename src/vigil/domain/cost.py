"""What it cost to think: tokens of a model, and money."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from vigil.domain.value import Name, Value
from vigil.domain.written import Written

Tokens = Annotated[int, Field(ge=0, le=10**12)]
Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]
"""In the one currency in which an installation pays for its models."""
MOST_MONEY = Decimal("999999.999999")
"""As much as ``Money`` can be."""


class Cost(Value):
    """What was read and written, and what that was billed at; without a model nothing.

    Whoever asks a model says it, and not the model: what cost nothing is exempt from every budget.
    """

    tokens_in: Tokens = 0
    tokens_out: Tokens = 0
    money: Money = Decimal(0)

    @property
    def tokens(self) -> int:
        """Both ways."""
        return self.tokens_in + self.tokens_out

    def __add__(self, other: "Cost") -> "Cost":
        # The limits are those of one answer of a model; a sum of many may well be above them.
        return Cost.model_construct(
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            money=self.money + other.money,
        )


NOTHING = Cost()


class Spent(Value):
    """What one incident has cost so far, all its attempts together."""

    incident: str
    service: Name
    cost: Cost | None
    """None: what is on record of it cannot be read."""


class Allowance(Written):
    """The most that may be spent; what is left out has no limit."""

    tokens: Tokens | None = None
    money: Money | None = None

    @property
    def limits(self) -> bool:
        """Whether there is any limit in it."""
        return (self.tokens, self.money) != (None, None)

    def exceeded_by(self, cost: Cost) -> str | None:
        """What went beyond it, as words; None while it holds."""
        if self.tokens is not None and cost.tokens > self.tokens:
            return f"{cost.tokens} tokens, more than {self.tokens}"
        if self.money is not None and cost.money > self.money:
            return f"{cost.money:f} in money, more than {self.money:f}"
        return None


class Budget(Written):
    """How much thinking may cost before a person is asked; a day is the last 24 hours."""

    per_incident: Allowance = Allowance()
    per_service: Allowance = Allowance()
    """Of one service, a day."""
    per_day: Allowance = Allowance()
    """Of all services together."""
