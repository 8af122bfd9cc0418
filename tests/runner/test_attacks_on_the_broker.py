"""Scripts that try what they may not at the broker, and with what is made of their words.

What they try against the sandbox itself is in ``test_attacks.py`` and ``test_bombs.py``.
"""

import pytest
from tests.runner.bench import Bench

from vigil.domain.plan import ActionStatus
from vigil.runner.limits import MAX_CALLS_PER_RUN
from vigil.runner.programs import interpreter

PYTHON = f"{interpreter().program} -I -S"


async def test_terminal_sequences_are_removed(shared: Bench) -> None:
    result = await shared.do(r"printf 'a\033[2Jb\033]0;title\007c\rd\n'")
    assert result.output == "abc d"


async def test_secrets_and_terminal_sequences_that_it_prints(shared: Bench) -> None:
    script = r"printf '\033]52;c;Y2xpcA==\033\\DB_PASSWORD=hunter2 \033]0;title\007 ready\n'"
    lines: list[str] = []
    result = await shared.run(shared.order(script), lines)
    assert result.output == "DB_PASSWORD=***  ready"
    assert lines == [result.output], "who reads along sees no more than the record"
    kept = b"".join(file.read_bytes() for file in shared.state.glob("runner.sqlite*"))
    assert b"DB_PASSWORD=***" in kept
    assert b"DB_PASSWORD=hunter2" not in kept


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("process.restart restart web-1", "does not contain this call"),
        ("process.restart restart other", "does not contain this call"),
        ("process.restart release web-1", "does not contain this call"),
        ("process.stop restart web-1", "does not contain this call"),
        ("release.switch release $ONE", "does not contain this call"),
    ],
)
async def test_calls_that_nobody_judged(shared: Bench, call: str, reason: str) -> None:
    before = shared.supervised.starts("web-1"), shared.supervised.starts("other")
    hidden = f"ONE={shared.digests['one']}; x=vigil-do; $x {call} || echo exit $?"
    result = await shared.do(hidden)
    assert result.status is ActionStatus.FAILED  # though the script itself ended with 0
    assert result.exit_code == 0
    assert "exit 77" in result.output
    assert [c.allowed for c in result.calls] == [False]
    assert reason in result.calls[0].result
    assert (shared.supervised.starts("web-1"), shared.supervised.starts("other")) == before
    assert shared.current == "two"


async def test_a_judged_call_is_good_for_one_time(shared: Bench) -> None:
    script = f'{shared.to("two")}\nbash -c "{shared.to("two")}"'
    result = await shared.do(script)
    assert [c.allowed for c in result.calls] == [True, False]
    assert "1 times, not more" in result.calls[1].result
    assert (result.status, result.exit_code) == (ActionStatus.FAILED, 77)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("process.restart restart other", "does not cover 'other'"),
        ("process.restart release web-1", "is for release.switch"),
        ("process.restart nosuch web-1", "no grant 'nosuch'"),
        (f"release.switch release sha256:{'0' * 64}", "no release below"),
    ],
)
async def test_judged_calls_outside_the_grants(shared: Bench, call: str, reason: str) -> None:
    before = shared.supervised.starts("other")
    result = await shared.do(f"vigil-do {call}")
    assert (result.status, result.exit_code) == (ActionStatus.FAILED, 77)
    assert [c.allowed for c in result.calls] == [False]
    assert reason in result.calls[0].result
    assert shared.supervised.starts("other") == before
    assert shared.current == "two"


async def test_garbage_at_the_broker(shared: Bench) -> None:
    knock = (
        "import socket, sys\n"
        "for line in (b'', b'\\n', b'{}\\n', b'[1]\\n', b'\\xff\\xfe\\n', b'x' * 1000000,\n"
        '  b\'{\\"verb\\": 1, \\"grant\\": [], \\"arguments\\": null}\\n\'):\n'
        "    s = socket.socket(socket.AF_UNIX); s.connect('/vigil/broker.sock')\n"
        "    try:\n"
        "        s.sendall(line); s.shutdown(1); print(s.makefile().readline().strip())\n"
        "    except OSError as error: print('closed', error)\n"
    )
    script = f"{PYTHON} <<'X'\n{knock}X\n{shared.to('two')}"
    result = await shared.do(script)
    assert result.status is ActionStatus.FAILED
    assert [c.allowed for c in result.calls].count(True) <= 1
    assert sum("not a call" in c.result for c in result.calls) >= 6
    assert (await shared.sandbox.health()).ok


async def test_knocking_without_end(shared: Bench) -> None:
    """By a program that asks as fast as it is answered."""
    knock = (
        "import json, socket\n"
        "call = json.dumps({'verb': 'a', 'grant': 'b', 'arguments': ['c']}).encode() + b'\\n'\n"
        "while True:\n"
        "    s = socket.socket(socket.AF_UNIX); s.connect('/vigil/broker.sock')\n"
        "    s.sendall(call); s.makefile().readline(); s.close()\n"
    )
    result = await shared.do(f"{PYTHON} <<'X'\n{knock}X", timeout_s=3.0)
    assert result.status is ActionStatus.TIMED_OUT
    assert len(result.calls) == MAX_CALLS_PER_RUN + 1
    assert "no further one is logged" in result.calls[-1].result
    log = shared.log.read_text()
    assert log.count("no further one is logged") == 1
    assert not any("no further" in call.result for call in result.calls[:-1])


async def test_many_open_connections(shared: Bench) -> None:
    hold = (
        "import socket, time; held = [socket.socket(socket.AF_UNIX) for _ in range(60)]; "
        "[one.connect('/vigil/broker.sock') for one in held]; time.sleep(0.5)"
    )
    script = f'{PYTHON} -c "{hold}"; echo end'
    result = await shared.do(script)
    assert result.output.endswith("end")
    assert (await shared.do("true")).status is ActionStatus.SUCCEEDED
