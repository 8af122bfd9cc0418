"""A cache's prefix that covers a key of somebody else's is a mistake, told with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.domain.catalogue import Catalogue
from vigil.domain.overlaps import overlapping

REDIS = {"host": "127.0.0.1", "port": 6379}
CACHE = {"verb": "cache.delete", "prefix": "shop:", **REDIS}


def found(other: dict[str, object], cache: dict[str, object] | None = None) -> list[object]:
    services = {"web": {"grants": {"cache": cache or CACHE}}, "queue": {"grants": {"it": other}}}
    return [place for place, _ in overlapping(services)]


@pytest.mark.parametrize(
    "other",
    [
        {"verb": "queue.pause", "paused": "shop:paused", **REDIS},
        {"verb": "queue.park", "queue": "orders", "parking": "shop:parked", **REDIS},
        {"verb": "flag.set", "flags": {"f": {"key": "shop:f"}}, **REDIS, "host": "localhost"},
    ],
)
def test_it_is_found_whoever_grants_it(other: dict[str, object]) -> None:
    assert found(other) == [("services", "web", "grants", "cache", "prefix")]


@pytest.mark.parametrize(
    "other",
    [
        {"verb": "queue.pause", "paused": "shop", **REDIS},
        {"verb": "queue.pause", "paused": "shop:paused", **REDIS, "db": 1},
        {"verb": "queue.pause", "paused": "shop:paused", **REDIS, "port": 6380},
        CACHE,
    ],
)
def test_what_lies_apart_is_none(other: dict[str, object]) -> None:
    assert found(other) == []


def test_a_catalogue_with_one_is_refused() -> None:
    pause = {"verb": "queue.pause", "paused": "shop:paused", **REDIS}
    document = {"version": 1, "services": {"web": {"grants": {"cache": CACHE, "it": pause}}}}
    with pytest.raises(ValueError, match=r"services.web.grants.cache.prefix: it may delete"):
        Catalogue.model_validate(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["grants", "verb", "prefix", "host", "port", "flags", "key", "x"]),
            inner,
            max_size=4,
        )
    ),
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=3))
def test_any_shape_is_borne(services: dict[str, object]) -> None:
    list(overlapping(services))
