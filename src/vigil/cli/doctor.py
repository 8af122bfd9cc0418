"""`vigil doctor`: what is broken here, and what to do about each."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from vigil import state_folder
from vigil.bootstrap import (
    check_browser,
    check_bus,
    check_database,
    check_models,
    check_timelines,
    known_backup,
)
from vigil.children import SYSTEM
from vigil.cli.client import Client
from vigil.cli.far import look_at_hub
from vigil.cli.sandboxes import chosen
from vigil.cli.words import GOOD, NO, Json, print_json
from vigil.domain.catalogue import Catalogue, Environment
from vigil.domain.errors import SettingsError, VigilError
from vigil.domain.policy import Policy
from vigil.domain.run import Health
from vigil.runner.confinement import Doors
from vigil.settings import Settings, load_catalogue, load_policy, load_settings

# Where Debian puts what is not on an ordinary user's PATH.
FURTHER = ("/usr/sbin", "/usr/lib/postgresql/*/bin")
NEEDED = {
    "bwrap": "the sandbox; apt-get install bubblewrap",
    "setpriv": "what ends the runner and the browser with their parent; apt-get install util-linux",
    "nginx": "the lab's proxy, for `vigil demo` only; apt-get install nginx",
    "redis-server": "the lab's cache, for `vigil demo` only; apt-get install redis-server",
    "postgres": "the lab's database, for `vigil demo` only; apt-get install postgresql",
}
FROM_THE_SYSTEM = ("bwrap", "setpriv")
"""Started from its own folders only, whatever PATH says."""
LEAST_FREE_MB = 500
"""An incident writes some 60 kB, a journey's pictures more, and a backup as much as there is."""
FOR_THE_LAB = ("nginx", "redis-server", "postgres")


def doctor(*, as_json: Json = False) -> None:
    """Check settings, database, sandbox, browser, bus and programs; a remedy for each finding."""
    found = list(_all())
    if as_json:
        print_json({"ok": _good(found), "parts": [h.model_dump(mode="json") for h in found]})
    else:
        _show(found)
    raise typer.Exit(GOOD if _good(found) else NO)


def _good(found: list[Health]) -> bool:
    """Programs of the lab are missed only by the demo."""
    return not any(h.missed and h.part not in FOR_THE_LAB for h in found)


def _all() -> Iterator[Health]:
    try:
        settings = load_settings()
    except SettingsError as error:
        yield from _mistakes("settings", error)
        return
    yield Health(part="settings", ok=True, text="environment and .env are sound")
    yield from _sound("catalogue", lambda: _catalogue(settings))
    yield from _sound("policy", lambda: _policy(settings))
    yield from _sound("database", lambda: check_database(settings))
    yield from _sound("timelines", lambda: check_timelines(settings))
    yield Health(part="backup", ok=True, text=known_backup(settings))
    yield _state_folder(settings.vigil_state_dir)
    yield _sandbox(settings)
    if settings.vigil_hub is None:  # a machine that has a runner only needs neither
        yield check_browser(settings)
        yield check_bus(settings)
        yield from _models(settings)
    for name, why in NEEDED.items():
        health = _program(name, why)
        elsewhere = name == "bwrap" and settings.vigil_sandbox != "bubblewrap"
        yield health.model_copy(update={"vital": health.vital and not elsewhere})
    yield from look_at_hub(settings)
    yield from _running(settings)


def _catalogue(settings: Settings) -> str:
    catalogue = load_catalogue(settings.vigil_config)
    return f"{settings.vigil_config}: {len(catalogue.services)} services"


def _policy(settings: Settings) -> str:
    try:
        catalogue = load_catalogue(settings.vigil_config)
    except SettingsError:  # its own line says so
        catalogue = None
    environment = Environment.PRODUCTION if catalogue is None else catalogue.environment
    policy = load_policy(settings, environment)
    missing = [] if catalogue is None else list(_fit_nothing(policy, catalogue))
    if missing:
        raise SettingsError(missing)
    ruled = "" if policy.rules is None else f", where its rules allow it ({len(policy.rules)})"
    return (
        f"acts without asking from confidence {policy.auto_confidence} and context match "
        f"{policy.auto_context_match}{ruled}"
    )


