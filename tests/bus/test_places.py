"""A Redis behind TLS, and one on a unix socket: really there, really asked (2 s)."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.buses import redis_bus
from tests.support.programs import accepts, binary, free_port, running, short_folder


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


async def test_behind_tls_its_certificate_is_looked_at() -> None:
    port = free_port()
    with short_folder() as folder:
        certificate, secret = make_certificate(folder)
        command = [binary("redis-server"), "--save", "", "--dir", str(folder), "--port", "0"]
        command += ["--tls-port", str(port), "--tls-auth-clients", "no", "--bind", "127.0.0.1"]
        command += ["--tls-cert-file", str(certificate), "--tls-key-file", str(secret)]
        with running(command, lambda: accepts(port)):
            place = f"rediss://127.0.0.1:{port}/0"
            known = await redis_bus(f"{place}?ssl_ca_certs={certificate}").try_out()
            assert known.ok, known
            unknown = await redis_bus(place).try_out()
            assert not unknown.ok
            assert "certificate" in unknown.text.lower()


async def test_on_a_unix_socket() -> None:
    with short_folder() as folder:
        socket = folder / "r.sock"
        command = [binary("redis-server"), "--save", "", "--dir", str(folder), "--port", "0"]
        with running([*command, "--unixsocket", str(socket)], socket.exists):
            health = await redis_bus(f"unix://{socket}?db=1").try_out()
        assert health.ok, health
        assert str(socket) in health.text
        assert not (await redis_bus(f"unix://{socket}").try_out()).ok
