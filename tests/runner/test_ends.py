"""How a run ended, and what it used, from the kernel to the record."""

from tests.runner.bench import Bench

from vigil.domain.plan import ActionStatus
from vigil.runner.bubblewrap.cgroup_places import HOST
from vigil.runner.limits import Limits


async def test_the_end_of_a_run_is_told_as_what_it_was(shared: Bench) -> None:
    """And with what it used, as far as that can be known here."""
    known = HOST.version is not None
    good = await shared.do("sleep 0.2")
    assert (good.status, good.exit_code) == (ActionStatus.SUCCEEDED, 0)
    late = await shared.do("sleep 60", timeout_s=1.0)
    assert (late.status, late.exit_code) == (ActionStatus.TIMED_OUT, None)
    bomb = await shared.do("head -c 2G /dev/zero | tail")
    exhausted = ActionStatus.OUT_OF_MEMORY if known else ActionStatus.FAILED
    assert (bomb.status, bomb.exit_code is None) == (exhausted, known)
    for result in (good, late, bomb):
        peak = result.peak
        assert all((value is not None) is known for value in (peak.memory_bytes, peak.cpu_s))
    if known:
        assert good.peak.memory_bytes is not None
        assert bomb.peak.memory_bytes is not None
        assert good.peak.memory_bytes < bomb.peak.memory_bytes <= Limits().memory_bytes
