"""`vigil probe SERVICE`: look at a service now, through every probe that it has."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console

from vigil.bootstrap import open_probes
from vigil.cli.endings import interrupted
from vigil.cli.probe_view import ProbeView
from vigil.cli.words import GOOD, NO, WRONG_USAGE, Json, end, print_json, told
from vigil.domain.catalogue import Catalogue
from vigil.domain.probe import Probe, ProbeRef, ProbeResult
from vigil.settings import Settings, load_catalogue, load_settings

AT_ONCE = 4
"""Quick looks under way at the same time."""


class View(AbstractContextManager[object], Protocol):
    """Shows what is seen, as it is seen."""

    def saw(self, result: ProbeResult) -> None:
        """One look is over."""
        ...

    def over(self) -> None:
        """Each probe has looked once more."""
        ...


class JsonView(contextlib.nullcontext[None]):
    """One object for each time that all probes have looked."""

    def __init__(self, service: str, probes: Mapping[str, Probe]) -> None:
        super().__init__()
        self._service = service
        self._probes = probes
        self._seen: dict[str, ProbeResult] = {}

    def saw(self, result: ProbeResult) -> None:
        """Kept for the object."""
        self._seen[result.ref.probe] = result

    def over(self) -> None:
        """Print it."""
        print_json(
            {
                "service": self._service,
                "ok": _all_pass(self._seen.values()),
                "probes": [_as_json(spec, self._seen[name]) for name, spec in self._probes.items()],
            }
        )


def probe(
    service: Annotated[str, typer.Argument(help="A service of vigil.yaml.")],
    *,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="This probe; may be repeated.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at a service through its probes, journeys included; exit 1 when one does not pass."""
    with told():
        settings = load_settings()
        catalogue = load_catalogue(settings.vigil_config)
    probes = _chosen(catalogue, service, only or [])
    every_s = catalogue.watch.interval_s if watch else None
    view: View = JsonView(service, probes) if as_json else ProbeView(Console(), service, probes)
    newest: dict[str, ProbeResult] = {}
    with contextlib.suppress(KeyboardInterrupt), told(), view:
        asyncio.run(_look(settings, service, probes, view=view, newest=newest, every_s=every_s))
    whole = newest.keys() == probes.keys()
    raise typer.Exit(GOOD if whole and _all_pass(newest.values()) else NO)


def _chosen(catalogue: Catalogue, service: str, only: list[str]) -> Mapping[str, Probe]:
    """What is to be looked through; ends the command where there is no such thing."""
    known = catalogue.services.get(service)
    if known is None:
        names = ", ".join(catalogue.services)
        end(f"no service '{service}' in the catalogue; there are: {names}", WRONG_USAGE)
    names = ", ".join(known.all_probes) or "none"
    strange = [name for name in only if name not in known.all_probes]
    if strange or not known.all_probes:
        end(f"{service} has no probe '{', '.join(strange)}'; it has: {names}", WRONG_USAGE)
    return {name: spec for name, spec in known.all_probes.items() if not only or name in only}


async def _look(
    settings: Settings,
    service: str,
    probes: Mapping[str, Probe],
    *,
    view: View,
    newest: dict[str, ProbeResult],
    every_s: float | None,
) -> None:
    """Once, or every so many seconds, until Ctrl-C.

    Quick probes look together. What takes long, or is measured, looks alone.
    """
    room = asyncio.Semaphore(AT_ONCE)
    alone = [name for name, spec in probes.items() if spec.long]
    async with open_probes(settings) as looking:

        async def look(name: str) -> None:
            async with room:
                ref = ProbeRef(service=service, probe=name)
                newest[name] = await looking.run(ref, probes[name])
            view.saw(newest[name])

        async def look_at_all() -> None:
            await asyncio.gather(*(look(name) for name in probes if name not in alone))
            for name in alone:
                await look(name)
            view.over()

        told = asyncio.create_task(interrupted().wait())
        while True:
            began = time.monotonic()
            looks = asyncio.create_task(look_at_all())
            await asyncio.wait({looks, told}, return_when=asyncio.FIRST_COMPLETED)
            if told.done():
                looks.cancel()
                await asyncio.gather(looks, return_exceptions=True)
                return
            await looks
            if every_s is None:
                return
            await asyncio.wait({told}, timeout=max(0.0, began + every_s - time.monotonic()))


def _all_pass(results: Iterable[ProbeResult]) -> bool:
    return all(result.passes for result in results)


def _as_json(spec: Probe, result: ProbeResult) -> dict[str, Any]:
    return {
        "name": result.ref.probe,
        "kind": spec.kind,
        "outcome": result.outcome,
        "value": result.value,
        "unit": spec.unit,
        "budget": spec.budget,
        "usual": result.usual,
        "ms": round(result.seconds * 1000, 1),
        "text": result.text,
        "at": result.at.isoformat(),
        "screenshot": result.screenshot,
    }
