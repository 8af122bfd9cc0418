"""What a customer and somebody who looks on can do with a running shop."""

import re
import time
from collections.abc import Callable
from typing import LiteralString

import httpx2
import yaml
from psycopg import sql
from pydantic import TypeAdapter

from vigil.lab.lab import Lab
from vigil.lab.releases import Change
from vigil.lab.scenario import SHIPPED

CHECKOUT_S = 6.0
ORDER_ID = re.compile(r'<dd id="order-id">(\w+)</dd>')


def on_tables(lab: Lab, text: LiteralString) -> sql.Composed:
    tables = lab.config.names.tables.model_dump()
    return sql.SQL(text).format(**{role: sql.Identifier(name) for role, name in tables.items()})


def web_urls(lab: Lab) -> list[str]:
    return lab.config.urls["web"].split()


def buy(lab: Lab, url: str | None = None) -> httpx2.Response:
    """Put something into the basket and pay for it; the page that is shown then."""
    base = url or lab.config.shop_url
    with httpx2.Client(base_url=base, timeout=CHECKOUT_S, trust_env=False) as browser:
        thing = {"sku": lab.config.products[0].sku, "quantity": "2"}
        browser.post("/basket", data=thing, follow_redirects=True)
        form = {"name": "A Test", "address": "2 Lane", "card": "tok_test"}
        return browser.post("/checkout", data=form, follow_redirects=True)


def order_of(page: httpx2.Response) -> str:
    """The order's number as the page shows it."""
    found = ORDER_ID.search(page.text)
    assert found, page.text
    return found[1]


def get(url: str) -> httpx2.Response:
    return httpx2.get(url, timeout=3.0, trust_env=False)


def metric(url: str, name: str) -> float:
    """A metric without labels, as it is scraped."""
    (line,) = (line for line in get(f"{url}/metrics").text.splitlines() if line.startswith(name))
    return float(line.split()[1])


def changes_of(scenario: str, file: str = "changes.yaml") -> tuple[Change, ...]:
    raw = yaml.safe_load((SHIPPED / scenario / file).read_text())
    return TypeAdapter(tuple[Change, ...]).validate_python(raw)


def eventually(reached: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "did not come in time"
        time.sleep(0.1)
