"""The report of a rehearsal: one screen for a person, one object for a machine."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vigil.cli.rehearsal.run import Run
from vigil.cli.rehearsal.watching import Watching
from vigil.cli.sentences import heard_from, short
from vigil.domain.account import Account
from vigil.domain.hypothesis import percent

MOST_EVIDENCE = 5


def as_json(seed: int, faults: list[Run], controls: list[Run], audit: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """The object of ``vigil.demo/1``."""
    ok = audit["verified"] and all(r.as_expected and r.judge_agrees for r in [*faults, *controls])
    return {
        "schema": "vigil.demo/1",
        "ok": ok,
        "seed": seed,
        "faults": [
            {
                "id": run.scenario.id,
                "incident_id": run.watching.id,
                "proof": run.watching.outcome,
                "cause_rank": run.expected_rank,
                "detected_s": round(run.detected_s, 1),
                "verified_s": round(run.verified_s, 1),
                "stages": {k: round(v, 1) for k, v in run.watching.stages.items()},
                "judge": run.judgement.ok,
            }
            for run in faults
        ],
        "controls": [
            {
                "id": run.scenario.id,
                "expected": run.scenario.file.expect.proof,
                "got": run.watching.outcome,
                "actions_executed": max(run.watching.actions_executed, run.touched),
            }
            for run in controls
        ],
        "audit": {name: audit[name] for name in ("verified", "events", "head")},
    }


def nothing(seed: int) -> Any:  # noqa: ANN401 - JSON
    """The object of a run that did not come to its end; standard error says why."""
    audit = {"verified": False, "events": 0, "head": ""}
    return {**as_json(seed, [], [], audit), "ok": False}


def show(console: Console, faults: list[Run], controls: list[Run], audit: dict[str, Any]) -> None:
    """One screen."""
    for run in faults:
        _fault(console, run)
    for run in controls:
        _control(console, run)
    if len(faults) + len(controls) > 1:
        _summary(console, [*faults, *controls])
    chain = "verified" if audit["verified"] else "[red]BROKEN[/]"
    console.print(
        f"[bold]Audit[/]     {audit['events']} events, chain {chain}; keep its head outside:"
    )
    console.print(f"          {audit['head']}")
    for problem in audit.get("problems", []):
        console.print(f"          [red]{problem}[/]")


def _fault(console: Console, run: Run) -> None:
    watching = run.watching
    plan = watching.last("planned") or {}
    top = ((watching.last("hypotheses") or {}).get("ranked") or [{}])[0]
    evidence = {e["id"]: e["text"] for e in watching.payloads("evidence")}
    console.rule(f"[bold]{run.scenario.file.title}", align="left")
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Symptom", Text(watching.incident["title"]))
    many = "one incident" if run.incidents == 1 else f"{run.incidents} incidents"
    table.add_row("Heard from", f"{heard_from(watching.sources)}, {many}")
    likely = percent(top.get("likelihood", 0))
    table.add_row("Cause", Text(f"{top.get('text')} (likelihood {likely})"))
    cited = [evidence[i] for i in top.get("supported_by", []) if i in evidence]
    table.add_row("Evidence", Text("\n".join(f"· {line}" for line in cited[:MOST_EVIDENCE])))
    for action in plan.get("actions", []):
        calls = [
            " ".join((c["verb"], c["grant"], *c["arguments"])) for c in action["effects"]["calls"]
        ]
        table.add_row("Plan", Text("\n".join(short(c) for c in calls)))
        table.add_row("Effects", Text(_effects(action)))
        table.add_row("Undo", Text(short(_script(action["undo"] or action["no_undo"]))))
    judged = watching.last("judged") or {}
    rules = "; ".join(judged.get("rules", []))
    table.add_row("Gate", Text(rules or "not asked"))
    table.add_row("Memory", Text(_memory(watching)))
    found = watching.client.get(f"/api/incidents/{watching.id}/proof")
    proof = found["proof"] or {}
    table.add_row("Probes", _probes(proof))
    for looks in _walks(proof):
        table.add_row("Customer", looks)
    table.add_row("Proof", Text(str((watching.last("proof") or {}).get("text", "not known"))))
    if found["account"] is not None:
        table.add_row("Grounds", Text(_grounds(Account.model_validate(found["account"]))))
    table.add_row("Seconds", Text(_seconds(run)))
    table.add_row("Judge", _judge(run))
    console.print(table)
    _complaints(console, run)


def _control(console: Console, run: Run) -> None:
    console.rule(f"[bold]{run.scenario.file.title}", align="left")
    good = run.as_expected
    colour = "green" if good else "red"
    closed = run.watching.last("closed") or {}
    console.print(
        f"[bold]Ended[/]     [{colour}]{run.watching.outcome}[/] (expected "
        f"{run.scenario.file.expect.proof}), {run.watching.actions_executed} actions, "
        f"{run.touched} changes counted at the shop, {run.verified_s:.0f} s"
    )
    console.print(Text(f"Because   {closed.get('text', 'not known')}"))
    _complaints(console, run)


def _complaints(console: Console, run: Run) -> None:
    """What is not as expected; nothing when all is."""
    for complaint in run.complaints:
        console.print(Text(f"✘ {complaint}", style="red"))


def _memory(watching: Watching) -> str:
    """Whether it happened before, and what was learned now."""
    past = (watching.last("runbooks") or {}).get("past") or []
    seen = f"like incident {past[0]['incident']}" if past else "not seen here before"
    learned = (watching.last("learned") or {}).get("text", "nothing learned")
    return f"{seen}; {learned}"


def _effects(action: dict[str, Any]) -> str:
    each = [
        f"{e['kind']} {e['resource']}" for e in action["effects"]["effects"] if e["kind"] != "read"
    ]
    return ", ".join(each)


def _probes(proof: dict[str, Any]) -> Text:
    """Each probe before and after; neighbours that passed all along are only counted."""
    text, steady = Text(), 0
    for change in proof.get("probes", []):
        before = (change["before"] or {}).get("outcome", "not looked at")
        after = [look["outcome"] for look in change["after"]] or ["not looked at"]
        if not change["proves"] and {before, after[-1]} == {"passing"}:
            steady += 1
            continue
        name = f"{change['ref']['service']}/{change['ref']['probe']}"
        text.append(f"{name}: {before} → {after[-1]} ({len(change['after'])} looks)\n")
    text.append(f"{steady} neighbours: passing → passing" if proof else "no proof was made")
    return text


def _grounds(account: Account) -> str:
    """How many probes were chosen for what, what held, and what is there before and after."""
    roles = Counter(probe.role for probe in account.probes)
    chosen = ", ".join(f"{number} for {role}" for role, number in roles.items())
    held = sum(criterion.met is True for criterion in account.criteria)
    said = f"{len(account.probes)} probes chosen ({chosen}); "
    said += f"{held} of {len(account.criteria)} criteria held"
    return f"{said}\n{account.inventory or 'Nothing was counted.'}"


def _walks(proof: dict[str, Any]) -> Iterator[Text]:
    """What a customer met in a browser, before and after; the pictures are in the console."""
    for change in proof.get("probes", []):
        looks = [look for look in (change["before"], *change["after"][-1:]) if look]
        if any(look.get("screenshot") for look in looks):
            lines = (f"{look['outcome']}: {look['text']}" for look in looks)
            yield Text("\n→ ".join(lines))


def _summary(console: Console, runs: list[Run]) -> None:
    """A line for each scenario."""
    console.rule("[bold]All of them", align="left")
    table = Table(box=None, pad_edge=False)
    for heading in ("", "scenario", "ended", "most likely cause", "actions", "seconds", "judge"):
        table.add_column(heading, no_wrap=heading != "most likely cause", overflow="fold")
    for run in runs:
        good = run.as_expected and run.judge_agrees
        top = ((run.watching.last("hypotheses") or {}).get("ranked") or [{}])[0]
        table.add_row(
            Text("✔" if good else "✘", style="green" if good else "red"),
            run.scenario.id,
            run.watching.outcome,
            Text(f"{top.get('failure_type', '?')} of {top.get('component', '?')}"),
            str(run.watching.actions_executed),
            f"{run.verified_s:.0f}",
            "agrees" if run.judge_agrees else Text("DISAGREES", style="red"),
        )
    console.print(table)


def _seconds(run: Run) -> str:
    stages = ", ".join(f"{k.lower()} {v:.1f}" for k, v in run.watching.stages.items())
    return f"detected {run.detected_s:.1f}, proven {run.verified_s:.1f} after the fault ({stages})"


def _judge(run: Run) -> Text:
    judgement = run.judgement
    found = "; ".join(judgement.findings) or (
        f"{judgement.orders_acknowledged} orders acknowledged, each fulfilled once and paid once; "
        "rows, processes and releases intact"
    )
    word, style = ("agrees", "green") if run.judge_agrees else ("DISAGREES", "red")
    return Text(f"{word}: {found}", style=style)


def _script(script: str) -> str:
    """What a script does, without the words that every script has."""
    lines = (line.removeprefix("vigil-do ") for line in script.strip().splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("#", "set ")))
