"""Names, ports and timing by seed (no processes, under a second)."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vigil.domain.catalogue import Catalogue
from vigil.lab import catalogue, pagerduty
from vigil.lab.alerts import Firing
from vigil.lab.config import LONGEST_STATE, LabConfig, new_config
from vigil.lab.errors import LabUsage
from vigil.lab.names import names_for, products_for, timing_for
from vigil.lab.ports import Ports, free_ports
from vigil.lab.rules import rules
from vigil.settings import load_catalogue

PORTS = Ports(proxy=1, web=(2, 3), worker=4, database=5, cache=6)


def made(seed: int) -> LabConfig:
    return new_config(Path("/tmp/x"), seed=seed, ports=PORTS, alert_url=None)


def loaded(tmp_path: Path, config: LabConfig) -> Catalogue:
    """What the lab writes, as Vigil reads it."""
    path = tmp_path / "vigil.yaml"
    path.write_text(catalogue.text(config))
    return load_catalogue(path)


def test_a_seed_means_the_same_names_again() -> None:
    assert names_for(7) == names_for(7)
    assert products_for(7) == products_for(7)
    assert timing_for(7) == timing_for(7)


def test_seeds_rename_the_shop() -> None:
    all_names = [names_for(seed) for seed in range(40)]
    renamed = ("web", "worker", "database", "cache", "proxy", "tables", "redis")
    for part in (*renamed, "checkout", "fulfilment", "receipt", "pagerduty"):
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
    slow, checkout = names.checkout_slow, names.checkout
    assert (slow.name, slow.service, slow.route) == (
        checkout.name,
        checkout.service,
        checkout.route,
    )
    alerts = (checkout, slow, names.catalogue, names.fulfilment, names.receipt)
    assert len({symptom.alert for symptom in alerts}) == 5
    assert len({symptom.name for symptom in alerts}) == 4
    there = names.pagerduty
    things = (there.web, there.worker, there.integration, there.policy, there.team, there.person)
    assert len({thing.id for thing in things} | {there.subscription}) == 7


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


def test_long_lists_and_queries_in_the_catalogue_read_well() -> None:
    config = made(1)
    lines = catalogue.text(config).splitlines()
    assert f"    depends_on: [{config.names.database}, {config.names.cache}]" in lines
    assert "        query: |" in lines
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("seed", range(5))
def test_what_the_sources_say_leads_to_the_right_symptom(tmp_path: Path, seed: int) -> None:
    config = made(seed)
    names, read = config.names, loaded(tmp_path, config)
    for part, rule in rules(config).items():
        symptom = getattr(names, part)
        incident = pagerduty.event(config, Firing(rule, datetime.now(UTC)))["data"]
        assert read.service_called(incident["service"]["summary"]) == symptom.service
        assert read.symptom_for(symptom.service, symptom.alert) == symptom.name
        assert read.symptom_for(symptom.service, incident["title"]) == symptom.name


def test_nobody_looks_at_receipts(tmp_path: Path) -> None:
    config = made(1)
    receipt, read = config.names.receipt, loaded(tmp_path, config)
    assert read.proving_probes(receipt.service, receipt.name) == ()
    assert read.services[receipt.service].symptoms[receipt.name].condition is None


def test_a_cure_is_proven_by_a_customer(tmp_path: Path) -> None:
    config = made(1)
    names, read = config.names, loaded(tmp_path, config)
    for symptom, watched in ((names.checkout, "checkout"), (names.fulfilment, "orders-waiting")):
        look = [ref.probe for ref in read.watched_probes(symptom.service, symptom.name)]
        proof = [ref.probe for ref in read.proving_probes(symptom.service, symptom.name)]
        assert (look, proof) == ([watched], [watched, "customer"])


@pytest.mark.parametrize("state", ["/tmp/" + "x" * LONGEST_STATE, "/tmp/a b", "/tmp/a%b"])
def test_a_state_directory_no_socket_or_config_can_bear_is_refused(state: str) -> None:
    with pytest.raises(LabUsage, match="state directory"):
        new_config(Path(state), seed=1, ports=PORTS, alert_url=None)
