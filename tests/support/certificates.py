"""Certificates for tests, and servers that show them."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Authority:
    """Somebody who vouches for others."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def write(self, path: Path) -> str:
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return str(path)


def new_authority(name: str = "Test authority") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, _signed(name, key, None, days=3650, names=()))


def certified(
    folder: Path, by: Authority | None, *, names: tuple[str, ...], days: float
) -> ssl.SSLContext:
    """A server's context with a certificate for these names, good for so many days from now.

    Without an authority it vouches for itself.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(names[0], key, by, days=days, names=names)
    path = folder / f"{len(list(folder.iterdir()))}.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@asynccontextmanager
async def showing(context: ssl.SSLContext) -> AsyncIterator[int]:
    """A server that shakes hands with everybody; gives its port."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: Authority | None,
    *,
    days: float,
    names: tuple[str, ...],
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    # A minute more: the day is not over while the test runs.
    until = now + timedelta(days=days, minutes=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, until) - timedelta(days=1))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        found = [_general(each) for each in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(found), critical=False)
    return builder.sign(by.key if by else key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
