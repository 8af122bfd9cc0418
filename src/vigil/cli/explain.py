"""`vigil explain`: why Vigil did or did not act, in plain words."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from vigil.cli.client import Client
from vigil.cli.explanation import Explanation, Thought, Told, explain_incident
from vigil.cli.proof_view import show_account, show_state
from vigil.cli.sentences import WIDEST, short
from vigil.cli.words import Json, print_json, told
from vigil.domain.hypothesis import percent
from vigil.domain.scrub import clean
from vigil.settings import load_settings

INDENT = 2


def explain(
    incident: Annotated[str, typer.Argument(help="The incident's id.")], *, as_json: Json = False
) -> None:
    """Say in plain words what happened, why Vigil did or did not act, and what would change it."""
    with told():
        explanation = explain_incident(_told(Client.from_settings(load_settings()), incident))
    whole = explanation.model_dump(mode="json", by_alias=True)
    print_json(whole) if as_json else _show(explanation)


def _told(client: Client, incident: str) -> Told:
    path = f"/api/incidents/{incident}"
    found = client.get(path)["incident"]
    events = client.timeline(incident)
    cures = [
        e["payload"]["attempt"]
        for e in events
        if e["kind"] == "planned" and e["payload"] and e["payload"]["kind"] == "remedy"
    ]
    proof = client.get(f"{path}/proof", attempt=cures[-1])["proof"] if cures else None
    accounts = client.accounts(incident, found["attempt"])
    return Told(incident=found, events=events, proof=proof, accounts=accounts)


def _show(explanation: Explanation) -> None:
    """What sources and logs said is shown without control codes."""
    console = Console()
    console.print(Text(explanation.headline, style="bold"))
    for account in explanation.accounts[-1:]:
        show_state(console, account)
    acted = explanation.acted
    proven = [account for account in explanation.accounts if account.outcome is not None]
    for heading, lines in (
        ("What happened", explanation.happened),
        ("What Vigil thought", [line for t in explanation.thought for line in _thought(t)]),
        ("Seen before", explanation.before),
        ("Models", explanation.models),
        ("The plan" if acted else "The plan, of which nothing was done", explanation.actions),
        ("What else was weighed", explanation.alternatives),
        ("What would change its mind", explanation.would_change_mind),
        ("Why it acted" if acted else "Why it did not act", explanation.why),
        ("To make it otherwise next time", explanation.to_change),
        ("Proof", () if proven else explanation.proof),
    ):
        _section(console, heading, (short(line) for line in lines))
    for account in proven:
        show_account(console, account)
    if proven:
        _section(console, "How it ended", map(short, explanation.ended))
    _section(console, "What it learned", map(short, explanation.learned))
    # Scripts to read and commands to copy: whole, and on one line however narrow the terminal is.
    _section(console, "What would be run", explanation.scripts, soft_wrap=True)
    _section(console, "What is left to do", explanation.left_to_do, soft_wrap=True)


def _section(
    console: Console, heading: str, lines: Iterable[str], *, soft_wrap: bool = False
) -> None:
    listed = [clean(line, WIDEST) for line in lines]
    if not listed:
        return
    console.print(Text(f"\n{heading}", style="bold cyan"))
    for line in listed:
        marked = Text(f"- {line}")
        if soft_wrap:
            console.print(marked, soft_wrap=True)
            continue
        first, *rest = marked.wrap(console, max(console.width - INDENT, INDENT))
        console.print(first)
        for each in rest:
            console.print(Text(" " * INDENT) + each)


def _thought(thought: Thought) -> list[str]:
    spoke = [f"For it: {text}" for text in thought.evidence_for]
    spoke += [f"Against it: {text}" for text in thought.evidence_against]
    return [f"{thought.text} ({percent(thought.likelihood)} likely)", *spoke]
