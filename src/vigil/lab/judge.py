"""The lab's own look at the shop: what customers were promised against what the database holds.

It takes nobody's word, Vigil's least of all: it compares the customers' ledger with the rows, looks
at the processes, and at what customers met in the last seconds.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
from pydantic import ValidationError

from vigil.lab.config import LabConfig
from vigil.lab.database import Database, checksum_of_seed, products_checksum
from vigil.lab.errors import LabNotRunning
from vigil.lab.names import Value
from vigil.lab.releases import Releases
from vigil.lab.sessions import Sessions
from vigil.lab.supervisor import Supervisor, starts_by_process
from vigil.lab.visitors import Entry

RECENT = timedelta(seconds=3)
# A slow checkout is over seconds after it began, and comes less often.
RECENTLY_SLOW = timedelta(seconds=4)
# The worker needs milliseconds, and looks every two seconds for what did not come by the queue.
IN_HAND_S = 5.0
# A visitor's walk takes up to some seconds; a shop with no walk at all in this time is not visited.
LONGEST_QUIET = timedelta(seconds=12)
MOST_NAMED = 3


class Judgement(Value):
    """What the judge found; `ok` when there is nothing to find fault with."""

    ok: bool
    findings: tuple[str, ...]
    orders_acknowledged: int
    orders_fulfilled: int
    customer_errors: int


class Counters(Value):
    """What was done to the shop, counted where it happens; compare two of them."""

    release: str
    link_changed_ns: int
    release_log_lines: int
    starts: dict[str, int]
    sessions_ended: int
    """Of the database sessions that scenarios opened."""

    def starts_since(self, mark: "Counters") -> dict[str, int]:
        """How often each process was started since then; only those that were."""
        new = {name: count - mark.starts.get(name, 0) for name, count in self.starts.items()}
        return {name: count for name, count in new.items() if count}

    def switched_since(self, mark: "Counters") -> bool:
        """The link was made anew, even if it leads where it led before."""
        return self.link_changed_ns != mark.link_changed_ns or self.release != mark.release

    def switches_since(self, mark: "Counters") -> int:
        """As often as the log says; at least once when the link says so."""
        logged = self.release_log_lines - mark.release_log_lines
        return max(logged, int(self.switched_since(mark)))

    def ended_since(self, mark: "Counters") -> int:
        """How many sessions are over that were not then."""
        return self.sessions_ended - mark.sessions_ended

    def actions_since(self, mark: "Counters") -> int:
        """Switches, starts and ended sessions together: 0 means that nobody touched the shop."""
        starts = sum(self.starts_since(mark).values())
        return self.switches_since(mark) + starts + self.ended_since(mark)


def counters(config: LabConfig) -> Counters:
    files = config.files
    return Counters(
        release=files.current.resolve().name,
        link_changed_ns=files.current.lstat().st_mtime_ns,
        release_log_lines=Releases(config).log_lines(),
        starts=starts_by_process(files.supervisor_log),
        sessions_ended=Sessions(config).ended(),
    )


def judge(config: LabConfig, *, settle_s: float = 0.0) -> Judgement:
    """Look until nothing is found or the settling time is over; the last look counts."""
    deadline = time.monotonic() + settle_s
    while True:
        found = _look(config)
        if found.ok or time.monotonic() >= deadline:
            return found
        time.sleep(0.25)


def _look(config: LabConfig) -> Judgement:
    # The ledger first: an order acknowledged after this look is no part of it.
    ledger = list(read_ledger(config))
    acknowledged = {
        entry.order for entry in ledger if entry.event == "acknowledged" and entry.order
    }
    findings = [*_processes(config), *_customers(ledger), *_releases(config)]
    fulfilled = 0
    try:
        database = Database(config)
        findings += _products(config, database)
        order_findings, fulfilled = _orders(database, acknowledged)
        findings += order_findings
    except psycopg.Error as error:
        findings.append(f"the database does not answer the judge: {str(error).strip()}")
    return Judgement(
        ok=not findings,
        findings=tuple(findings),
        orders_acknowledged=len(acknowledged),
        orders_fulfilled=fulfilled,
        customer_errors=sum(entry.event == "error" for entry in ledger),
    )


def read_ledger(config: LabConfig) -> Iterator[Entry]:
    if not config.files.ledger.exists():
        return
    with config.files.ledger.open() as lines:
        for line in lines:
            try:
                yield Entry.model_validate_json(line)
            except ValidationError:
                # The last line may be half written at this moment; a later look reads it whole.
                continue


def _processes(config: LabConfig) -> Iterator[str]:
    try:
        states = Supervisor(config.files.supervisor_socket).processes()
    except LabNotRunning as gone:
        yield str(gone)
        return
    for name in (*config.shop_processes, config.names.visitors):
        state = states[name].state if name in states else "missing"
        if state != "RUNNING":
            yield f"process {name} is {state}, not RUNNING"


def _customers(ledger: list[Entry]) -> Iterator[str]:
    now = datetime.now(UTC)
    errors = [entry for entry in ledger if entry.event == "error" and now - entry.at < RECENT]
    if errors:
        last = errors[-1]
        yield (
            f"customers met {len(errors)} error(s) in the last {RECENT.seconds} s, "
            f"the latest at {last.step}: {last.reason}"
        )
    slow = [entry for entry in ledger if entry.event == "slow" and now - entry.at < RECENTLY_SLOW]
    if slow:
        last = slow[-1]
        yield (
            f"customers waited {len(slow)} time(s) in the last {RECENTLY_SLOW.seconds} s, "
            f"the latest at {last.step}: {last.reason}"
        )
    if not any(entry.event == "served" and now - entry.at < LONGEST_QUIET for entry in ledger):
        yield f"no customer was served in the last {LONGEST_QUIET.seconds} s"


def _releases(config: LabConfig) -> Iterator[str]:
    releases = Releases(config)
    missing = sorted(set(releases.good()) - set(releases.all_names()))
    if missing:
        yield f"releases are gone from the disk: {', '.join(missing)}"
    if not releases.current().is_dir():
        yield f"the current release leads nowhere: {releases.current()}"


def _products(config: LabConfig, database: Database) -> Iterator[str]:
    rows = database.rows("SELECT sku, title, description, price_cents FROM {products}")
    if products_checksum([(r[0], r[1], r[2], r[3]) for r in rows]) != checksum_of_seed(
        config.products
    ):
        yield "the products are not those that the shop was opened with"
    first = {product.sku: product.on_hand for product in config.products}
    stock = database.rows(
        "SELECT p.sku, p.on_hand + coalesce(sum(l.quantity), 0) FROM {products} p "
        "LEFT JOIN {lines} l USING (sku) GROUP BY p.sku, p.on_hand"
    )
    wrong = sorted(sku for sku, total in stock if first.get(sku) != total)
    if wrong:
        yield f"stock and sales do not add up for {_some(wrong)}"


def _orders(database: Database, acknowledged: set[str]) -> tuple[list[str], int]:
    rows = database.rows(
        "SELECT o.id, o.state, "
        "(SELECT count(*) FROM {payments} p WHERE p.order_id = o.id), "
        "(SELECT coalesce(sum(amount_cents), 0) FROM {payments} p WHERE p.order_id = o.id) "
        "= o.total_cents, "
        "(SELECT count(*) FROM {fulfilments} f WHERE f.order_id = o.id), "
        "EXISTS (SELECT FROM {lines} l WHERE l.order_id = o.id), "
        "o.placed_at < now() - make_interval(secs => %s) "
        "FROM {orders} o",
        [IN_HAND_S],
    )
    checks = {
        "acknowledged to a customer but not in the database": acknowledged - {r[0] for r in rows},
        "paid more than once": {r[0] for r in rows if r[2] > 1},
        "fulfilled more than once": {r[0] for r in rows if r[4] > 1},
        "not paid": {r[0] for r in rows if r[6] and r[2] == 0},
        "not fulfilled": {r[0] for r in rows if r[6] and (r[4] == 0 or r[1] != "fulfilled")},
        "paid with another amount than their total": {r[0] for r in rows if r[2] and not r[3]},
        "without a single line": {r[0] for r in rows if not r[5]},
    }
    findings = [f"{len(ids)} order(s) {what}: {_some(ids)}" for what, ids in checks.items() if ids]
    return findings, sum(r[4] == 1 for r in rows)


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    rest = len(ordered) - MOST_NAMED
    return ", ".join(ordered[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
