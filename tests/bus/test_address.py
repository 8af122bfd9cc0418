"""What a URL says of a Redis, and what is shown of it."""

import pytest

from vigil.integrations.bus.address import Address, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://h", Address("h", 6379, None, 0, tls=False)),
        ("redis://h:1/", Address("h", 1, None, 0, tls=False)),
        ("redis://[::1]:7/3", Address("::1", 7, None, 3, tls=False)),
        ("redis://h/?db=4", Address("h", 6379, None, 4, tls=False)),
        ("redis://:p%2Fw@h", Address("h", 6379, None, 0, tls=False, password="p/w")),
        (
            "rediss://u:p@h/1?ssl_ca_certs=/a/b.pem",
            Address("h", 6379, None, 1, True, "/a/b.pem", "u", "p"),
        ),
        ("unix:///run/r.sock", Address("", 6379, "/run/r.sock", 0, tls=False)),
        ("unix://:p@/run/r.sock?db=5", Address("", 6379, "/run/r.sock", 5, False, password="p")),
    ],
)
def test_each_kind_is_read(url: str, address: Address) -> None:
    assert read_address(url) == address


def test_only_the_place_is_shown() -> None:
    address = read_address("redis://somebody:hunter2@h:7/3")
    assert str(address) == "h:7"
    assert "hunter2" not in repr(address)
    assert "somebody" not in repr(address)
    assert str(read_address("unix://:hunter2@/run/r.sock")) == "/run/r.sock"
