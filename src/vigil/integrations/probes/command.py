"""A command that only reads ends as it should."""

from collections.abc import Callable

from vigil.domain.effects import EffectKind
from vigil.domain.errors import VigilError
from vigil.domain.pattern import matches
from vigil.domain.probe import CommandProbe, ProbeRef
from vigil.domain.probes.command import CommandEnd
from vigil.integrations.probes.measured import judged
from vigil.integrations.probes.sight import Sight, failing, passing, unknown
from vigil.ports.commands import Commands

Judge = Callable[[str], EffectKind]
"""What a script of bash would do, by the guard's survey."""
MOST_SHOWN = 200


async def run_command(
    ref: ProbeRef, probe: CommandProbe, commands: Commands | None, judge: Judge | None
) -> Sight:
    """Have it run, if it only reads; what was not run has seen nothing."""
    if commands is None or judge is None:
        return unknown("There is nobody here to run the command.")
    if (kind := judge(probe.script)) is not EffectKind.READ:
        return unknown(
            f"The guard judges the script '{kind}', and only one that reads is run; "
            "`vigil guard check` says why."
        )
    try:
        end = await commands.look(ref)
    except VigilError as error:
        return unknown(f"The command was not run: {error}.")
    if end.exit_code is None:
        return unknown(f"The command did not come to its end ({end.ended}): {_last(end)}.")
    return _judged(probe, end)


def _judged(probe: CommandProbe, end: CommandEnd) -> Sight:
    last = _last(end)
    said = f"The command ended with {end.exit_code} and '{last}'"
    if end.exit_code != probe.exit_code:
        return failing(f"{said}, expected {probe.exit_code}.")
    if probe.prints is not None and not matches(probe.prints, last):
        return failing(f"{said}, which is no match of '{probe.prints}'.")
    if probe.min is None and probe.max is None:
        return passing(f"{said}, as expected.")
    try:
        number = float(last)
    except ValueError:
        return unknown(f"{said}, which is no number.")
    return judged(f"The command gives {number:g}", number, most=probe.max, least=probe.min)


def _last(end: CommandEnd) -> str:
    lines = end.output.strip().splitlines()
    return lines[-1].strip()[:MOST_SHOWN] if lines else ""
