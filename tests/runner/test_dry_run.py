"""A dry run has bounds of its own, and says so of what has none."""

from pathlib import Path

import pytest
from tests.runner.bench import Bench, Supervised

from vigil.domain.errors import NotFound
from vigil.domain.foreseen import Foreseen
from vigil.guard import analyse
from vigil.runner.dry_run import MAX_CALLS, foresee


@pytest.fixture
def bench(tmp_path: Path, supervised: Supervised) -> Bench:
    """Its runner is never started: looking needs none."""
    made = Bench(tmp_path, supervised)
    made.raw_grants = {"admin": {"host": "127.0.0.1", "port": 9}}
    return made


def test_what_is_of_free_form_cannot_be_tried(bench: Bench) -> None:
    plan = bench.order(f"curl https://127.0.0.1:9/\n{bench.to('one')}", raw=("admin",)).plan
    free, switch = foresee(plan, bench.catalogue, analyse)
    assert (free.ok, free.call) == (False, None)
    assert "free form" in str(free)
    assert switch.ok


def test_out_of_time_and_too_much_are_told(bench: Bench) -> None:
    script = "\n".join([bench.to("one")] * (MAX_CALLS + 1))
    plan = bench.order(script).plan
    seen = foresee(plan, bench.catalogue, analyse, seconds=0.0)
    assert len(seen) == MAX_CALLS
    assert {each.text for each in seen} == {"there was no time for it"}


def test_a_target_that_is_silent_is_told(bench: Bench, tmp_path: Path) -> None:
    bench.supervised = Supervised.__new__(Supervised)
    bench.supervised.socket = tmp_path / "gone.sock"
    plan = bench.order("vigil-do process.restart restart web-1").plan
    (seen,) = foresee(plan, bench.catalogue, analyse)
    assert not seen.ok
    assert "is it running?" in seen.text


def test_a_service_that_is_not_here(bench: Bench) -> None:
    plan = bench.order("true").plan.model_copy(update={"service": "elsewhere"})
    with pytest.raises(NotFound, match="elsewhere"):
        foresee(plan, bench.catalogue, analyse)


def test_in_words() -> None:
    seen = Foreseen.model_validate(
        {
            "action": "a",
            "call": {"verb": "process.restart", "grant": "g", "arguments": ["web-1"]},
            "ok": True,
            "text": "restart web-1",
        }
    )
    assert str(seen) == "process.restart(g, web-1) would: restart web-1"
