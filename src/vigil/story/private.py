"""What the tokens that an action reads stand for, looked up when it is begun and never before."""

from collections.abc import Mapping

from vigil.domain.errors import NotRedacted
from vigil.domain.plan import Action, Plan
from vigil.domain.private import MAX_CHARS
from vigil.story.parts import Parts


async def stood_for(parts: Parts, plan: Plan, action: Action) -> Mapping[str, str] | str:
    """Each value by its token; a sentence where one is not to be had.

    The gate has judged whether the action may have them; that they stay on this machine is asked
    once more here, where they would leave the record.
    """
    if not action.private:
        return {}
    if plan.runner is not None:
        return f"Private values do not leave this machine for the runner '{plan.runner}'."
    if parts.meanings is None:
        return "Nobody keeps what the tokens of this incident stand for."
    try:
        known = (await parts.meanings.known(plan.incident)).values
    except NotRedacted as sealed:
        return f"Nothing was begun: {sealed}."
    gone = [token for token in action.private if not 0 < len(known.get(token, "")) <= MAX_CHARS]
    if gone:
        return f"What {', '.join(gone)} stands for is not known, or not any more."
    return {token: known[token] for token in action.private}
