"""Names and timing drawn from a seed, so that nobody can learn the shop by heart."""

from random import Random

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
    basket: str
    catalogue: str


class Symptom(Value):
    """What a customer suffers: its name in the catalogue, its alert, the page it is felt on."""

    name: str
    alert: str
    route: str


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
    catalogue: Symptom
    release_style: str


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
    return Names(
        shop=f"{word.title()} & {rng.choice(('Co', 'Daughters', 'Sons', 'Friends'))}",
        web=web,
        web_instances=(f"{web}-{first}", f"{web}-{first + 1}"),
        worker=f"{word}-{rng.choice(('worker', 'fulfilment', 'dispatch', 'orders-worker'))}",
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
        checkout=_symptom(rng, word, "checkout", ("failing", "errors", "down")),
        catalogue=_symptom(rng, word, "catalogue", ("failing", "errors", "unavailable")),
        release_style=rng.choice((f"{web}-{{n}}", "r{n}", "v2.{n}.0", "build-{n}")),
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
        basket=f"{word}:{rng.choice(('basket', 'cart', 'trolley'))}",
        catalogue=f"{word}:{rng.choice(('catalogue', 'listing', 'front'))}",
    )


def _symptom(rng: Random, word: str, page: str, endings: tuple[str, ...]) -> Symptom:
    ending = rng.choice(endings)
    route = "/" if page == "catalogue" else f"/{page}"
    alert = f"{word.title()}{page.title()}{rng.choice(('Errors', 'Failing', 'ErrorRate'))}"
    return Symptom(name=f"{page}-{ending}", alert=alert, route=route)


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
        visitors=3,
        pause=round(rng.uniform(0.5, 1.0), 2),
        fault_delay=round(rng.uniform(0.1, 1.5), 2),
        alert_hold=round(rng.uniform(1.5, 3.5), 2),
        alert_repeat=round(rng.uniform(6.0, 10.0), 2),
    )
