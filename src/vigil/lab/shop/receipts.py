"""What stands on a receipt besides what was bought."""

from dataclasses import dataclass

from .storage import Receipt

VAT_PERCENT = 21


@dataclass(frozen=True)
class Sums:
    articles_cents: int
    delivery_cents: int
    vat_cents: int


def number(receipt: Receipt) -> str:
    """The year and the beginning of the order's number, as bookkeeping wants it."""
    return f"{receipt.paid_at.year}-{receipt.order_id[:8].upper()}"


def sums(receipt: Receipt) -> Sums:
    """What was paid is taken apart; prices may have changed since."""
    articles = sum(line.amount_cents for line in receipt.lines)
    return Sums(
        articles_cents=articles,
        delivery_cents=receipt.total_cents - articles,
        vat_cents=round(receipt.total_cents * VAT_PERCENT / (100 + VAT_PERCENT)),
    )
