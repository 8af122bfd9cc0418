"""``certificate.renew``: run the renewer of a certificate that is due."""

import contextlib
import os
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from vigil.domain.value import Value
from vigil.domain.verbs.certificate import CertificateRenewGrant
from vigil.runner.lease import boot_s
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, NotDone, Refusal, Seen, Unfinished
from vigil.runner.verbs.files import mark_of

MAX_BYTES = 64 * 1024
_SPARE_S = 1.0
"""Kept of the deadline, to end a renewer that is at work too long."""
_MARK = "VIGIL_RENEWS"
RECENT_S = 600.0
"""What was begun longer ago, such as a server that a renewer has started, holds nobody up."""
_DAY_S = 86_400.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class _Certificate(Value):
    fingerprint: str
    names: tuple[str, ...]
    ends_at: datetime

    @property
    def days(self) -> float:
        """What is left of it."""
        return (self.ends_at - datetime.now(UTC)).total_seconds() / _DAY_S


def bind(asked: Asked) -> "CertificateRenew":
    """A call, bound to its grant."""
    return CertificateRenew(asked.grant_of(CertificateRenewGrant))


class CertificateRenew:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: CertificateRenewGrant) -> None:
        self._grant = grant
        self._file = grant.certificate
        self._mark = f"{_MARK}={mark_of(grant.certificate)}"

    def look(self) -> Seen:
        now = _read(self._file)
        if now.days > self._grant.due_days:
            raise Refusal(
                f"{self._file} is good for {now.days:.0f} days, and the grant renews it once "
                f"{self._grant.due_days} are left"
            )
        self._check_nobody_is_at_it()
        would = f"run {self._grant.command[0]}, as {self._file} is good for {now.days:.0f} days"
        return {"certificate": now.model_dump(mode="json"), "would": would}

    def done_since(self, before: Seen) -> Outcome | None:
        was, now = _Certificate.model_validate(before["certificate"]), _read(self._file)
        return None if now.fingerprint == was.fingerprint else self._outcome(was, now)

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        was = _Certificate.model_validate(before["certificate"])
        if _read(self._file).fingerprint != was.fingerprint:
            return Outcome(ok=False, text=f"somebody else has renewed {self._file} meanwhile")
        # A runner that was killed leaves its renewer behind, and two would be at it at once.
        self._check_nobody_is_at_it()
        deadline.last_moment()
        try:
            code = _ran(self._grant.command, self._mark, deadline.left_s - _SPARE_S)
        except OSError as missing:
            text = f"{self._grant.command[0]} cannot be started: {missing.strerror}"
            return Outcome(ok=False, text=text)
        if code is None:
            raise Unfinished(f"{self._grant.command[0]} took too long and was ended")
        if code != 0:
            text = f"{self._grant.command[0]} ended with {code}; read its own log"
            return Outcome(ok=False, text=text)
        try:
            return self._outcome(was, _read(self._file))
        except Refusal as spoilt:
            return Outcome(ok=False, text=f"{self._grant.command[0]} was run, and now {spoilt}")

    def _check_nobody_is_at_it(self) -> None:
        if pid := _at_work(self._mark.encode()):
            raise NotDone(f"process {pid} of an earlier renewal of {self._file} is still at work")

    def _outcome(self, was: _Certificate, now: _Certificate) -> Outcome:
        if now.ends_at <= was.ends_at:
            return Outcome(ok=False, text=f"{self._file} is good for no longer than before")
        if now.names != was.names:
            told = f"it was for {', '.join(was.names)} and is for {', '.join(now.names)}"
            return Outcome(ok=False, text=f"{self._file} was renewed with other names: {told}")
        return Outcome(
            ok=True, text=f"{self._file} was renewed, and is good until {now.ends_at:%F}"
        )


def _read(file: str) -> _Certificate:
    """The first certificate of a file.

    :raises Refusal: there is none.
    """
    try:
        # Without waiting for whoever writes, should it be a pipe.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            found = x509.load_pem_x509_certificate(opened.read(MAX_BYTES))
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (
        OSError,
        ValueError,
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as unreadable:
        raise Refusal(f"{file} holds no certificate with names ({unreadable})") from unreadable
    return _Certificate(
        fingerprint=found.fingerprint(SHA256()).hex(),
        names=tuple(sorted(str(name.value) for name in names)),
        ends_at=found.not_valid_after_utc,
    )


def _at_work(mark: bytes) -> int | None:
    """A process that a renewal has begun lately, or that one of those has begun."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0") and _age_s(entry) < RECENT_S:
                return int(entry.name)
        except OSError:
            continue  # it has just ended, or is somebody else's
    return None


def _age_s(process: Path) -> float:
    # Behind the name, which may hold anything; what is called field 22 there is when it began.
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return boot_s() - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _ran(command: tuple[str, ...], mark: str, seconds: float) -> int | None:
    """Its exit code; none when it was at work for too long, and was ended with its group.

    What has left the group goes on, and is found by the mark in its environment. What it says is
    not kept: a renewer may print keys.
    """
    process = subprocess.Popen(  # noqa: S603 - an owner's own words, none from a call
        command,
        cwd="/",
        env={"PATH": _PATH, _MARK: mark.partition("=")[2]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(max(0.0, seconds))
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None
