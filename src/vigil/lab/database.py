"""The shop's database: made, filled, looked at and freed by the lab's own hand."""

import hashlib
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from vigil.lab.config import LabConfig
from vigil.lab.names import Product

LIMITS = "-c lock_timeout=3000 -c statement_timeout=5000"


class Database:
    def __init__(self, config: LabConfig) -> None:
        self._config = config
        self._tables = {
            role: sql.Identifier(name) for role, name in config.names.tables.model_dump().items()
        }

    def accepts(self) -> bool:
        try:
            with psycopg.connect(self._dsn(database="postgres"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def rows(self, query: LiteralString, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._dsn(), connect_timeout=2, options=LIMITS) as connection:
            return connection.execute(self._compose(query), values).fetchall()

    def _compose(self, query: LiteralString, **names: sql.Composable) -> sql.Composed:
        return sql.SQL(query).format(**self._tables, **names)

    def _dsn(self, database: str | None = None) -> str:
        dsn = self._config.dsn(self._config.names.admin)
        return f"{dsn} dbname={database}" if database else dsn

    def create(self) -> None:
        """Database, roles, tables, products; the observer watches sessions and counts orders."""
        names = self._config.names
        roles = {
            "database": sql.Identifier(names.database_name),
            "app": sql.Identifier(names.app),
            "observer": sql.Identifier(names.observer),
        }
        with psycopg.connect(self._dsn(database="postgres"), autocommit=True) as connection:
            for statement in ROLES:
                connection.execute(sql.SQL(statement).format(**roles))
        with psycopg.connect(self._dsn()) as connection:
            connection.execute(self._compose(TABLES, **roles))
            connection.cursor().executemany(
                self._compose("INSERT INTO {products} VALUES (%s, %s, %s, %s, %s)"),
                [tuple(product.model_dump().values()) for product in self._config.products],
            )

    def free_locks(self) -> int:
        """End the sessions that sit idle in a transaction; how many there were."""
        ended = self.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND state LIKE 'idle in transaction%%' "
            "AND now() - state_change > interval '1 second'"
        )
        return len(ended)


def products_checksum(rows: Sequence[tuple[str, str, str, int]]) -> str:
    return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()


def checksum_of_seed(products: Sequence[Product]) -> str:
    return products_checksum([(p.sku, p.title, p.description, p.price_cents) for p in products])


ROLES: tuple[LiteralString, ...] = (
    "CREATE DATABASE {database}",
    "CREATE ROLE {app} LOGIN",
    "CREATE ROLE {observer} LOGIN",
    "GRANT pg_monitor TO {observer}",
    "ALTER ROLE {observer} SET default_transaction_read_only = on",
    "ALTER ROLE {observer} SET statement_timeout = '3s'",
)
TABLES: LiteralString = """
CREATE TABLE {products} (
    sku text PRIMARY KEY,
    title text NOT NULL,
    description text NOT NULL,
    price_cents integer NOT NULL,
    on_hand integer NOT NULL
);
CREATE TABLE {orders} (
    id text PRIMARY KEY,
    placed_at timestamptz NOT NULL DEFAULT now(),
    customer_name text NOT NULL,
    address text NOT NULL,
    card_token text NOT NULL,
    total_cents integer NOT NULL,
    state text NOT NULL DEFAULT 'placed'
);
CREATE INDEX ON {orders} (placed_at) WHERE state = 'placed';
CREATE TABLE {lines} (
    order_id text NOT NULL REFERENCES {orders},
    sku text NOT NULL REFERENCES {products},
    quantity integer NOT NULL,
    price_cents integer NOT NULL
);
-- No unique key on order_id here and below: were the worker to charge or to fulfil an order twice,
-- the judge must be able to see it.
CREATE TABLE {payments} (
    id bigserial PRIMARY KEY,
    order_id text NOT NULL,
    amount_cents integer NOT NULL,
    card_token text NOT NULL,
    paid_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE {fulfilments} (
    id bigserial PRIMARY KEY,
    order_id text NOT NULL,
    instance text NOT NULL,
    fulfilled_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON {lines} (order_id);
CREATE INDEX ON {payments} (order_id);
CREATE INDEX ON {fulfilments} (order_id);
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {app};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app};
-- How long orders wait, how many there are and how many are paid; nothing of whose they are.
GRANT SELECT (id, placed_at, state) ON {orders} TO {observer};
GRANT SELECT (id) ON {payments} TO {observer};
"""
