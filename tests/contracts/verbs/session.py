"""Sessions of a PostgreSQL, one of the grant's role and one of another."""

from functools import partial

from tests.support.programs import free_port
from tests.support.verb_cases import SECRET, Case, Targets


def _session(targets: Targets, verb: str) -> Case:
    sessions = targets.sessions()
    targets.stack.callback(sessions.forget)
    grant = {"verb": f"session.{verb}", "dsn": sessions.login("shop"), "role": "shop"}
    away = {"dsn": f"host=127.0.0.1 port={free_port()} user=shop password={SECRET} dbname=x"}
    if verb == "terminate":
        leaked = sessions.leak()
        sessions.wait_for()
        return Case(
            grant=grant,
            arguments=(leaked,),
            outside=(sessions.leak(row=2, role="reports"),),
            state=lambda: sessions.lives(leaked),
            away=away,
            meddle=None,
            quick={"idle_s": 0.2},
        )
    long, other = sessions.work(), sessions.work(row=2, role="reports")
    sessions.wait_for()
    return Case(
        grant=grant,
        arguments=(long,),
        outside=(other,),
        state=lambda: sessions.works(long),
        away=away,
        meddle=None,
        quick={"running_s": 0.2},
    )


CASES = {
    "session.terminate": partial(_session, verb="terminate"),
    "session.cancel": partial(_session, verb="cancel"),
}
