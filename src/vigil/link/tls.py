"""TLS 1.3 between two who know each other's public key, and nobody else.

There is no authority, no host name and no expiry: each side shows a certificate that it made
itself, and each admits the keys that somebody gave it. OpenSSL wants an anchor of trust, which is
a name and a key; so each side makes itself one for each key that it admits, and a certificate is
good only when the key of an anchor has signed it. The handshake proves that the other side has the
private half; ``key_shown`` then says which key it was.
"""

import asyncio
import os
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from vigil.link.identity import Identity, public_key, text_of

# A key has no time of its own, and a machine whose clock is wrong must still be told so in words.
_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


def hub_side(me: Identity, runners: Iterable[str]) -> ssl.SSLContext:
    """What the hub listens with: only who has one of these keys gets in."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, me, runners)
    # A ticket would let somebody back in without showing the key.
    context.num_tickets = 0
    return context


def runner_side(me: Identity, hub: str) -> ssl.SSLContext:
    """What a runner connects with: only whoever has this key is spoken to."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, me, (hub,))


def key_shown(writer: asyncio.StreamWriter) -> str | None:
    """The public key of whoever is at the other end; None when it is not one of ours, or none."""
    secured = writer.get_extra_info("ssl_object")
    certificate = secured.getpeercert(binary_form=True) if secured is not None else None
    if certificate is None:
        return None
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except Exception:  # noqa: BLE001 - a peer's bytes: what OpenSSL reads need not be read here
        return None
    return text_of(key) if isinstance(key, Ed25519PublicKey) else None


def _context(protocol: int, me: Identity, others: Iterable[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # a key is checked, and a name says nothing about it
    context.verify_mode = ssl.CERT_REQUIRED
    # Anchors are made here and signed with our own key, so they are no roots.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for other in others:
        anchor = _certificate(me, "vigil", other, public_key(other), anchor=True)
        context.load_verify_locations(cadata=anchor.public_bytes(Encoding.DER))
    own = _certificate(me, me.public, "vigil", me.private.public_key(), anchor=False)
    _show(context, own, me)
    return context


def _show(context: ssl.SSLContext, own: x509.Certificate, me: Identity) -> None:
    """Our certificate and its key, through a file in memory: Python reads them from files only."""
    key = me.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.memfd_create("certificate")
    try:
        os.write(descriptor, own.public_bytes(Encoding.PEM) + key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _certificate(
    signer: Identity, issuer: str, subject: str, key: Ed25519PublicKey, *, anchor: bool
) -> x509.Certificate:
    """That a key is this subject's, by whoever signs; an anchor may itself sign others."""
    begins, ends = _ALWAYS
    builder = (
        x509.CertificateBuilder()
        .issuer_name(_name(issuer))
        .subject_name(_name(subject))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=anchor, path_length=None), critical=True)
    )
    return builder.sign(signer.private, algorithm=None)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
