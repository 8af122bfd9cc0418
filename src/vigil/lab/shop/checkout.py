"""From a basket to an order."""

import logging
import secrets
from dataclasses import dataclass

from . import metrics, pricing
from .baskets import Baskets
from .storage import Line, NewOrder, Storage

log = logging.getLogger("shop.checkout")


@dataclass(frozen=True)
class Form:
    name: str
    address: str
    card: str
    order_id: str

    @property
    def complete(self) -> bool:
        return bool(self.name and self.address and self.card)


def new_order_id() -> str:
    """Drawn when the form is shown, so that sending the form twice places one order."""
    return secrets.token_hex(8)


def basket_lines(storage: Storage, baskets: Baskets, session: str) -> list[Line]:
    contents = baskets.contents(session)
    products = storage.products_by_sku(list(contents)) if contents else {}
    return [Line(products[sku], count) for sku, count in contents.items() if sku in products]


def place_order(storage: Storage, baskets: Baskets, session: str, form: Form) -> str | None:
    """Place the order and return its id; None when the basket is empty."""
    lines = basket_lines(storage, baskets, session)
    if not lines:
        return form.order_id if storage.order(form.order_id) else None
    order = NewOrder(
        id=form.order_id,
        customer_name=form.name,
        address=form.address,
        card_token=form.card,
        total_cents=pricing.total_cents(lines),
        lines=tuple(lines),
    )
    if storage.place(order):
        metrics.orders_placed.inc()
        # The worker also looks for placed orders by itself: losing this message loses nothing.
        baskets.enqueue(order.id)
        log.info(
            "order placed",
            extra={"fields": {"order": order.id, "total_cents": order.total_cents}},
        )
    baskets.empty(session)
    return order.id
