"""STATE/vigil.yaml, written as a careful user of the shop would write it."""

from typing import Any

import yaml

from vigil.lab.config import LabConfig
from vigil.lab.names import Symptom

# Who waits for a lock, and who holds a whole table while doing nothing: the waiters come and go
# with their time-outs, so that they alone would be missed every other time.
LOCK_WAITERS = """\
select count(*) from pg_stat_activity as a
where (a.state = 'active' and a.wait_event_type = 'Lock'
       and now() - a.query_start > interval '1 second')
   or (a.state in ('idle in transaction', 'idle in transaction (aborted)')
       and now() - a.state_change > interval '1 second'
       and exists (select 1 from pg_locks as l
                   where l.pid = a.pid and l.granted and l.mode = 'AccessExclusiveLock'))
"""


def text(config: LabConfig) -> str:
    head = f"# Service catalogue of {config.names.shop}.\n"
    return head + yaml.dump(document(config), Dumper=_Plain, sort_keys=False, width=100)


class _Plain(yaml.SafeDumper):
    """Repeats what occurs twice, as a person would; no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class's signature
        return True


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


def _web(config: LabConfig) -> dict[str, Any]:
    names, files = config.names, config.files
    instances = list(names.web_instances)
    checkout, catalogue = names.checkout, names.catalogue
    return {
        **_service(config, "web-application", "storefront", instances),
        "depends_on": [names.database, names.cache],
        "autonomy": "auto",
        "telemetry": _telemetry(config, dict(zip(instances, config.ports.web, strict=True))),
        "changes": {"release_log": str(files.release_log)},
        "probes": _web_probes(config),
        "symptoms": {
            checkout.name: _symptom(checkout, "checkout", "critical"),
            catalogue.name: _symptom(catalogue, "catalogue", "high"),
        },
        "grants": {
            "release": {
                "verb": "release.switch",
                "link": str(files.current),
                "releases": str(files.releases),
            },
            "restart": {
                "verb": "process.restart",
                "supervisor": str(files.supervisor_socket),
                "processes": instances,
            },
        },
        "limits": {"max_actions": 6},
    }


def _web_probes(config: LabConfig) -> dict[str, Any]:
    url, sku = config.shop_url, config.products[0].sku
    look = {"method": "GET", "url": f"{url}/", "expect": {"status": 200, "text": "Catalogue"}}
    fill = {
        "method": "POST",
        "url": f"{url}/basket",
        "form": {"sku": sku, "quantity": "1"},
        "follow": True,
        "expect": {"status": 200},
    }
    pay = {
        "method": "POST",
        "url": f"{url}/checkout",
        "form": {"name": "Vigil probe", "address": "1 Probe Street", "card": "tok_probe"},
        "follow": True,
        "expect": {"status": 200, "text": "Order"},
    }
    shown = {"method": "GET", "url": f"{url}/basket", "expect": {"status": 200, "text": "basket"}}
    return {
        "checkout": {"kind": "http", "timeout_s": 3.0, "steps": [look, fill, pay]},
        "catalogue": {"kind": "http", "timeout_s": 2.0, "steps": [look]},
        "basket": {"kind": "http", "timeout_s": 2.0, "steps": [fill, shown]},
    }


def _symptom(symptom: Symptom, probe: str, severity: str) -> dict[str, Any]:
    return {
        "severity": severity,
        "alerts": [symptom.alert],
        "probes": [probe],
        "condition": {
            "metric": "http_requests_total",
            "where": {"route": symptom.route},
            "bad": {"status": "5.."},
            "window_s": 10,
            "above": 0.2,
        },
    }


def _worker(config: LabConfig) -> dict[str, Any]:
    name = config.names.worker
    return {
        **_service(config, "worker", "fulfilment", [name]),
        "depends_on": [config.names.database, config.names.cache],
        "telemetry": _telemetry(config, {name: config.ports.worker}),
        "probes": {
            "running": {
                "kind": "process",
                "supervisor": str(config.files.supervisor_socket),
                "names": [name],
            }
        },
    }


def _database(config: LabConfig) -> dict[str, Any]:
    return {
        **_service(config, "database", "platform", [config.names.database]),
        "probes": {
            "accepts": _accepts("tcp", config.ports.database),
            "lock-waiters": {
                "kind": "sql",
                "dsn": config.dsn(config.names.observer),
                "query": LOCK_WAITERS,
                "max": 0,
                "timeout_s": 2.0,
                "means": "database_lock",
            },
        },
    }


def _cache(config: LabConfig) -> dict[str, Any]:
    return {
        **_service(config, "cache", "platform", [config.names.cache]),
        "probes": {"accepts": _accepts("redis", config.ports.cache)},
    }


def _proxy(config: LabConfig) -> dict[str, Any]:
    return {
        **_service(config, "proxy", "platform", [config.names.proxy]),
        "depends_on": [config.names.web],
        "probes": {"accepts": _accepts("tcp", config.ports.proxy)},
    }


def _accepts(kind: str, port: int) -> dict[str, Any]:
    return {"kind": kind, "host": "127.0.0.1", "port": port, "timeout_s": 2.0}
