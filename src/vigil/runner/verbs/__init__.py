"""The verbs: one file each, the only code of Vigil that changes a service."""

from pathlib import Path

from vigil.domain.catalogue import Service
from vigil.domain.effects import Call
from vigil.domain.grant import ProcessRestartGrant, ReleaseSwitchGrant, SessionTerminateGrant
from vigil.runner.verbs.base import Operation, Refusal
from vigil.runner.verbs.process_restart import ProcessRestart
from vigil.runner.verbs.release_switch import ReleaseSwitch


def operation(name: str, service: Service, call: Call, key: str) -> Operation:
    """Bind a call to the grant that it names.

    :raises Refusal: the service does not grant it.
    """
    grant = service.grants.get(call.grant)
    if grant is None:
        granted = ", ".join(service.grants) or "nothing"
        raise Refusal(f"{name} has no grant '{call.grant}' (it grants: {granted})")
    if grant.verb != call.verb:
        raise Refusal(f"the grant '{call.grant}' of {name} is for {grant.verb}, not {call.verb}")
    if len(call.arguments) != 1:
        raise Refusal(f"{call.verb} takes one argument, {len(call.arguments)} were given")
    match grant:
        case ReleaseSwitchGrant():
            log = service.changes.release_log
            return ReleaseSwitch(
                name, grant, call.arguments[0], key, None if log is None else Path(log)
            )
        case ProcessRestartGrant():
            return ProcessRestart(grant, call.arguments[0])
        case SessionTerminateGrant():
            return _session_terminate(grant, call.arguments[0])


def _session_terminate(grant: SessionTerminateGrant, session: str) -> Operation:
    try:
        # Only who gives this grant needs the driver, which needs a C library.
        from vigil.runner.verbs.session_terminate import SessionTerminate  # noqa: PLC0415
    except ImportError as missing:
        raise Refusal(
            f"the PostgreSQL driver is not installed where the runner is ({missing}); "
            "install 'psycopg[binary]' there"
        ) from missing
    return SessionTerminate(grant, session)
