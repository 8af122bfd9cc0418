"""Names and timing drawn from a seed, so that nobody can learn the shop by heart."""

from random import Random
from string import ascii_uppercase, digits

from pydantic import BaseModel, ConfigDict

WORDS = """
gorse heather bracken fennel sorrel teasel yarrow borage clover willow alder rowan hazel juniper
larch maple aspen cedar laurel myrtle saffron tansy lovage chervil nettle thistle foxglove campion
betony comfrey mallow vetch sedge bulrush marram samphire kelp dulse lichen moss fern acorn walnut
quince medlar damson bilberry juneberry pear plum russet pippin bramley
""".split()  # noqa: SIM905 - words are read and added as words
GOODS = """
kettle lantern blanket teapot ladle basket candle cushion apron tray mug bowl jug stool rug
""".split()  # noqa: SIM905 - see above
LOOKS = "oak slate linen copper woollen enamel cotton ceramic brass wicker tin stone".split()  # noqa: SIM905 - see above


class Value(BaseModel):
    """A frozen, strict value that is stored as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Tables(Value):
    products: str
    orders: str
    lines: str
    payments: str
    fulfilments: str


class RedisKeys(Value):
    queue: str
    processing: str
    paused: str
    """There while an operator has paused the queue."""
    basket: str
    catalogue: str


class Symptom(Value):
    """What a customer suffers: its name in the catalogue, its alert, the page it is felt on.

    ``service`` is whom the alert accuses; ``route`` is None for what no page shows by itself.
    """

    name: str
    alert: str
    service: str
    route: str | None


class Reference(Value):
    """A thing in PagerDuty: its opaque id and what people there call it."""

    id: str
    summary: str


class PagerDutyNames(Value):
    """The shop's account in PagerDuty, which has names of its own for everything."""

    account: str
    web: Reference
    worker: Reference
    integration: Reference
    policy: Reference
    team: Reference
    person: Reference
    subscription: str


class Names(Value):
    """Everything in the shop that has a name, by the part it plays."""

    shop: str
    web: str
    web_instances: tuple[str, str]
    worker: str
    database: str
    cache: str
    proxy: str
    visitors: str
    alerting: str
    console: str
    database_name: str
    admin: str
    app: str
    observer: str
    tables: Tables
    redis: RedisKeys
    checkout: Symptom
    checkout_slow: Symptom
    """Another alert of the same symptom."""
    catalogue: Symptom
    fulfilment: Symptom
    receipt: Symptom
    release_style: str
    pagerduty: PagerDutyNames
    backfill: str
    """What a session calls itself that was left open by a job of the shop."""
    report: str
    """What the session of a long report calls itself."""

    def in_pagerduty(self, service: str) -> Reference:
        """What a service that alerts accuse is there."""
        return {self.web: self.pagerduty.web, self.worker: self.pagerduty.worker}[service]


class Product(Value):
    sku: str
    title: str
    description: str
    price_cents: int
    on_hand: int


class Timing(Value):
    """Seconds, all of them."""

    visitors: int
    pause: float
    fault_delay: float
    alert_hold: float
    alert_repeat: float


def names_for(seed: int) -> Names:
    rng = Random(seed)  # noqa: S311 - variety, not secrecy
    word = rng.choice(WORDS)
    web = f"{word}-{rng.choice(('web', 'storefront', 'shop', 'site', 'frontend'))}"
    first = rng.choice((1, 1, 11, 101))
    shop = f"{word.title()} & {rng.choice(('Co', 'Daughters', 'Sons', 'Friends'))}"
    worker = f"{word}-{rng.choice(('worker', 'fulfilment', 'dispatch', 'orders-worker'))}"
    return Names(
        shop=shop,
        web=web,
        web_instances=(f"{web}-{first}", f"{web}-{first + 1}"),
        worker=worker,
        database=f"{word}-{rng.choice(('db', 'postgres', 'database', 'store'))}",
        cache=f"{word}-{rng.choice(('cache', 'redis', 'sessions', 'kv'))}",
        proxy=f"{word}-{rng.choice(('proxy', 'edge', 'gateway', 'nginx'))}",
        visitors=f"{word}-visitors",
        alerting=f"{word}-alerting",
        console=f"{word}-console",
        database_name=rng.choice(("shop", "store", word, f"{word}_shop")),
        admin=rng.choice(("dba", "owner", "postgres")),
        app=rng.choice(("storefront", "webapp", f"{word}_app")),
        observer=rng.choice(("observer", "monitor", "watcher")),
        tables=_tables(rng, rng.choice(WORDS)),
        redis=_redis_keys(rng, word),
        **_symptoms(rng, word.title(), web, worker),
        release_style=rng.choice((f"{web}-{{n}}", "r{n}", "v2.{n}.0", "build-{n}")),
        pagerduty=_pagerduty(rng, word),
        backfill=f"{rng.choice(('prices', 'stock', 'articles', 'suppliers'))}-"
        f"{rng.choice(('backfill', 'import', 'sync', 'cleanup'))}",
        report=f"{rng.choice(('monthly', 'sales', 'revenue', 'turnover'))}-"
        f"{rng.choice(('report', 'export', 'statement'))}",
    )


