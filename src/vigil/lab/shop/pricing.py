"""What an order costs."""

from collections.abc import Sequence

from .storage import Line

FREE_DELIVERY_FROM_CENTS = 6_000
DELIVERY_CENTS = 490


def subtotal_cents(lines: Sequence[Line]) -> int:
    return sum(line.amount_cents for line in lines)


def delivery_cents(lines: Sequence[Line]) -> int:
    return 0 if subtotal_cents(lines) >= FREE_DELIVERY_FROM_CENTS else DELIVERY_CENTS


def total_cents(lines: Sequence[Line]) -> int:
    return subtotal_cents(lines) + delivery_cents(lines)
