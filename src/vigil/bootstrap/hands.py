"""Who runs the plans: the runner beside this process, and those that connect to it from afar."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vigil.bootstrap.looking import RUNNER_SOCKET
from vigil.bootstrap.place import KEYS, runner_folder
from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import SettingsError
from vigil.domain.run import Health
from vigil.integrations.sandbox.embedded import RunnerSandbox
from vigil.integrations.sandbox.routed import RoutedSandbox
from vigil.link.addresses import addresses_in
from vigil.link.identity import HUB_KEY, Identity, identity_at
from vigil.ports.commands import Commands
from vigil.ports.sandbox import Sandbox
from vigil.ports.switch import Switch
from vigil.ports.workers import Worker
from vigil.settings import Settings


@dataclass(frozen=True)
class Hands:
    """The sandbox port, with what its runners need besides."""

    sandbox: Sandbox
    commands: Commands
    """The runner here: what only looks is looked at from this machine."""
    checks: Mapping[str, Callable[[], Awaitable[Health]]] = field(default_factory=dict)
    background: Sequence[Callable[[], Awaitable[None]]] = ()


def choose_hands(settings: Settings, catalogue: Catalogue, me: Worker, switch: Switch) -> Hands:
    """The runner here; and a hub for the catalogue's runners, where it is said to listen.

    :raises SettingsError: a service's runner could never connect.
    """
    here = RunnerSandbox(runner_folder(settings, me) / RUNNER_SOCKET)
    runner_of = {name: service.runner for name, service in catalogue.services.items()}
    if settings.vigil_runner_listen is None:
        unreachable = [
            f"services.{name}.runner is '{service.runner}', and VIGIL_RUNNER_LISTEN is not set; "
            "set it to the HOST:PORT where that runner connects to"
            for name, service in catalogue.services.items()
            if service.runner is not None
        ]
        if unreachable:
            raise SettingsError(unreachable)
        return Hands(RoutedSandbox(here, {}, runner_of), here)
    from vigil.integrations.sandbox.hub import Hub
    from vigil.integrations.sandbox.remote import RemoteSandbox

    (address,) = addresses_in(settings.vigil_runner_listen)
    own = hub_identity(settings.vigil_state_dir)
    admitted = {name: runner.key for name, runner in catalogue.runners.items()}
    hub = Hub(address, own, admitted, switch.read)
    far = {name: RemoteSandbox(name, key, hub, own.public) for name, key in admitted.items()}
    checks = {f"runner {name}": sandbox.health for name, sandbox in far.items()}
    return Hands(
        sandbox=RoutedSandbox(here, far, runner_of),
        commands=here,
        checks={"hub": hub.health, **checks},
        background=(hub.listen_forever,),
    )


def hub_identity(state: Path) -> Identity:
    """The key by which runners know this installation, made the first time."""
    return identity_at(state / KEYS / HUB_KEY)
