"""Where one Vigil is put together: the only package that names integrations.

Adapters are given plain values, never the settings.
"""

from vigil.bootstrap.building import SHIPPED_RUNBOOKS, Installation, build, new_worker
from vigil.bootstrap.looking import open_browser, open_probes
from vigil.bootstrap.minds import check_models
from vigil.bootstrap.place import runner_folder
from vigil.bootstrap.swarming import open_swarm, without_switch
from vigil.bootstrap.upkeep import (
    check_browser,
    check_bus,
    check_database,
    check_many_may_work,
    check_timelines,
    known_backup,
    open_access,
    open_audit,
    open_memory,
    open_switch,
    restore_backup,
    sole_process,
    take_backup,
)
from vigil.integrations.alerts.datadog import TEMPLATE as DATADOG_TEMPLATE

__all__ = [
    "DATADOG_TEMPLATE",
    "SHIPPED_RUNBOOKS",
    "Installation",
    "build",
    "check_browser",
    "check_bus",
    "check_database",
    "check_many_may_work",
    "check_models",
    "check_timelines",
    "known_backup",
    "new_worker",
    "open_access",
    "open_audit",
    "open_browser",
    "open_memory",
    "open_probes",
    "open_swarm",
    "open_switch",
    "restore_backup",
    "runner_folder",
    "sole_process",
    "take_backup",
    "without_switch",
]
