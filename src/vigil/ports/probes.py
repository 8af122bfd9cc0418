"""Run one probe with a deadline."""

from typing import Protocol

from vigil.domain.probe import Probe, ProbeRef, ProbeResult


class Probes(Protocol):
    """Looks from the user's side.

    1. ``run`` always returns within the probe's ``timeout_s`` and a little; it never raises.
    2. An answer that is not as expected, a refusal and a time-out of the target are ``failing``;
       a probe that could not look at all (bad specification, missing driver, somebody else who is
       asked about the target and does not answer) is ``unknown``.
    3. ``text`` says in one sentence what was seen, at most 500 characters, with no credential.
    4. A probe changes nothing but what its steps say, and reads at most 1 MiB of each answer.
    5. ``value`` is the number that was measured, in the ``unit`` of its kind, and finite; None
       where nothing was measured.
    """

    async def run(self, ref: ProbeRef, probe: Probe) -> ProbeResult:
        """Look once."""
        ...
