"""Certificates that are taken, and why others are not (about 1 s)."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.certificates import Authority, certified, new_authority, showing
from tests.support.probing import PROBE, look

NAMES = ("127.0.0.1", "shop.test")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return new_authority()


@pytest.mark.parametrize(
    ("shown", "spec", "outcome", "words"),
    [
        ({"days": 90}, {}, "passing", "for 127.0.0.1, shop.test (by CN=Test authority, until"),
        ({"days": 90}, {"name": "shop.test"}, "passing", "good for 90 days"),
        (
            {"days": 90},
            {"name": "till.test"},
            "failing",
            "certificate is not valid for 'till.test'",
        ),
        ({"days": 10}, {}, "failing", "good for 10.0 days; 14 are expected"),
        ({"days": 10}, {"days": 9}, "passing", "good for 10 days"),
        ({"days": -2}, {}, "failing", "refused: certificate has expired"),
        ({"days": 90}, {"version": "1.3"}, "passing", "speaks TLSv1.3"),
    ],
)
async def test_2_certificates(
    tmp_path: Path,
    authority: Authority,
    shown: dict[str, Any],
    spec: dict[str, Any],
    outcome: str,
    words: str,
) -> None:
    trusted = authority.write(tmp_path / "ca.pem")
    context = certified(tmp_path, authority, names=NAMES, **shown)
    async with showing(context) as port:
        where = {"host": "127.0.0.1", "port": port, "authorities": trusted}
        result = await look(kind="tls", **where, **spec)
    assert (result.outcome, words in result.text) == (outcome, True), result.text
    assert result.value == pytest.approx(shown["days"], abs=0.01)


async def test_2_who_vouches_for_himself_is_refused(tmp_path: Path) -> None:
    async with showing(certified(tmp_path, None, names=NAMES, days=90)) as port:
        result = await look(kind="tls", host="127.0.0.1", port=port)
    assert result.outcome == "failing"
    assert "for 127.0.0.1, shop.test (by itself" in result.text
    assert "self-signed" in result.text
    assert result.value == pytest.approx(90, abs=0.01)


async def test_2_a_stranger_is_refused(tmp_path: Path, authority: Authority) -> None:
    trusted = authority.write(tmp_path / "ca.pem")
    context = certified(tmp_path, new_authority("Stranger"), names=NAMES, days=90)
    async with showing(context) as port:
        result = await look(kind="tls", host="127.0.0.1", port=port, authorities=trusted)
    assert result.outcome == "failing"
    assert "(by CN=Stranger" in result.text


async def test_2_an_older_version_is_failing(tmp_path: Path, authority: Authority) -> None:
    trusted = authority.write(tmp_path / "ca.pem")
    context = certified(tmp_path, authority, names=NAMES, days=90)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with showing(context) as port:
        where = {"host": "127.0.0.1", "port": port, "authorities": trusted}
        result = await look(kind="tls", **where, version="1.3")
        assert (await look(kind="tls", **where)).outcome == "passing"
    assert result.outcome == "failing"
    assert "speaks TLSv1.2, expected at least 1.3" in result.text


async def test_2_what_speaks_no_tls_is_failing() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await look(kind="tls", host="127.0.0.1", port=port)
    assert result.outcome == "failing"
    assert "makes no TLS connection" in result.text


@pytest.mark.parametrize("content", [None, "", "no certificate"])
async def test_2_authorities_that_cannot_be_read_are_unknown(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    result = await look(kind="tls", host="127.0.0.1", port=1, authorities=str(path))
    assert result.outcome == "unknown", result.text


@pytest.mark.parametrize("spec", [{"days": -1}, {"version": "1.1"}, {"authorities": "ca.pem"}])
def test_mistakes_are_found_when_the_catalogue_is_read(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PROBE.validate_python({"kind": "tls", "host": "h"} | spec)
