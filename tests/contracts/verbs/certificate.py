"""A certificate that ends soon, and a program that makes another one."""

import subprocess
import sys
from pathlib import Path

from tests.support.verb_cases import Case, Targets

from vigil.runner.verbs.base import Refusal

_RENEWER = """
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
file, days, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
key, now = generate_private_key(SECP256R1()), datetime.datetime.now(datetime.UTC)
subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days))
made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
open(file, 'wb').write(made.sign(key, SHA256()).public_bytes(Encoding.PEM))
"""


def renewer(file: Path, days: int, name: str = "shop.test") -> list[str]:
    """A command that puts a new certificate there."""
    program = file.with_name("renew.py")
    program.write_text(_RENEWER)
    return [sys.executable, str(program), str(file), str(days), name]


def _certificate_renew(targets: Targets) -> Case:
    file = targets.folder / "shop.pem"
    subprocess.run(renewer(file, 3), check=True)
    return Case(
        grant={
            "verb": "certificate.renew",
            "certificate": str(file),
            "command": renewer(file, 90),
        },
        arguments=(),
        outside=None,
        state=file.read_bytes,
        away={"certificate": str(targets.folder / "nowhere.pem")},
        meddle=lambda: subprocess.run(renewer(file, 60), check=True),
        absent=Refusal,
    )


CASES = {"certificate.renew": _certificate_renew}
