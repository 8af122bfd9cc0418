"""The guard's word against what a real bash does.

Scripts are run with a PATH that holds nothing but a ``vigil-do`` that writes down its arguments,
and a ``sleep`` that does not wait. A script is run only when the guard says that it knows it.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from vigil.domain.effects import Call, EffectKind
from vigil.guard import analyse
from vigil.guard.reading import read

DIGEST = "sha256:" + "0f" * 32
_RECORD = """#!/bin/bash
printf '%s\\n' "$#" "$@" >> '{log}'
read -r failing < '{failing}'
count=$(($(<'{count}') + 1))
echo "$count" > '{count}'
[ "$count" != "$failing" ]
"""

_COMMANDS = [
    "set -eu",
    "set -euo pipefail",
    "true",
    ": 'a note'",
    "echo switching back",
    "echo 'it; is | quoted > here'",
    'echo "a && b # c"',
    "printf '%s\\n' done",
    "sleep 0.5",
    f"vigil-do release.switch release {DIGEST}",
    f"vigil-do release.switch 'release' \"{DIGEST}\"",
    "vigil-do process.restart restart web-1",
    "vigil-do process.restart restart 'web-2'",
    "vigil-do session.terminate sessions 4711.1764023523000000",
]
_ENDS = ["\n", ";\n", "\n\n", " # so\n", ";# vigil-do process.restart restart web-9\n"]
_FRAGMENTS = [
    *" \t\n;&|#'\"\\$`(){}[]<>*?~!=-+%,./:@^a0_",
    *("&&", "||", ";;", "$(", "vigil-do ", "PATH=", "if ", "! ", "{ ", "time ", "&& \n"),
]


@dataclass(frozen=True)
class Bash:
    """A real bash in a directory of its own."""

    home: Path

    def calls(self, script: str, failing: int = 0) -> tuple[int, tuple[Call, ...]]:
        """Run a script; its exit code and the calls it made. One call may be told to fail."""
        for name, text in (("log", ""), ("count", "0\n"), ("failing", f"{failing}\n")):
            (self.home / name).write_text(text)
        (self.home / "script").write_bytes(script.encode())
        ended = subprocess.run(
            ["/bin/bash", "script"],
            cwd=self.home,
            env={"PATH": str(self.home / "bin")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
        words = iter((self.home / "log").read_text().splitlines())
        return ended.returncode, tuple(
            _call([next(words) for _ in range(int(count))]) for count in words
        )


def _call(words: list[str]) -> Call:
    verb, grant, *arguments = [*words, "?", "?"] if len(words) < 2 else words
    return Call(verb=verb, grant=grant, arguments=tuple(arguments))


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Bash:
    home = tmp_path_factory.mktemp("bash")
    (home / "bin").mkdir()
    text = _RECORD.format(log=home / "log", count=home / "count", failing=home / "failing")
    for name, body in (("vigil-do", text), ("sleep", "#!/bin/bash\n")):
        (home / "bin" / name).write_text(body)
        (home / "bin" / name).chmod(0o755)
    return Bash(home)


@st.composite
def scripts(draw: st.DrawFn, most_edits: int) -> str:
    """A valid script, and then some edits of it."""
    line = st.lists(st.sampled_from(_COMMANDS), min_size=1, max_size=3)
    script = "".join(
        draw(st.sampled_from([" && ", "; ", ";", "&&"])).join(commands)
        + draw(st.sampled_from(_ENDS))
        for commands in draw(st.lists(line, max_size=3))
    )
    for _ in range(draw(st.integers(0, most_edits))):
        at = draw(st.integers(0, len(script)))
        cut = draw(st.integers(0, 2))
        script = script[:at] + draw(st.sampled_from(_FRAGMENTS)) + script[at + cut :]
    return script


_QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


@_QUICK
@given(script=scripts(most_edits=0))
def test_a_valid_script_is_known_and_does_what_the_guard_says(bash: Bash, script: str) -> None:
    assume(read(script).commands)
    found = analyse(script)
    assert found.kind is not EffectKind.UNKNOWN, found
    assert bash.calls(script) == (0, found.calls)


@settings(_QUICK, max_examples=400)
@given(script=scripts(most_edits=3))
def test_an_edited_script_is_unknown_or_does_what_the_guard_says(bash: Bash, script: str) -> None:
    found = analyse(script)
    event(found.kind)
    assume(found.kind is not EffectKind.UNKNOWN)
    assert bash.calls(script) == (0, found.calls)
    assert {p.name for p in bash.home.iterdir()} == {"bin", "count", "failing", "log", "script"}


@settings(_QUICK, max_examples=100)
@given(script=scripts(most_edits=0), failing=st.integers(1, 3))
def test_after_a_failed_call_nothing_is_called_that_was_not_announced(
    bash: Bash, script: str, failing: int
) -> None:
    announced = iter(analyse(script).calls)
    _, made = bash.calls(script, failing=failing)
    assert all(call in announced for call in made), "the calls made are those announced, in order"