def _tables(rng: Random, word: str) -> Tables:
    return Tables(
        products=f"{word}_{rng.choice(('products', 'articles', 'items', 'goods'))}",
        orders=f"{word}_{rng.choice(('orders', 'purchases', 'sales'))}",
        lines=f"{word}_{rng.choice(('order_lines', 'positions', 'entries'))}",
        payments=f"{word}_{rng.choice(('payments', 'charges', 'receipts'))}",
        fulfilments=f"{word}_{rng.choice(('fulfilments', 'shipments', 'deliveries'))}",
    )


def _redis_keys(rng: Random, word: str) -> RedisKeys:
    queue = f"{word}:{rng.choice(('orders', 'outgoing', 'to-fulfil', 'jobs'))}"
    return RedisKeys(
        queue=queue,
        processing=f"{queue}:{rng.choice(('taken', 'processing', 'running'))}",
        paused=f"{queue}:paused",
        basket=f"{word}:{rng.choice(('basket', 'cart', 'trolley'))}",
        catalogue=f"{word}:{rng.choice(('catalogue', 'listing', 'front'))}",
    )


def _symptoms(rng: Random, title: str, web: str, worker: str) -> dict[str, Symptom]:
    """By the part that each plays; slow checkouts are another alert of the checkout's symptom."""
    checkout = Symptom(
        name=rng.choice(("checkout-failing", "checkout-errors", "checkout-down")),
        alert=_errors(rng, title, "Checkout"),
        service=web,
        route="/checkout",
    )
    catalogue = Symptom(
        name=rng.choice(("catalogue-failing", "catalogue-errors", "catalogue-unavailable")),
        alert=_errors(rng, title, "Catalogue"),
        service=web,
        route="/",
    )
    slow = rng.choice(("CheckoutSlow", "SlowCheckout", "CheckoutLatency"))
    fulfilment = Symptom(
        name=rng.choice(("orders-stuck", "fulfilment-stalled", "orders-not-fulfilled")),
        alert=title + rng.choice(("OrdersStuck", "OrdersNotFulfilled", "FulfilmentStalled")),
        service=worker,
        route=None,
    )
    receipt = Symptom(
        name=rng.choice(("receipt-failing", "receipt-errors")),
        alert=_errors(rng, title, "Receipt"),
        service=web,
        route="/orders/{order_id}/receipt",
    )
    return {
        "checkout": checkout,
        "checkout_slow": checkout.model_copy(update={"alert": title + slow}),
        "catalogue": catalogue,
        "fulfilment": fulfilment,
        "receipt": receipt,
    }


def _errors(rng: Random, title: str, page: str) -> str:
    return f"{title}{page}{rng.choice(('Errors', 'Failing', 'ErrorRate'))}"


def _pagerduty(rng: Random, word: str) -> PagerDutyNames:
    title = word.title()
    stage = rng.choice(("(production)", "(prod)", "- live"))
    storefront = f"{title} {rng.choice(('Storefront', 'Web Shop', 'Online Shop'))} {stage}"
    orders = f"{title} {rng.choice(('Order Fulfilment', 'Dispatch', 'Back Office'))} {stage}"
    person = rng.choice(("Robin Hale", "Kim Archer", "Sam Whitlock", "Alex Penrose"))
    return PagerDutyNames(
        account=f"{word}-{rng.choice(('shop', 'goods', 'home'))}",
        web=Reference(id=_opaque(rng), summary=storefront),
        worker=Reference(id=_opaque(rng), summary=orders),
        integration=Reference(id=_opaque(rng), summary="Prometheus"),
        policy=Reference(id=_opaque(rng), summary=f"{title} on call"),
        team=Reference(id=_opaque(rng), summary=f"{title} {rng.choice(('Shop', 'Platform'))}"),
        person=Reference(id=_opaque(rng), summary=person),
        subscription=_opaque(rng),
    )


def _opaque(rng: Random) -> str:
    return "P" + "".join(rng.choices(ascii_uppercase + digits, k=6))


def products_for(seed: int, count: int = 12) -> tuple[Product, ...]:
    rng = Random(f"products {seed}")  # noqa: S311 - variety, not secrecy
    letters = "".join(rng.sample("ABCDEFGHJKLMNPRSTUVW", 2))
    pairs = rng.sample([(look, thing) for look in LOOKS for thing in GOODS], count)
    return tuple(
        Product(
            sku=f"{letters}-{number}",
            title=f"{look.title()} {thing}",
            description=f"A {look} {thing}, made to last.",
            price_cents=rng.randrange(490, 8990, 10),
            on_hand=rng.randrange(1_000_000, 2_000_000),
        )
        for number, (look, thing) in zip(
            sorted(rng.sample(range(1000, 9999), count)), pairs, strict=True
        )
    )


def timing_for(seed: int) -> Timing:
    rng = Random(f"timing {seed}")  # noqa: S311 - variety, not secrecy
    return Timing(
        pause=round(rng.uniform(0.5, 1.0), 2),
        fault_delay=round(rng.uniform(0.1, 1.5), 2),
        alert_hold=round(rng.uniform(1.5, 3.5), 2),
        alert_repeat=round(rng.uniform(6.0, 10.0), 2),
        visitors=rng.randint(4, 5),
    )
