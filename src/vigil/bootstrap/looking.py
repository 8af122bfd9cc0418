"""How this Vigil looks at services, also for whoever looks without a Vigil that runs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

from vigil.bootstrap.choices import choose_browser
from vigil.domain.effects import EffectKind
from vigil.guard.survey import survey
from vigil.guard.tools import Tools
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.figures.embedded import FileFigures
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.sandbox.embedded import RunnerSandbox
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.ports.browser import Browser
from vigil.ports.probes import Probes
from vigil.settings import Settings
from vigil.tool_files import load_tools

RUNNER_SOCKET = "runner.sock"
FIGURES = "figures"


@asynccontextmanager
async def open_probes(settings: Settings) -> AsyncIterator[Probes]:
    """As `vigil serve` has them; commands need its runner. No process of a browser is left."""
    async with open_browser(settings) as browser:
        yield probes_of(settings, browser)


def probes_of(settings: Settings, browser: Browser | None = None) -> Probes:
    """Every kind; journeys only where there is a browser."""
    state = settings.vigil_state_dir
    return EmbeddedProbes(
        SystemClock(),
        browser,
        FileScreenshots(state / "screenshots"),
        RunnerSandbox(state / RUNNER_SOCKET),
        judge_by(load_tools(settings.vigil_guard_tools)),
        FileFigures(state / FIGURES),
    )


@asynccontextmanager
async def open_browser(settings: Settings) -> AsyncIterator[Browser]:
    """The one that journeys are walked with. No process of it is left."""
    browser = choose_browser(settings)
    try:
        yield browser
    finally:
        await browser.close()


def judge_by(tools: Tools) -> Callable[[str], EffectKind]:
    """What a script of a catalogue would do; there are few of them, and each is asked for often."""

    @cache
    def judge(script: str) -> EffectKind:
        return survey(script, "bash", tools).kind

    return judge
