"""Customers who buy: `python -m vigil.lab.visitors LAB_JSON`.

Each walks catalogue, basket, checkout and order status like a person with a browser, and writes
into a ledger of their own what the shop promised them and what went wrong. The judge compares this
ledger with the database; the shop cannot write to it.
"""

import asyncio
import re
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TextIO

import httpx2

from vigil.lab.config import NO_TLS, LabConfig, load_config
from vigil.lab.names import Product, Value

TIMEOUT_S = 6.0
PATIENCE_S = 8.0
SLOW_S = 1.5
"""A customer who waits longer than this for a page remembers it."""
KEEPS_RECEIPT = 0.7
"""The share of customers who look at the receipt."""
ORDER_ID = re.compile(r'name="order_id" value="([0-9a-f]+)"')
STATUS = re.compile(r'id="status">([a-z]+)<')
OK = 200


class Entry(Value):
    """One line of the ledger."""

    at: datetime
    visitor: int
    event: str
    order: str | None = None
    total: str | None = None
    step: str | None = None
    reason: str | None = None


class ShopError(Exception):
    """The shop did not do what a customer expects of it."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step, self.reason = step, reason


class Visitor:
    def __init__(self, number: int, config: LabConfig, ledger: TextIO) -> None:
        self._number = number
        self._config = config
        self._ledger = ledger
        self._rng = Random(f"visitor {config.seed} {number}")  # noqa: S311 - variety, not secrecy

    async def shop_forever(self) -> None:
        await asyncio.sleep(self._rng.uniform(0, self._config.timing.pause))
        while True:
            try:
                await self._walk()
            except ShopError as error:
                self._note("error", step=error.step, reason=error.reason)
            await asyncio.sleep(self._config.timing.pause * self._rng.uniform(0.7, 1.3))

    async def _walk(self) -> None:
        products = self._rng.sample(self._config.products, self._rng.randint(1, 3))
        async with httpx2.AsyncClient(
            base_url=self._config.shop_url, timeout=TIMEOUT_S, trust_env=False, verify=NO_TLS
        ) as browser:
            await self._ask(browser, "GET", "/", "catalogue")
            await self._fill(browser, products)
            page = await self._ask(browser, "GET", "/checkout", "checkout form")
            order = ORDER_ID.search(page.text)
            if order is None:
                raise ShopError("checkout form", "the form has no order in it")
            form = {
                "order_id": order[1],
                "name": f"Visitor {self._number}",
                "address": f"{self._rng.randint(1, 99)} Station Road",
                "card": f"tok_{self._rng.randrange(10**8):08d}",
            }
            page = await self._ask(browser, "POST", "/checkout", "checkout", form)
            if page.url.path != f"/orders/{order[1]}":
                raise ShopError("checkout", f"led to {page.url.path}, not to the order")
            self._note("acknowledged", order=order[1])
            await self._follow(browser, order[1])
            if self._rng.random() < KEEPS_RECEIPT:
                await self._ask(browser, "GET", f"/orders/{order[1]}/receipt", "receipt")

    async def _fill(self, browser: httpx2.AsyncClient, products: Sequence[Product]) -> None:
        """Whom the basket fails goes to the checkout all the same, to see what is in it."""
        try:
            for product in products:
                form = {"sku": product.sku, "quantity": str(self._rng.randint(1, 3))}
                await self._ask(browser, "POST", "/basket", "basket", form)
        except ShopError as error:
            self._note("error", step=error.step, reason=error.reason)

    async def _follow(self, browser: httpx2.AsyncClient, order: str) -> None:
        """Look at the order's page until it is on its way, or patience ends."""
        clock = asyncio.get_running_loop()
        deadline = clock.time() + PATIENCE_S
        while clock.time() < deadline:
            page = await self._ask(browser, "GET", f"/orders/{order}", "order status")
            status = STATUS.search(page.text)
            if status and status[1] == "fulfilled":
                self._note("served", order=order)
                return
            await asyncio.sleep(0.4)
        raise ShopError("order status", f"order {order} was not fulfilled in {PATIENCE_S:.0f} s")

    async def _ask(
        self,
        browser: httpx2.AsyncClient,
        method: str,
        path: str,
        step: str,
        form: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        began = time.monotonic()
        try:
            answer = await browser.request(method, path, data=form, follow_redirects=True)
        except httpx2.TransportError as error:
            raise ShopError(step, type(error).__name__) from error
        if answer.status_code != OK:
            raise ShopError(step, f"status {answer.status_code}")
        waited = time.monotonic() - began
        if waited > SLOW_S:
            self._note("slow", step=step, reason=f"{waited:.1f} s")
        return answer

    def _note(self, event: str, **details: str) -> None:
        entry = Entry(at=datetime.now(UTC), visitor=self._number, event=event, **details)
        self._ledger.write(entry.model_dump_json(exclude_none=True) + "\n")
        self._ledger.flush()


async def visit(config: LabConfig, ledger: TextIO) -> None:
    visitors = [Visitor(number, config, ledger) for number in range(config.timing.visitors)]
    await asyncio.gather(*(visitor.shop_forever() for visitor in visitors))


def main() -> None:
    config = load_config(Path(sys.argv[1]))
    with config.files.ledger.open("a") as ledger:
        asyncio.run(visit(config, ledger))


if __name__ == "__main__":
    main()
