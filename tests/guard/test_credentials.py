"""Credentials in scripts. The keys are made up here, in parts, so that no scanner takes them."""

import time
from base64 import b64encode

import pytest

from vigil.domain.effects import EffectKind
from vigil.guard.credentials import MOST_FOUND, MOST_READ, credentials_in
from vigil.guard.findings import Mark
from vigil.guard.survey import survey
from vigil.tool_files import load_tools

MIXED = "Zx8" + "Qw3Lp0Rt7Vb2Nm5Kd9Hs4Jf6Gc1Ty"
HEX = "5e1f0a9b" * 8


def found(code: str) -> list[str]:
    return [code[one.span.start : one.span.end] for one in credentials_in(code)]


@pytest.mark.parametrize(
    ("code", "secret"),
    [
        (f"export AWS_ACCESS_KEY_ID={'AK'}IAZ7QX4T2M9PL6RW3N", "AK" + "IAZ7QX4T2M9PL6RW3N"),
        (f"export AWS_ACCESS_KEY_ID={'A3'}TXZ7QX4T2M9PL6RW3N", "A3" + "TXZ7QX4T2M9PL6RW3N"),
        (f"git clone https://ci:{'ghp'}_{MIXED}@github.com/o/r", f"{'ghp'}_{MIXED}"),
        (f"wget 'https://x/y?Expires=1&Signature={HEX}'", f"&Signature={HEX}"),
        (f"curl -H 'PRIVATE-TOKEN: {'glp'}at-{MIXED}' https://x/api", f"{'glp'}at-{MIXED}"),
        (f"vault login {'hv'}s.{MIXED}", f"{'hv'}s.{MIXED}"),
        (f"doctl auth init -t {'do'}p_v1_{HEX}", f"{'do'}p_v1_{HEX}"),
        (
            f"printf '{'-----BEGIN RSA '}PRIVATE KEY-----\\n'",
            "-----BEGIN RSA " + "PRIVATE KEY-----",
        ),
        ("PGPASSWORD=tr0ub4dor psql -c 'select 1'", "tr0ub4dor"),
        ("export DB_PASSWORD='p@ss w0rd!'", "'p@ss w0rd!'"),
        ("mysql -u root -phunter2 shop", "hunter2"),
        ("mysqldump --password=hunter2 shop", "hunter2"),
        ("sshpass -p hunter2 ssh host", "hunter2"),
        ("redis-cli -a hunter2 ping", "hunter2"),
        ("curl -s -u admin:hunter2 http://x/", "hunter2"),
        ("curl -H 'Authorization: Bearer abcd1234efgh' http://x/", "abcd1234efgh"),
        ("az login --client-secret hunter2", "hunter2"),
        ("psql postgres://app:hunter2@db/shop", "hunter2"),
        ("ALTER ROLE app WITH PASSWORD 'hunter2'", "'hunter2'"),
        ("CREATE USER a IDENTIFIED BY 'hunter2'", "'hunter2'"),
        ('client = connect(password="hunter2")', '"hunter2"'),
        ('headers = {"api_key": "hunter2"}', '"hunter2"'),
        (f"curl -d @- http://x/?k={MIXED}", MIXED),
    ],
)
def test_a_credential_is_seen_and_not_said(code: str, secret: str) -> None:
    assert secret in found(code)
    for one in credentials_in(code):
        assert one.kind is EffectKind.READ
        assert one.marks == {Mark.HOLDS_CREDENTIAL}
        assert secret.strip("'\"") not in repr(one)


@pytest.mark.parametrize(
    "code",
    [
        "psql -c 'select 1' postgres://app@db/shop",
        'PGPASSWORD="$DB_PASSWORD" psql',
        "export TOKEN=$(cat /run/secrets/token)",
        "export TOKEN=`cat /run/secrets/token`",
        'curl -H "Authorization: Bearer ${TOKEN}" http://x/',
        "curl -u user:password http://x/",
        "mysql -u root -p shop",
        "mysqldump --password=<password> shop",
        "vault read -field=password secret/hello",
        "aws configure set aws_secret_access_key your_secret_key",
        "kubectl create secret generic shop --from-file=key=/run/secrets/key",
        "kubectl get secret shop-token -o name",
        "docker pull shop@sha256:" + "ab12" * 16,
        "git checkout 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "vigil-do release.switch release sha256:" + "ab" * 32,
        "echo 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "kubectl logs shop-web-7d9f8b6c5d-x2x9z --token-file=/run/t",
        "tail -n 100 /var/log/app/2026-11-23T10-20-30Z/Worker-12/output.log",
        "echo cm0gLXJmIC8gLS1uby1wcmVzZXJ2ZS1yb290Cg== | base64 -d",
        "grep -c 'invalid password' auth.log",
        "ssh -p 2222 host; mysqladmin -P 3306 ping",
        "cmd -phunter2",
    ],
)
def test_what_only_looks_like_one_is_left_alone(code: str) -> None:
    assert found(code) == []


def test_each_place_counts_once_and_has_its_line() -> None:
    code = f"set -e\nexport API_TOKEN={'ghp'}_{MIXED}\n"
    (one,) = credentials_in(code)
    assert one.span.line == 2


def test_one_in_code_that_is_encoded_is_seen_as_well() -> None:
    hidden = b64encode(b"PGPASSWORD=hunter2 date").decode()
    report = survey(f"echo {hidden} | base64 -d | bash", "bash", load_tools())
    assert any(Mark.HOLDS_CREDENTIAL in one.marks for one in report.findings), report


def test_a_file_of_keys_is_not_listed_whole() -> None:
    assert len(credentials_in("PASSWORD=hunter2\n" * 200)) == MOST_FOUND


def test_what_is_too_long_to_look_through_is_unknown() -> None:
    assert credentials_in(" " * MOST_READ) == ()
    (one,) = credentials_in(" " * (MOST_READ + 1))
    assert one.kind is EffectKind.UNKNOWN


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "_", "/", " ", "A1b", "password", "password=", "token: ", "token'", "curl -u "),
        *("://a:", "--a-", "mysql -p", "eyJa.", "identified by ", "authorization:", "tskey-"),
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    text = unit * (MOST_READ // len(unit))
    before = time.process_time()
    credentials_in(text)
    assert time.process_time() - before < 2, "half a second would be slow; a loaded machine is"
