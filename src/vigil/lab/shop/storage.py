"""Products and orders in PostgreSQL."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

Session = Callable[[], AbstractContextManager[psycopg.Connection]]
"""Gives a connection for one transaction: committed at the end, rolled back on an error."""


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


@dataclass(frozen=True)
class Receipt:
    order_id: str
    paid_at: datetime
    customer_name: str
    total_cents: int
    lines: tuple[Line, ...]


class Storage:
    def __init__(self, tables: dict[str, str], session: Session) -> None:
        self.session = session
        self._tables = {name: sql.Identifier(table) for name, table in tables.items()}

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

    def receipt(self, order_id: str) -> Receipt | None:
        """What was bought and paid; None for an order that is not paid, or not known."""
        with self.session() as db:
            paid = db.execute(
                self.query(
                    "SELECT o.customer_name, o.total_cents, min(p.paid_at) FROM {orders} o "
                    "JOIN {payments} p ON p.order_id = o.id WHERE o.id = %s "
                    "GROUP BY o.customer_name, o.total_cents"
                ),
                [order_id],
            ).fetchone()
            if paid is None:
                return None
            bought = db.execute(
                self.query(
                    "SELECT l.sku, p.title, p.description, l.price_cents, l.quantity "
                    "FROM {lines} l JOIN {products} p USING (sku) "
                    "WHERE l.order_id = %s ORDER BY p.title"
                ),
                [order_id],
            ).fetchall()
        name, total, at = paid
        lines = tuple(Line(Product(*product), quantity) for *product, quantity in bought)
        return Receipt(order_id, at, name, total, lines)

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
