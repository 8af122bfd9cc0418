"""A server's certificate: who vouches for it, whom it is for, how long it is good."""

import asyncio
import ssl
from datetime import timedelta
from functools import cache

from cryptography import x509

from vigil.domain.probe import TlsProbe
from vigil.domain.probes.tls import TlsVersion
from vigil.domain.value import Instant
from vigil.integrations.probes.sight import Sight, failing, passing, unknown

_VERSIONS = {"TLSv1.2": TlsVersion.TLS_1_2, "TLSv1.3": TlsVersion.TLS_1_3}
MOST_NAMES = 3
"""Names of a certificate that go into a sentence."""


async def look_at_tls(probe: TlsProbe, now: Instant) -> Sight:
    """Shake hands as a careful user's program does, and hang up.

    When that fails, shake hands once more without care, only to see which certificate it is.
    """
    place = f"{probe.host}:{probe.port}"
    try:
        context = _careful(probe.authorities)
    except (OSError, ValueError) as error:
        return unknown(f"{probe.authorities} cannot be read as certificates ({error}).")
    try:
        shown, version = await _shake_hands(probe, context)
    except ssl.SSLCertVerificationError as error:
        return await _refused(probe, place, error.verify_message or str(error), now)
    except (OSError, EOFError) as error:  # ssl.SSLError is an OSError
        return failing(f"{place} makes no TLS connection: {_words(error)}.")
    except ValueError as error:  # a name that cannot be one of a host
        return unknown(f"{place} cannot be asked: {error}; correct the probe's host or name.")
    try:
        certificate = _Certificate(shown)
    except ValueError:
        return failing(f"{place} shows a certificate that cannot be read.")
    return _judge(probe, place, version, certificate, now)


def _judge(
    probe: TlsProbe, place: str, version: str, certificate: "_Certificate", now: Instant
) -> Sight:
    days = certificate.days(now)
    if (spoken := _VERSIONS.get(version)) is None or spoken < probe.version:
        expected = f"expected at least {probe.version}"
        return failing(f"{place} speaks {version}, {expected}; it shows {certificate}.", days)
    if days < probe.days:
        text = f"{place} shows {certificate}, good for {days:.1f} days; {probe.days:g} are expected"
        return failing(f"{text}.", days)
    return passing(
        f"{place} speaks {version} and shows {certificate}, good for {days:.0f} days.", days
    )


async def _refused(probe: TlsProbe, place: str, why: str, now: Instant) -> Sight:
    try:
        shown, _ = await _shake_hands(probe, _careless())
        certificate = _Certificate(shown)
    except (OSError, EOFError, ValueError) as error:
        return failing(f"{place} shows a certificate that is refused ({why}; {_words(error)}).")
    return failing(f"{place} shows {certificate}, which is refused: {why}.", certificate.days(now))


async def _shake_hands(probe: TlsProbe, context: ssl.SSLContext) -> tuple[bytes, str]:
    """The certificate that is shown, and the version that was agreed on."""
    _, writer = await asyncio.open_connection(
        probe.host, probe.port, ssl=context, server_hostname=probe.name or probe.host
    )
    try:
        spoken: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return spoken.getpeercert(binary_form=True) or b"", str(spoken.version())
    finally:
        writer.transport.abort()


class _Certificate:
    """A certificate as sentences need it."""

    def __init__(self, der: bytes) -> None:
        """Raises ``ValueError`` for one that cannot be read."""
        self._read = x509.load_der_x509_certificate(der)

    def days(self, now: Instant) -> float:
        """For how many days it is good; negative since it is not."""
        return round((self._read.not_valid_after_utc - now) / timedelta(days=1), 2)

    def __str__(self) -> str:
        by = "itself" if self._read.issuer == self._read.subject else _name(self._read.issuer)
        until = self._read.not_valid_after_utc.date().isoformat()
        return f"a certificate for {self._names()} (by {by}, until {until})"

    def _names(self) -> str:
        try:
            found = self._read.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (x509.ExtensionNotFound, ValueError):
            return _name(self._read.subject)
        names = [str(each.value) for each in found.value]
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return ", ".join(names[:MOST_NAMES]) + more


def _name(name: x509.Name) -> str:
    return name.rfc4514_string()[:100] or "nobody"


def _words(error: Exception) -> str:
    reason = getattr(error, "reason", None) or str(error) or "it hung up"
    return f"{type(error).__name__} {reason}"


def _careful(authorities: str | None) -> ssl.SSLContext:
    # A file of one's own may be renewed; reading the system's takes tens of milliseconds.
    return (
        _of_the_system() if authorities is None else ssl.create_default_context(cafile=authorities)
    )


@cache
def _of_the_system() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _careless() -> ssl.SSLContext:
    """Takes any certificate: nothing is sent to who shows it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
