"""Where a name leads is asked once in a run, and never into this network (no sandbox is made)."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.runner.bench import Bench, Supervised, lease_of

from vigil.guard import analyse
from vigil.runner.call_log import CallLog
from vigil.runner.credentials import Credential, Hidden
from vigil.runner.egress.admission import LEAST_S, Admission, Way
from vigil.runner.egress.request import Place
from vigil.runner.ledger import Ledger
from vigil.runner.limits import LEASE_MARGIN_S
from vigil.runner.orders import checked
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file
from vigil.runner.switch import switch_at
from vigil.runner.verbs.base import Refusal

API = Place("api.example.com", 443)
PUBLIC, OTHER = "93.184.215.14", "93.184.215.15"
Lead = Callable[..., list[str]]


@pytest.fixture
def bench(tmp_path: Path, supervised: Supervised) -> Bench:
    made = Bench(tmp_path, supervised)
    made.raw_grants = {"api": {"host": API.host, "port": API.port}}
    return made


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(in_file(tmp_path / LEDGER))
    yield opened
    opened.close()


@pytest.fixture
def leads(monkeypatch: pytest.MonkeyPatch) -> Lead:
    """What the system's resolver answers from now on; who was asked for is kept."""
    asked: list[str] = []

    def lead(*addresses: str) -> list[str]:
        def resolve(host: str, port: int, *_: object, **__: object) -> list[object]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return asked

    return lead


def admission(bench: Bench, ledger: Ledger, lease_s: float = 90) -> Admission:
    order = bench.order("true", raw=("api",), lease=lease_of(lease_s, "shop/raw:api"))
    verified = checked(order, bench.catalogue, analyse)
    calls = CallLog(verified, ledger, lambda _: None)
    return Admission(verified, ledger, switch_at(bench.state / "switch.json"), calls)


async def begin(admitting: Admission, number: int) -> Way:
    return await admitting.begin(admitting.grant_for(API), API, number)


async def test_a_name_that_leads_elsewhere_later_on_is_not_followed(
    bench: Bench, ledger: Ledger, leads: Lead
) -> None:
    admitting = admission(bench, ledger)
    asked = leads(PUBLIC)
    assert (await begin(admitting, 1)).addresses == (PUBLIC,)
    for rebound in ("127.0.0.1", OTHER):
        leads(rebound)
        assert (await begin(admitting, 2 if rebound == OTHER else 3)).addresses == (PUBLIC,)
    assert asked == [API.host]
    # Another run asks anew.
    assert (await begin(admission(bench, ledger), 1)).addresses == (OTHER,)


IN_HERE = (
    *("127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fd00::1"),  # noqa: S104 - compared
    *("::ffff:10.1.2.3", "2002:7f00:1::", "64:ff9b::7f00:1", "fe80::1%eth0", "224.0.0.1"),
)


@pytest.mark.parametrize("address", IN_HERE)
async def test_a_name_that_leads_into_this_network_is_refused(
    bench: Bench, ledger: Ledger, leads: Lead, address: str
) -> None:
    """Also where only one of its addresses does: nobody knows which one would be taken."""
    leads(PUBLIC, address)
    with pytest.raises(Refusal, match="is not public"):
        await begin(admission(bench, ledger), 1)


async def test_a_name_that_nobody_answers_for_holds_up_no_other_run(
    bench: Bench, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script may ask again and again, and who asks stands still for longer than it waits."""
    answered = threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        answered.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    monkeypatch.setattr("vigil.runner.egress.admission.RESOLVE_S", 0.01)
    admitting = admission(bench, ledger)
    try:
        for number in range(40):
            with pytest.raises(Refusal, match="no answer in time"):
                await begin(admitting, number)
        assert await asyncio.wait_for(asyncio.to_thread(int, "7"), 10) == 7
    finally:
        answered.set()


async def test_what_the_owner_has_written_is_taken_and_nobody_asked(
    bench: Bench, ledger: Ledger, leads: Lead
) -> None:
    bench.raw_grants = {"api": {"host": API.host, "port": API.port, "addresses": ["10.1.2.3"]}}
    asked = leads(PUBLIC)
    assert (await begin(admission(bench, ledger), 1)).addresses == ("10.1.2.3",)
    assert asked == []


async def test_shortly_before_the_lease_ends_nobody_is_called_up(
    bench: Bench, ledger: Ledger, leads: Lead
) -> None:
    asked = leads(PUBLIC)
    admitting = admission(bench, ledger, LEASE_MARGIN_S + LEAST_S - 0.5)
    with pytest.raises(Refusal, match="too soon"):
        await begin(admitting, 1)
    assert admitting.out_of_time
    assert asked == []


async def test_an_address_is_one_however_it_is_written(bench: Bench, ledger: Ledger) -> None:
    bench.raw_grants = {"api": {"host": "::1", "port": 443}}
    assert admission(bench, ledger).grant_for(Place("::1", 443)) == "api"
    for other in (Place("::1", 80), Place("127.0.0.1", 443), Place("localhost", 443)):
        with pytest.raises(Refusal, match="no raw grant for"):
            admission(bench, ledger).grant_for(other)


class TestHidden:
    SECRET = b"hunter2/of+the raw"
    HIDDEN = Hidden((Credential(name="a", content=SECRET + b"\n"),))

    @pytest.mark.parametrize("before", range(4))
    @pytest.mark.parametrize("after", range(4))
    def test_in_base64_wherever_it_begins(self, before: int, after: int) -> None:
        import base64  # noqa: PLC0415 - only here

        text = base64.b64encode(b"x" * before + self.SECRET + b"y" * after).decode()
        assert "[credential]" in self.HIDDEN(text)

    def test_as_it_is_in_a_url_and_cut_off(self) -> None:
        assert self.HIDDEN("a hunter2/of+the raw b") == "a [credential] b"
        assert self.HIDDEN("?t=hunter2%2Fof%2Bthe%20raw&x") == "?t=[credential]&x"
        assert self.HIDDEN("long line hunter2/of") == "long line [credential]"
        assert self.HIDDEN("hunter is no secret") == "hunter is no secret"

    def test_no_word_of_it_in_a_representation(self) -> None:
        assert "hunter2" not in repr(Credential(name="a", content=self.SECRET))

    def test_a_key_of_many_lines(self) -> None:
        lines = [f"line-{number:03}-of-the-key" for number in range(60)]
        hidden = Hidden((Credential(name="k", content="\n".join(lines).encode()),))
        said = hidden("\n".join(f"> {line}" for line in lines))
        assert said == "\n".join(["> [credential]"] * 60)
