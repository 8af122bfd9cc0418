"""Which adapter does the work, where settings choose one.

A vendor is chosen by giving its settings; without them its embedded sibling does the work.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from sqlalchemy import Engine as DatabaseEngine

from vigil.bootstrap.place import works_alone
from vigil.domain.catalogue import Catalogue
from vigil.domain.identity import sha256_hex
from vigil.domain.run import Health
from vigil.domain.switch import SWITCH_FILE, SwitchState
from vigil.engine import Source
from vigil.integrations.alerts.alertmanager import AlertmanagerAlerts
from vigil.integrations.alerts.datadog import DatadogAlerts
from vigil.integrations.alerts.generic import GenericAlerts
from vigil.integrations.alerts.grafana import GrafanaAlerts
from vigil.integrations.alerts.pagerduty import PagerDutyAlerts
from vigil.integrations.bus.embedded import EmbeddedBus
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.silences.alertmanager import AlertmanagerSilences
from vigil.integrations.silences.embedded import CatalogueSilences
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.switch.shared import SharedSwitch
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.ports.silences import Silences
from vigil.settings import CHROMIUM, LIGHTPANDA, Settings

if TYPE_CHECKING:
    from vigil.integrations.browser.able import AbleBrowser
    from vigil.integrations.browser.cdp import CdpBrowser
    from vigil.integrations.browser.chromium import ChromiumBrowser
    from vigil.integrations.browser.embedded import LightpandaBrowser
    from vigil.integrations.bus.redis import RedisBus


def choose_switch(
    settings: Settings, database: DatabaseEngine, *, first_start: bool
) -> FileSwitch | SharedSwitch:
    """A file for the one process, or one that says what all machines say."""
    path = settings.vigil_state_dir / SWITCH_FILE
    file = FileSwitch(path)
    # Only where there has never been a switch: one that was lost later reads as stopped.
    if first_start and not path.exists():
        file.set(SwitchState(stopped=False))
    if works_alone(settings):
        return FileSwitch(path, database)
    shared = SharedSwitch(path, database)
    shared.compare()
    return shared


def choose_silences(settings: Settings, catalogue: Catalogue) -> tuple[Silences, ...]:
    """The catalogue's maintenance, and the silences of an Alertmanager that is given."""
    own = CatalogueSilences(catalogue)
    if settings.alertmanager_url is None:
        return (own,)
    return (own, AlertmanagerSilences(settings.alertmanager_url.get_secret_value(), catalogue))


def health_of(silences: tuple[Silences, ...]) -> dict[str, Callable[[], Awaitable[Health]]]:
    """What `/ready` asks of them: the catalogue cannot fail to answer."""
    asked = [each for each in silences if isinstance(each, AlertmanagerSilences)]
    return {"silences": asked[0].health} if asked else {}


def choose_workflow(settings: Settings, worker: str) -> DbosWorkflow:
    """DBOS beside the record: many workers share one, or a process takes up what the one before it
    left, in a file of its own.
    """
    if works_alone(settings):
        return DbosWorkflow(f"sqlite:///{settings.vigil_state_dir / 'workflow.sqlite'}")
    return DbosWorkflow(settings.database_url, worker)


def choose_bus(
    settings: Settings, clock: SystemClock, installation: str
) -> "EmbeddedBus | RedisBus":
    """Within this process, or over the Redis that is given; all that share a record share a key."""
    alone = works_alone(settings)
    if settings.redis_url is None:
        return EmbeddedBus(clock.elapsed, alone=alone)
    from vigil.integrations.bus.redis import RedisBus

    name = sha256_hex(installation.encode())[:16]
    return RedisBus(settings.redis_url.get_secret_value(), name, clock.elapsed, alone=alone)


def choose_browser(settings: Settings) -> "AbleBrowser | ChromiumBrowser":
    """The one that is chosen, and one's own Chromium for what that one lacks."""
    from vigil.integrations.browser.able import AbleBrowser
    from vigil.integrations.browser.chromium import ChromiumBrowser

    usual = _usual_browser(settings)
    return usual if isinstance(usual, ChromiumBrowser) else AbleBrowser(usual, ChromiumBrowser())


def _usual_browser(settings: Settings) -> "LightpandaBrowser | ChromiumBrowser | CdpBrowser":
    """One's own Lightpanda or Chromium, or the browser that somebody else runs."""
    if settings.browser == LIGHTPANDA:
        from vigil.integrations.browser.embedded import LightpandaBrowser

        return LightpandaBrowser()
    if settings.browser == CHROMIUM:
        from vigil.integrations.browser.chromium import ChromiumBrowser

        return ChromiumBrowser()
    from vigil.integrations.browser.cdp import CdpBrowser

    return CdpBrowser(settings.browser)


def known_sources(settings: Settings, clock: SystemClock) -> dict[str, Source]:
    """The alert sources whose secret is known; the others are off, not open."""
    known = (
        (AlertmanagerAlerts, settings.alertmanager_webhook_token),
        (DatadogAlerts, settings.datadog_webhook_secret),
        (GenericAlerts, settings.generic_webhook_secret),
        (GrafanaAlerts, settings.grafana_webhook_secret),
        (PagerDutyAlerts, settings.pagerduty_webhook_secret),
    )
    return {
        adapter.source: Source(adapter(secret.get_secret_value(), clock))
        for adapter, secret in known
        if secret is not None
    }
