"""Another target than the usual one: ``kubectl --context``, ``psql -h``, ``DOCKER_HOST=``.

What a command does there is said by its rule. That it is done *there* is a finding of its own: a
grant for the pods of one cluster is none for the pods of another.
"""

import re
from collections.abc import Iterator

from vigil.domain.effects import EffectKind
from vigil.guard.arguments import Arguments
from vigil.guard.findings import Finding, Mark, named
from vigil.guard.program import UNRESOLVED, Command
from vigil.guard.resources import without_passwords
from vigil.guard.tools import Tool

_CHOOSES = re.compile(
    r"KUBE(?:CONFIG|RNETES_MASTER)|HELM_KUBE\w+|(?:DOCKER|CONTAINER|PODMAN)_(?:HOST|CONTEXT|CONFIG)"
    r"|PG(?:HOST|HOSTADDR|SERVICE|SERVICEFILE|PASSFILE)|MYSQL_(?:HOST|UNIX_PORT|HOME)|REDISCLI_HOST"
    r"|AWS_(?:\w*PROFILE|ENDPOINT_URL\w*|SHARED_CREDENTIALS_FILE|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE)"
    r"|CLOUDSDK_\w+|GOOGLE_APPLICATION_CREDENTIALS|AZURE_CONFIG_DIR|ARM_\w+|BOTO_CONFIG"
    r"|(?:VAULT|NOMAD|CONSUL_HTTP|BAO|ETCD|ARGOCD)_(?:ADDR|SERVER)|ETCDCTL_ENDPOINTS"
    r"|(?i:(?:https?|all|ftp|socks)_proxy)|SSH_AUTH_SOCK|SYSTEMD_BUS_ADDRESS|DBUS_\w+_BUS_ADDRESS"
)
"""Variables by which programs talk to another machine, or as somebody else."""
_HERE = re.compile(
    r"(?:\w+://)?(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)(?::\d+)?/?"
    r"|(?:unix://)?/(?:var/)?run/(?:[^\s./][^\s/]*/)*(?:[^\s./][^\s/]*\.sock|postgresql/?)"
)
"""This machine, by its name or by a socket that a service of it listens at."""
_NAMES_A_CONFIGURATION = re.compile(r"\w*(?:CONFIG|FILE|CREDENTIALS)|-[\w-]*config[\w-]*")
"""What names a configuration: wherever that lies, it may lead to any machine."""


def elsewhere(command: Command, tool: Tool, arguments: Arguments) -> Iterator[Finding]:
    """Each way in which this command chooses another target."""
    for name in tool.options.targets:
        for option in arguments.given(name):
            if option.value is not None and not _is_here(name, option.value.text):
                yield _chosen(command, option.value.text)
    for name, value in command.environment:
        if _CHOOSES.fullmatch(name) and value.text and not _is_here(name, value.text):
            yield _chosen(command, value.text)


def _is_here(name: str, value: str) -> bool:
    """Whether this option or variable names the machine itself."""
    if _NAMES_A_CONFIGURATION.fullmatch(name) or UNRESOLVED in value:
        return False
    return _HERE.fullmatch(value) is not None


def _chosen(command: Command, target: str) -> Finding:
    return Finding(
        kind=EffectKind.READ,
        resource=named(without_passwords(f"target:{target}")),
        rule="guard.target",
        reason="works on another machine, account or configuration than the usual one",
        span=command.span,
        marks=frozenset({Mark.NETWORK}),
    )
