"""One investigator, one file, one question.

The table names them in the order in which their evidence is written down.
"""

from types import MappingProxyType

from vigil.orient.investigators.dependencies import look_at_dependencies
from vigil.orient.investigators.errors import look_at_errors
from vigil.orient.investigators.latency import look_at_latency
from vigil.orient.investigators.processes import look_at_processes
from vigil.orient.investigators.progress import look_at_progress
from vigil.orient.investigators.releases import look_at_releases
from vigil.orient.investigators.sessions import look_at_sessions
from vigil.orient.investigators.symptom import look_at_symptom
from vigil.orient.scene import Investigator

INVESTIGATORS = MappingProxyType[str, Investigator](
    {
        "symptom": look_at_symptom,
        "releases": look_at_releases,
        "errors": look_at_errors,
        "dependencies": look_at_dependencies,
        "sessions": look_at_sessions,
        "processes": look_at_processes,
        "progress": look_at_progress,
        "latency": look_at_latency,
    }
)
