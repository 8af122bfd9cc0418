"""PostgreSQL is killed in the middle of an incident, and comes back.

Meanwhile Vigil says so at /ready, and asks whoever delivers to come again; nothing is begun that
could not be recorded. Afterwards it goes on by itself, and nothing is lost or done twice.
"""

import time
from contextlib import ExitStack

import pytest
from tests.support.databases import PostgresServer
from tests.support.plant.works import Fault
from tests.support.programs import Cluster, postgres_cluster
from tests.support.reckoning import Round, reckon
from tests.support.siege import Besieged, besieged
from tests.support.vigils import until

pytestmark = [pytest.mark.lab, pytest.mark.takes(60), pytest.mark.timeout(180)]

AWAY_S = 6.0
SERVICES = 2


def url_of(cluster: Cluster) -> str:
    server = PostgresServer(cluster.dsn)
    server.close()
    return server.url()


def begin(place: Besieged) -> None:
    """One that acts, and another one on its way."""
    place.plant.break_(dict.fromkeys(place.plant.layout.names, Fault.RELEASE))
    until(lambda: "EXECUTING" in place.outside.look().places, "an incident that acts", 60)


def closed(place: Besieged) -> int:
    return sum(told.closed for told in place.outside.told())


def test_it_goes_on_by_itself_when_postgres_is_back() -> None:
    with postgres_cluster() as cluster, ExitStack() as stack:
        with cluster.running():
            place = stack.enter_context(besieged(SERVICES, 0, url_of(cluster)))
            begin(place)
        status, told = place.vigils.client.status("/ready")
        assert status == 503
        assert "database" in {part["part"] for part in told["parts"] if not part["ok"]}
        answer = place.vigils.deliver("elsewhere")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        time.sleep(AWAY_S)
        with cluster.running():
            place.vigils.wait_ready()
            assert place.vigils.deliver("elsewhere").status_code == 202
            until(lambda: closed(place) == SERVICES + 1, "the end of all incidents", 120)
            done = Round(dict.fromkeys(place.plant.layout.names, Fault.RELEASE.value))
            reckon(done, place.plant, place.outside, set())
            assert done.wrong == []
            assert place.vigils.audit()["verified"]
            place.vigils.end()
