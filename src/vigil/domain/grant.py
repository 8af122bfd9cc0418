"""Grants: the named, scoped access that a service's owner offers to remediation."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from vigil.domain.verbs.cache import CacheDeleteGrant
from vigil.domain.verbs.certificate import CertificateRenewGrant
from vigil.domain.verbs.config import ConfigSetGrant
from vigil.domain.verbs.file import FileRotateGrant
from vigil.domain.verbs.flag import FlagSetGrant
from vigil.domain.verbs.http import HttpCallGrant
from vigil.domain.verbs.nginx import NginxUpstreamGrant
from vigil.domain.verbs.process import ProcessRestartGrant, ProcessStartGrant, ProcessStopGrant
from vigil.domain.verbs.queue import (
    QueueParkGrant,
    QueuePauseGrant,
    QueueResumeGrant,
    QueueUnparkGrant,
)
from vigil.domain.verbs.release import ReleaseSwitchGrant
from vigil.domain.verbs.session import SessionCancelGrant, SessionTerminateGrant

__all__ = [
    "CacheDeleteGrant",
    "CertificateRenewGrant",
    "ConfigSetGrant",
    "FileRotateGrant",
    "FlagSetGrant",
    "Grant",
    "HttpCallGrant",
    "NginxUpstreamGrant",
    "ProcessRestartGrant",
    "ProcessStartGrant",
    "ProcessStopGrant",
    "QueueParkGrant",
    "QueuePauseGrant",
    "QueueResumeGrant",
    "QueueUnparkGrant",
    "ReleaseSwitchGrant",
    "SessionCancelGrant",
    "SessionTerminateGrant",
    "targets_of",
]

Grant = Annotated[
    ReleaseSwitchGrant
    | ProcessRestartGrant
    | ProcessStartGrant
    | ProcessStopGrant
    | SessionTerminateGrant
    | SessionCancelGrant
    | QueuePauseGrant
    | QueueResumeGrant
    | QueueParkGrant
    | QueueUnparkGrant
    | CacheDeleteGrant
    | FlagSetGrant
    | ConfigSetGrant
    | FileRotateGrant
    | HttpCallGrant
    | NginxUpstreamGrant
    | CertificateRenewGrant,
    Field(discriminator="verb"),
]


def targets_of(grant: Grant, arguments: Sequence[str]) -> tuple[str, ...]:
    """What a call under a grant acts on, each under one name whichever service grants it."""
    return grant.targets(arguments)
