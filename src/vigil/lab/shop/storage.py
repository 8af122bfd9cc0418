"""Products and orders in PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from .settings import Settings

# A page must not hang on the database: a customer who waits longer has gone.
PAGE_LIMITS = "-c lock_timeout=1800 -c statement_timeout=2000"
# The worker has nobody waiting, so it has more patience.
WORKER_LIMITS = "-c lock_timeout=20000 -c statement_timeout=25000"


@dataclass(frozen=True)
class Product:
    sku: str
    title: str
    description: str
    price_cents: int


@dataclass(frozen=True)
class Line:
    product: Product
    quantity: int

    @property
    def amount_cents(self) -> int:
        return self.product.price_cents * self.quantity


@dataclass(frozen=True)
class Order:
    id: str
    placed_at: datetime
    customer_name: str
    address: str
    total_cents: int
    state: str


@dataclass(frozen=True)
class NewOrder:
    id: str
    customer_name: str
    address: str
    card_token: str
    total_cents: int
    lines: tuple[Line, ...]


class Storage:
    def __init__(self, settings: Settings, limits: str = PAGE_LIMITS) -> None:
        self._settings = settings
        self._limits = limits
        self._tables = {name: sql.Identifier(t) for name, t in settings.tables.items()}

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """One connection for one transaction: committed at the end, rolled back on an error."""
        with psycopg.connect(
            self._settings.dsn,
            connect_timeout=2,
            options=self._limits,
            application_name=self._settings.instance,
        ) as connection:
            yield connection

    def query(self, text: LiteralString) -> sql.Composed:
        return sql.SQL(text).format(**self._tables)

    def products(self) -> list[Product]:
        with self.session() as db, db.cursor(row_factory=class_row(Product)) as cursor:
            query = "SELECT sku, title, description, price_cents FROM {products} ORDER BY title"
            return cursor.execute(self.query(query)).fetchall()

    def products_by_sku(self, skus: Sequence[str]) -> dict[str, Product]:
        with self.session() as db, db.cursor(row_factory=class_row(Product)) as cursor:
            query = (
                "SELECT sku, title, description, price_cents FROM {products} WHERE sku = ANY(%s)"
            )
            return {p.sku: p for p in cursor.execute(self.query(query), [list(skus)])}

    def order(self, order_id: str) -> Order | None:
        with self.session() as db, db.cursor(row_factory=class_row(Order)) as cursor:
            query = (
                "SELECT id, placed_at, customer_name, address, total_cents, state "
                "FROM {orders} WHERE id = %s"
            )
            return cursor.execute(self.query(query), [order_id]).fetchone()

    def place(self, order: NewOrder) -> bool:
        """Record an order; False when this id was already placed (the form was sent twice)."""
        with self.session() as db:
            added = db.execute(
                self.query(
                    "INSERT INTO {orders} (id, customer_name, address, card_token, total_cents) "
                    "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING"
                ),
                [
                    order.id,
                    order.customer_name,
                    order.address,
                    order.card_token,
                    order.total_cents,
                ],
            ).rowcount
            if not added:
                return False
            # Always in the same order, so that two checkouts cannot wait for each other.
            for line in sorted(order.lines, key=lambda line: line.product.sku):
                self._take(db, order.id, line)
        return True

    def _take(self, db: psycopg.Connection, order_id: str, line: Line) -> None:
        db.execute(
            self.query(
                "INSERT INTO {lines} (order_id, sku, quantity, price_cents) VALUES (%s, %s, %s, %s)"
            ),
            [order_id, line.product.sku, line.quantity, line.product.price_cents],
        )
        db.execute(
            self.query("UPDATE {products} SET on_hand = on_hand - %s WHERE sku = %s"),
            [line.quantity, line.product.sku],
        )
