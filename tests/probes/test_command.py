"""Which commands are run, and what their ends say; how they run stands in their own contract."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.probing import PROBE, REF

from vigil.bootstrap.looking import judge_by
from vigil.domain.errors import NotFound, PortUnavailable, SandboxUnavailable
from vigil.domain.probe import CommandProbe, ProbeRef, ProbeResult
from vigil.domain.probes.command import CommandEnd
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.settings import load_catalogue
from vigil.tool_files import load_tools

JUDGE = judge_by(load_tools())
EXAMPLE = Path(__file__).parents[2] / "examples" / "vigil.yaml"


@dataclass
class Ending:
    """Fulfils ``ports.commands.Commands``: each command ends as the test says."""

    output: str = ""
    exit_code: int | None = 0
    ended: str = "exited"
    error: Exception | None = None
    asked: list[ProbeRef] = field(default_factory=list)

    async def look(self, ref: ProbeRef) -> CommandEnd:
        self.asked.append(ref)
        if self.error is not None:
            raise self.error
        return CommandEnd(ended=self.ended, exit_code=self.exit_code, output=self.output)


async def look(commands: Ending, **spec: object) -> ProbeResult:
    probe = PROBE.validate_python({"kind": "command", "script": "cat /vigil/files/a"} | spec)
    return await EmbeddedProbes(SystemClock(), commands=commands, judge=JUDGE).run(REF, probe)


@pytest.mark.parametrize(
    ("end", "spec", "outcome", "value", "words"),
    [
        (Ending("ok"), {}, "passing", None, "ended with 0 and 'ok', as expected"),
        (Ending("no", 3), {}, "failing", None, "ended with 3 and 'no', expected 0"),
        (Ending("no", 3), {"exit_code": 3}, "passing", None, ""),
        (Ending("a\nr12\n"), {"prints": "r[0-9]+"}, "passing", None, ""),
        (Ending("r12\nb"), {"prints": "r[0-9]+"}, "failing", None, "no match of 'r[0-9]+'"),
        (Ending("7.5"), {"max": 8}, "passing", 7.5, "gives 7.5, at most 8 is fine"),
        (Ending("9"), {"max": 8}, "failing", 9, "gives 9, more than 8"),
        (Ending("9"), {"min": 10}, "failing", 9, "gives 9, less than 10"),
        (Ending("many"), {"min": 1}, "unknown", None, "'many', which is no number"),
        (Ending(""), {"min": 1}, "unknown", None, "which is no number"),
        (Ending("nan"), {"min": 1}, "unknown", None, ""),
        (Ending("", None, "timed_out"), {}, "unknown", None, "its end (timed_out)"),
        (Ending(error=SandboxUnavailable("install bubblewrap")), {}, "unknown", None, "install"),
        (Ending(error=PortUnavailable("no runner")), {}, "unknown", None, "was not run: no runner"),
        (Ending(error=NotFound("no such file")), {}, "unknown", None, "no such file"),
    ],
)
async def test_2_ends(
    end: Ending, spec: dict[str, Any], outcome: str, value: float | None, words: str
) -> None:
    result = await look(end, **spec)
    assert (result.outcome, result.value) == (outcome, value), result.text
    assert words in result.text
    assert end.asked == [REF]


@pytest.mark.parametrize(
    "script",
    [
        "rm -rf /vigil/files",
        "curl -X POST -d x http://127.0.0.1/",
        "eval $(cat /vigil/files/a)",
        "vigil-do process.restart restart web",
        "never-heard-of",
        "if",
    ],
)
async def test_4_what_does_more_than_read_is_not_run(script: str) -> None:
    commands = Ending("ok")
    result = await look(commands, script=script)
    assert (result.outcome, commands.asked) == ("unknown", []), result.text
    assert "The guard judges the script" in result.text


@pytest.mark.parametrize(
    "script",
    ["cat /vigil/files/a", "grep -c x /vigil/files/a", "openssl x509 -noout -in /vigil/files/a"],
)
async def test_what_reads_is(script: str) -> None:
    assert (await look(Ending("ok"), script=script)).outcome == "passing"


def test_those_of_the_example_only_read() -> None:
    services = load_catalogue(EXAMPLE).services.values()
    shown = [p for s in services for p in s.probes.values() if isinstance(p, CommandProbe)]
    assert shown
    assert {JUDGE(probe.script) for probe in shown} == {"read"}


async def test_2_without_a_runner_it_is_unknown() -> None:
    probe = PROBE.validate_python({"kind": "command", "script": "true"})
    result = await EmbeddedProbes(SystemClock()).run(REF, probe)
    assert result.outcome == "unknown"


@pytest.mark.parametrize(
    "spec",
    [
        *({"script": ""}, {"files": {"a": "b"}}, {"files": {"../a": "/b"}}, {"exit_code": 256}),
        *({"prints": "a", "max": 1}, {"min": 2, "max": 1}, {"prints": "(a+)+"}),
    ],
)
def test_mistakes_are_found_when_the_catalogue_is_read(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PROBE.validate_python({"kind": "command", "script": "true"} | spec)
