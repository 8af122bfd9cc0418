"""Which sandboxes the settings ask for. There is no second choice: what was asked for, or none."""

from collections.abc import Callable
from functools import partial

from vigil.runner.confinement import Doors
from vigil.runner.isolation import Isolation
from vigil.settings import Settings


def chosen(settings: Settings) -> Callable[[Doors], Isolation]:
    """What makes them for the folders in which brokers listen."""
    if settings.vigil_sandbox == "docker":
        from vigil.runner.docker.sandboxes import Docker

        return partial(Docker, socket=settings.docker_socket)
    from vigil.runner.bubblewrap.sandbox import Bubblewrap

    return Bubblewrap
