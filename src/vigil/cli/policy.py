"""`vigil policy`: does it say what somebody expects of it, and what does it ask about now?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from vigil.cli.breakers import breakers, reset
from vigil.cli.policy_cases import Case, Cases
from vigil.cli.words import GOOD, NO, Json, complain, print_json, told
from vigil.domain.policy import Policy
from vigil.domain.value import Instant
from vigil.domain.verdict import Verdict

policy_app = typer.Typer(
    name="policy", help="What may Vigil do without asking?", no_args_is_help=True
)
policy_app.command("breakers")(breakers)
policy_app.command("reset")(reset)


@dataclass(frozen=True)
class Tried:
    """A case and what the gate says to it."""

    case: Case
    verdict: Verdict

    @property
    def ok(self) -> bool:
        return self.case.fits(self.verdict)


@policy_app.command("test")
def try_command(
    file: Annotated[Path, typer.Argument(help="A table of cases (YAML).", metavar="FILE")],
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="The policy. Default: VIGIL_POLICY.", show_default=False),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Judge a table of cases by the policy; exit 1 when one is not as expected."""
    from vigil.settings import load_policy, load_settings
    from vigil.strict_yaml import load

    with told():
        settings = load_settings()
        named = settings.model_copy(update={"vigil_policy": policy} if policy else {})
        known = load_policy(named)
        tried = _try(load(file, Cases), known)
    for note in _past(known, datetime.now(UTC)):
        complain(note)
    if as_json:
        print_json(_as_json(tried))
    else:
        _say(tried)
    raise typer.Exit(GOOD if all(each.ok for each in tried) else NO)


def _past(policy: Policy, now: Instant) -> Iterator[str]:
    """No mistake, as it was right when it was written; and nobody should count on it."""
    for rule in policy.rules or ():
        dates = rule.when.dates
        if dates and all(each.over(now) for each in dates):
            yield f"rule '{rule.id}' fits nothing any more: its dates are over; remove or renew it"


def _try(cases: Cases, policy: Policy) -> tuple[Tried, ...]:
    return tuple(Tried(case, case.verdict(policy)) for case in cases.cases)


def _say(tried: tuple[Tried, ...]) -> None:
    for each in tried:
        got = _worded(each.verdict.decision, each.verdict.policy_rules)
        if each.ok:
            typer.echo(f"ok    {each.case.name}: {got}")
            continue
        expected = _worded(each.case.expect, each.case.rules or ())
        typer.echo(f"WRONG {each.case.name}: expected {expected}, got {got}")
        for rule in each.verdict.rules:
            typer.echo(f"        {rule}")
    wrong = sum(not each.ok for each in tried)
    typer.echo(f"{len(tried)} cases, {wrong} not as expected")


def _worded(decision: str, rules: tuple[str, ...]) -> str:
    return f"{decision} ({', '.join(rules)})" if rules else str(decision)


def _as_json(tried: tuple[Tried, ...]) -> dict[str, Any]:
    return {
        "ok": all(each.ok for each in tried),
        "cases": [
            {
                "name": each.case.name,
                "ok": each.ok,
                "expected": {"decision": each.case.expect, "policy_rules": each.case.rules},
                "got": each.verdict.model_dump(
                    mode="json", include={"decision", "policy_rules", "rules"}
                ),
            }
            for each in tried
        ],
    }
