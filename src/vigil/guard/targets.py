"""Another target than the usual one: ``kubectl --context``, ``psql -h``, ``DOCKER_HOST=``.

What a command does there is said by its rule. That it is done *there* is a finding of its own: a
grant for the pods of one cluster is none for the pods of another.
"""

import re
from collections.abc import Iterator

from vigil.domain.effects import EffectKind
from vigil.guard.arguments import Arguments
from vigil.guard.findings import Finding, Mark
from vigil.guard.program import UNRESOLVED, Command
from vigil.guard.resources import MAX_RESOURCE, without_passwords
from vigil.guard.tools import Tool

_CHOOSES = re.compile(
    r"KUBE(?:CONFIG|RNETES_MASTER)|HELM_KUBE\w+|(?:DOCKER|CONTAINER|PODMAN)_(?:HOST|CONTEXT|CONFIG)"
    r"|PG(?:HOST|HOSTADDR|SERVICE|SERVICEFILE|PASSFILE)|MYSQL_(?:HOST|UNIX_PORT|HOME)|REDISCLI_HOST"
    r"|AWS_(?:\w*PROFILE|ENDPOINT_URL\w*|SHARED_CREDENTIALS_FILE|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE)"
    r"|CLOUDSDK_\w+|GOOGLE_APPLICATION_CREDENTIALS|AZURE_CONFIG_DIR|ARM_\w+|BOTO_CONFIG"
    r"|(?:VAULT|NOMAD|CONSUL_HTTP|BAO|ETCD|ARGOCD)_(?:ADDR|SERVER)|CONSUL_HTTP_ADDR|ETCDCTL_ENDPOINTS"
    r"|(?i:(?:https?|all|ftp|socks)_proxy)|SSH_AUTH_SOCK|SYSTEMD_BUS_ADDRESS|DBUS_\w+_BUS_ADDRESS"
)
"""Variables by which programs talk to another machine, or as somebody else."""
_HERE = re.compile(
    r"(?:\w+://)?(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|/var/run/\S+)(?::\d+)?/?"
)


def elsewhere(command: Command, tool: Tool, arguments: Arguments) -> Iterator[Finding]:
    """Each way in which this command chooses another target."""
    for name in tool.options.targets:
        for option in arguments.given(name):
            if option.value is not None and not _HERE.fullmatch(option.value.text):
                yield _chosen(command, option.value.text)
    for name, value in command.environment:
        if _CHOOSES.fullmatch(name) and value.text and not _HERE.fullmatch(value.text):
            yield _chosen(command, value.text)


def _chosen(command: Command, target: str) -> Finding:
    return Finding(
        kind=EffectKind.READ,
        resource=without_passwords(f"target:{target}".replace(UNRESOLVED, "?"))[:MAX_RESOURCE],
        rule="guard.target",
        reason="works on another machine, account or configuration than the usual one",
        span=command.span,
        marks=frozenset({Mark.NETWORK}),
    )
