"""STATE/vigil.yaml, written as a careful user of the shop would write it."""

from typing import Any

import yaml

from vigil.lab import catalogue_probes as probes
from vigil.lab.config import LabConfig
from vigil.lab.names import Symptom
from vigil.lab.rules import ERRORS

PAGES = ("/", "/basket", "/checkout", "/static/style.css")
SHORT = 80
"""Characters: a list of words up to this long stands on one line."""
COUNTED = "select count(id) from {table}"


def text(config: LabConfig) -> str:
    head = f"# Service catalogue of {config.names.shop}.\n"
    return head + yaml.dump(document(config), Dumper=_Plain, sort_keys=False, width=100)


class _Plain(yaml.SafeDumper):
    """Writes as a person would: no anchors, short lists on one line, queries as blocks."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - see above
        super().increase_indent(flow, indentless=False)


def _list(dumper: _Plain, values: list[Any]) -> yaml.Node:
    words = [value for value in values if isinstance(value, str)]
    short = len(words) == len(values) and len(", ".join(words)) <= SHORT
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=short)


def _text(dumper: _Plain, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Plain.add_representer(list, _list)
_Plain.add_representer(str, _text)


def document(config: LabConfig) -> dict[str, Any]:
    names = config.names
    return {
        "version": 1,
        "environment": "lab",
        "watch": {"interval_s": 1.0, "failures": 3},
        "services": {
            names.web: _web(config),
            names.worker: _worker(config),
            names.database: _database(config),
            names.cache: _cache(config),
            names.proxy: _proxy(config),
        },
    }


def _service(config: LabConfig, kind: str, team: str, processes: list[str]) -> dict[str, Any]:
    return {
        "kind": kind,
        "team": team,
        "owner": f"{team}-oncall@example.test",
        # Faults follow each other here within a minute, and are strangers to each other.
        "watch_after_s": 0,
        "processes": {"supervisor": str(config.files.supervisor_socket), "names": processes},
    }


def _telemetry(config: LabConfig, ports: dict[str, int]) -> dict[str, Any]:
    logs = config.files.logs
    return {
        "metrics": [
            {"url": f"http://127.0.0.1:{port}/metrics", "instance": name}
            for name, port in ports.items()
        ],
        "logs": [{"path": str(logs / f"{name}.jsonl"), "instance": name} for name in ports],
    }


def _known_as(config: LabConfig, service: str) -> list[str]:
    return [config.names.in_pagerduty(service).summary]


def _web(config: LabConfig) -> dict[str, Any]:
    names, files = config.names, config.files
    instances = list(names.web_instances)
    return {
        **_service(config, "web-application", "storefront", instances),
        "also_known_as": _known_as(config, names.web),
        "depends_on": [names.database, names.cache],
        "autonomy": "auto",
        "telemetry": {
            **_telemetry(config, dict(zip(instances, config.ports.web, strict=True))),
            "sessions": {
                "on": names.database,
                "dsn": config.dsn(names.observer),
                "role": names.app,
            },
        },
        "changes": {"release_log": str(files.release_log)},
        "probes": probes.web(config),
        "symptoms": _web_symptoms(config),
        "grants": {
            "release": {
                "verb": "release.switch",
                "link": str(files.current),
                "releases": str(files.releases),
            },
            "restart": _restart(config, dict(zip(instances, config.ports.web, strict=True))),
            # A role may end its own sessions, and needs no other right for it.
            "sessions": {
                "verb": "session.terminate",
                "dsn": config.dsn(names.app),
                "role": names.app,
                "idle_s": 5.0,
            },
        },
        "limits": {"max_actions": 6},
        "inventory": _inventory(config),
    }


def _inventory(config: LabConfig) -> dict[str, Any]:
    """The pages that customers use, and what must never become fewer."""
    counted = {"orders": config.names.tables.orders, "payments": config.names.tables.payments}
    dsn = config.dsn(config.names.observer)
    return {
        "routes": [f"{config.shop_url}{path}" for path in PAGES],
        "rows": {
            name: {"dsn": dsn, "query": COUNTED.format(table=table)}
            for name, table in counted.items()
        },
    }


def _web_symptoms(config: LabConfig) -> dict[str, Any]:
    checkout, catalogue = config.names.checkout, config.names.catalogue
    receipt = config.names.receipt
    return {
        checkout.name: {
            "severity": "critical",
            "alerts": [checkout.alert, config.names.checkout_slow.alert],
            "probes": ["checkout"],
            "prove_with": ["customer"],
            "condition": _errors(checkout),
        },
        catalogue.name: {
            "severity": "high",
            "alerts": [catalogue.alert],
            "probes": ["catalogue"],
            "condition": _errors(catalogue),
        },
        # Nobody has written a probe of the receipts yet; the sources' words still are of one thing.
        receipt.name: {"severity": "low", "alerts": [receipt.alert]},
    }


def _errors(symptom: Symptom) -> dict[str, Any]:
    return {
        "metric": "http_requests_total",
        "where": {"route": symptom.route},
        "bad": {"status": "5.."},
        "window_s": 10,
        "above": ERRORS.above,
    }


def _restart(config: LabConfig, ports: dict[str, int]) -> dict[str, Any]:
    return {
        "verb": "process.restart",
        "supervisor": str(config.files.supervisor_socket),
        "processes": list(ports),
        "listens": {name: f"127.0.0.1:{port}" for name, port in ports.items()},
    }


def _worker(config: LabConfig) -> dict[str, Any]:
    names = config.names
    return {
        **_service(config, "worker", "fulfilment", [names.worker]),
        "also_known_as": _known_as(config, names.worker),
        "depends_on": [names.database, names.cache],
        "autonomy": "auto",
        "telemetry": _telemetry(config, {names.worker: config.ports.worker}),
        "work": {
            "backlog": "orders-waiting",
            "done": "orders_fulfilled_total",
            "paused": "paused",
            "longest_s": 10.0,
        },
        "probes": probes.worker(config),
        "symptoms": {
            names.fulfilment.name: {
                "severity": "critical",
                "alerts": [names.fulfilment.alert],
                "probes": ["orders-waiting"],
                "prove_with": ["customer"],
            }
        },
        "grants": {"restart": _restart(config, {names.worker: config.ports.worker})},
    }


def _database(config: LabConfig) -> dict[str, Any]:
    service = _service(config, "database", "platform", [config.names.database])
    return {**service, "probes": probes.database(config)}


def _cache(config: LabConfig) -> dict[str, Any]:
    service = _service(config, "cache", "platform", [config.names.cache])
    return {**service, "probes": probes.cache(config)}


def _proxy(config: LabConfig) -> dict[str, Any]:
    service = _service(config, "proxy", "platform", [config.names.proxy])
    return {**service, "depends_on": [config.names.web], "probes": probes.proxy(config)}
