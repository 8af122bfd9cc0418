"""Whether things are better though nothing is proven: then an undo might make them worse."""

from collections.abc import Sequence

from vigil.domain.probe import ProbeResult
from vigil.domain.proof import ProbeChange, Proof
from vigil.verify.neighbours import OF


def improved(proof: Proof) -> bool:
    """Undoing might be worse than now.

    A swarm is sent when all else was well: what does not stand up any more since then fell to
    Vigil's own load, and the trouble of before would come on top. Otherwise at most half of the
    share of requests fails that failed before; or of the newest looks at a proving probe at most
    half of the share does not pass that did not pass before.
    """
    if proof.swarm is not None:
        return True
    if proof.bad_before and proof.bad_after is not None and 2 * proof.bad_after <= proof.bad_before:
        return True
    return any(_halved(change) for change in proof.probes if change.proves)


def _halved(change: ProbeChange) -> bool:
    """By looks before and after: one that came and went passes at times whatever was done."""
    before = (change.before, *change.again) if change.before else ()
    if not any(look.fails for look in before) or not change.after:
        return False
    return 2 * _ill_share(change.after[-OF:]) <= _ill_share(before)


def _ill_share(looks: Sequence[ProbeResult]) -> float:
    return sum(not look.passes for look in looks) / len(looks)
