"""Names, ports and timing by seed (no processes, under a second)."""

import contextlib
from pathlib import Path

import pytest

from vigil.lab import catalogue
from vigil.lab.config import LONGEST_STATE, LabConfig, new_config
from vigil.lab.errors import LabUsage
from vigil.lab.names import names_for, products_for, timing_for
from vigil.lab.ports import Ports, free_ports

PORTS = Ports(proxy=1, web=(2, 3), worker=4, database=5, cache=6)


def made(seed: int) -> LabConfig:
    return new_config(Path("/tmp/x"), seed=seed, ports=PORTS, alert_url=None)


def test_a_seed_means_the_same_names_again() -> None:
    assert names_for(7) == names_for(7)
    assert products_for(7) == products_for(7)
    assert timing_for(7) == timing_for(7)


def test_seeds_rename_the_shop() -> None:
    all_names = [names_for(seed) for seed in range(40)]
    for part in ("web", "worker", "database", "cache", "proxy", "tables", "redis"):
        assert len({getattr(names, part) for names in all_names}) > 20, part
    assert len({products_for(seed)[0].sku for seed in range(40)}) == 40
    assert len({timing_for(seed).pause for seed in range(40)}) > 20


@pytest.mark.parametrize("seed", range(30))
def test_no_two_parts_share_a_name(seed: int) -> None:
    names = names_for(seed)
    tables = names.tables.model_dump().values()
    assert len(set(tables)) == 5
    parts = (*names.web_instances, names.worker, names.database, names.cache, names.proxy)
    assert len({*parts, names.visitors, names.alerting, names.console}) == 9


def numbers(ports: Ports) -> set[int]:
    return {ports.proxy, *ports.web, ports.worker, ports.database, ports.cache}


def test_labs_that_start_together_get_different_ports() -> None:
    with contextlib.ExitStack() as starting:
        taken = [numbers(starting.enter_context(free_ports())) for _ in range(50)]
        assert len(set.union(*taken)) == 300
        assert max(set.union(*taken)) < 32_768


def test_the_catalogue_holds_no_name_of_another_seed() -> None:
    text = catalogue.text(made(1))
    assert "&id" not in text
    assert names_for(1).web in text
    assert names_for(2).web not in text


@pytest.mark.parametrize("state", ["/tmp/" + "x" * LONGEST_STATE, "/tmp/a b", "/tmp/a%b"])
def test_a_state_directory_no_socket_or_config_can_bear_is_refused(state: str) -> None:
    with pytest.raises(LabUsage, match="state directory"):
        new_config(Path(state), seed=1, ports=PORTS, alert_url=None)