def _fit_nothing(policy: Policy, catalogue: Catalogue) -> Iterator[str]:
    """An ``ask`` or ``deny`` for a service or team that is not there protects from nothing."""
    services = catalogue.services
    teams = [each.team for each in services.values()]
    for rule in policy.rules or ():
        for kind, patterns, known in (
            ("service", rule.when.services, list(services)),
            ("team", rule.when.teams, teams),
        ):
            for pattern in patterns or ():
                if not any(fnmatchcase(name, pattern) for name in known):
                    yield (
                        f"rule '{rule.id}': no {kind} of the catalogue fits '{pattern}'; correct "
                        "it or take it out"
                    )


def _models(settings: Settings) -> Iterator[Health]:
    """Without its library or its key the vendor that is chosen cannot be asked at all."""
    try:
        yield from check_models(settings)
    except SettingsError as error:
        yield from _mistakes("model", error)


def _sound(part: str, look: Callable[[], str]) -> Iterator[Health]:
    try:
        yield Health(part=part, ok=True, text=look())
    except SettingsError as error:
        yield from _mistakes(part, error)
    except VigilError as error:
        yield Health(
            part=part,
            ok=False,
            text=str(error),
            remedy="mend what the message names, then run `vigil doctor` again",
        )


def _mistakes(part: str, error: SettingsError) -> Iterator[Health]:
    for mistake in error.mistakes:
        what, marked, remedy = mistake.rpartition("; ")
        if not marked:
            what, remedy = mistake, "correct it there"
        yield Health(part=part, ok=False, text=what, remedy=remedy)


def _state_folder(state: Path) -> Health:
    """It holds keys and the socket of the runner, so nobody else may read it."""
    hindrance = state_folder.hindrance(state)
    if hindrance is not None:
        return Health(part="state", ok=False, text=hindrance, remedy=state_folder.REMEDY)
    if not state.exists():
        return Health(part="state", ok=True, text=f"{state} will be made at first start")
    if state.stat().st_mode & 0o077:
        remedy = f"chmod 700 {state}"
        return Health(part="state", ok=False, text=f"others may read {state}", remedy=remedy)
    free = shutil.disk_usage(state).free // 1_000_000
    text = f"{state}, {free} MB free"
    if free < LEAST_FREE_MB:
        remedy = "make room: when the disk is full, nothing is taken in and nothing is done"
        return Health(part="state", ok=False, text=text, remedy=remedy)
    return Health(part="state", ok=True, text=text)


def _sandbox(settings: Settings) -> Health:
    """A sandbox is really made, in a folder of its own, and looked at from inside."""
    with tempfile.TemporaryDirectory(prefix="vigil-") as folder:
        return asyncio.run(chosen(settings)(Doors(Path(folder))).health())


def _program(name: str, why: str) -> Health:
    folders = [str(p) for pattern in FURTHER for p in Path("/").glob(pattern.lstrip("/"))]
    anywhere = os.pathsep.join([os.environ.get("PATH", ""), *folders])
    found = shutil.which(name, path=SYSTEM if name in FROM_THE_SYSTEM else anywhere)
    if found:
        return Health(part=name, ok=True, text=found)
    what, remedy = why.split("; ")
    return Health(part=name, ok=False, text=f"not found; it is {what}", remedy=remedy)


def _running(settings: Settings) -> Iterator[Health]:
    """A Vigil that runs is asked for its own word; that none runs is no fault."""
    token = settings.vigil_token.get_secret_value() if settings.vigil_token else ""
    try:
        _, body = Client(settings.vigil_url, token).status("/ready")
    except VigilError:
        yield Health(part="serve", ok=True, text=f"no Vigil runs at {settings.vigil_url}")
        return
    for part in body["parts"]:
        health = Health.model_validate(part)
        yield health.model_copy(update={"part": f"serve: {health.part}"})


def _show(found: list[Health]) -> None:
    console = Console()
    for health in found:
        mark = Text("✔ ", style="green") if health.ok else Text("✘ ", style="red")
        console.print(mark + Text(f"{health.part:<14} ", style="bold") + Text(health.text))
        if health.remedy and not health.ok:
            console.print(Text(f"  {'':<14} → {health.remedy}", style="yellow"))
