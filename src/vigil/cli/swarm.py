"""`vigil swarm SERVICE`: many users at once, each in a real browser session of its own."""

import asyncio
import contextlib
from typing import Annotated

import typer
from rich.console import Console

from vigil.bootstrap import open_swarm, without_switch
from vigil.cli.endings import told_to_end
from vigil.cli.swarm_view import SwarmView, show_report
from vigil.cli.words import GOOD, NO, Json, complain, print_json, told
from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.errors import SettingsError
from vigil.domain.journey import JourneyProbe
from vigil.domain.swarm import (
    MOST_RATE,
    Stop,
    Stopped,
    SwarmProgress,
    SwarmReport,
    SwarmSpec,
    hold_point,
)
from vigil.settings import Settings, load_catalogue, load_settings
from vigil.verify.bystander import Bystander

SESSIONS = 100
END_S = 10.0
"""Within which all of it has ended after Ctrl-C."""


def swarm(  # noqa: PLR0913 - the options of a command
    service: Annotated[str, typer.Argument(help="A service of vigil.yaml.")],
    *,
    sessions: Annotated[
        int | None, typer.Option(min=1, help="How many users; default: the service's, else 100.")
    ] = None,
    journey: Annotated[
        str | None, typer.Option(help="What they walk; default: the service's, or its only one.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=MOST_RATE,
            help="Users that begin in a second, fewer at first; default: the service's, else 5.",
        ),
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="All wait for each other before the last click.")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Browsers that share them.")] = 4,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="It is ended after these.")] = 600,
    as_json: Json = False,
) -> None:
    """Send many users through a service, and stop at the first sign that it suffers."""
    with told():
        settings = load_settings()
        catalogue = load_catalogue(settings.vigil_config)
        name, walk = _journey(catalogue, service, journey)
        wish = catalogue.services[service].swarm
        spec = SwarmSpec(
            sessions=_allowed(settings, sessions or (wish.sessions if wish else SESSIONS)),
            rate=rate or (wish.rate if wish else SwarmSpec.model_fields["rate"].default),
            hold_before=hold_point(walk) if hold else None,
            processes=processes,
            most_s=seconds,
            memory_mb=settings.vigil_swarm_memory_mb,
        )
        report = asyncio.run(_run(settings, catalogue, service, walk, spec))
    if isinstance(report, Stop):
        complain(f"Not begun: {report.text.rstrip('.')}.")
        if as_json:
            print_json({"ok": False, "begun": False, "stopped": report.model_dump(mode="json")})
        raise typer.Exit(NO)
    if as_json:
        told_of = {"ok": report.ok, "begun": True, "service": service, "journey": name}
        rates = {"a_second": report.a_second, "mb_a_session": report.mb_a_session}
        print_json(told_of | rates | report.model_dump(mode="json"))
    else:
        show_report(report, Console(highlight=False))
    raise typer.Exit(GOOD if report.ok else NO)


async def _run(
    settings: Settings, catalogue: Catalogue, service: str, walk: JourneyProbe, spec: SwarmSpec
) -> SwarmReport | Stop:
    """The report, or why it was not begun."""
    if (missing := without_switch(settings)) is not None:
        return Stop(why=Stopped.TOLD, text=missing)
    ending = told_to_end(END_S)
    async with open_swarm(settings, catalogue, service) as (crowd, bystander):
        objection = await _objection(bystander, ending)
        if objection is not None:
            return objection
        with SwarmView(spec) as view:

            async def watch(progress: SwarmProgress) -> Stop | None:
                view.show(progress)
                return await _objection(bystander, ending)

            return await crowd.run(spec, walk, watch)


async def _objection(bystander: Bystander, ending: asyncio.Event) -> Stop | None:
    """Whichever is first: somebody ends it, or it is known how the service fares."""
    asked = asyncio.create_task(bystander.objection())
    told_so = asyncio.create_task(ending.wait())
    try:
        await asyncio.wait({asked, told_so}, return_when=asyncio.FIRST_COMPLETED)
        return asked.result() if asked.done() else Stop(why=Stopped.TOLD, text="it was told to end")
    finally:
        for each in (asked, told_so):
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await each


def _journey(catalogue: Catalogue, service: str, name: str | None) -> tuple[str, JourneyProbe]:
    """The one that is meant; ``SettingsError`` says which there are."""
    known = catalogue.services.get(service)
    if known is None:
        names = ", ".join(catalogue.services)
        raise SettingsError([f"no service '{service}' in vigil.yaml; name one of: {names}"])
    journeys = _journeys(known)
    wanted = name or (known.swarm.journey if known.swarm else None)
    if wanted is None and len(journeys) == 1:
        wanted = next(iter(journeys))
    if wanted is None or wanted not in journeys:
        names = ", ".join(journeys) or "none; add one (docs/how-to/run-a-swarm.md)"
        said = f"'{service}' has no journey '{wanted}'" if wanted else "which journey?"
        raise SettingsError([f"{said}; give --journey one of: {names}"])
    return wanted, journeys[wanted]


def _journeys(service: Service) -> dict[str, JourneyProbe]:
    return {name: p for name, p in service.probes.items() if isinstance(p, JourneyProbe)}


def _allowed(settings: Settings, sessions: int) -> int:
    if sessions > settings.vigil_swarm_sessions:
        mistake = (
            f"{sessions} sessions are more than VIGIL_SWARM_SESSIONS allows "
            f"({settings.vigil_swarm_sessions}); ask for fewer, or raise it"
        )
        raise SettingsError([mistake])
    return sessions
