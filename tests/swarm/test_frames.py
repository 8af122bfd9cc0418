"""The few pages of RFC 6455 that CDP needs, without a socket (below 1 s)."""

import base64
import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.integrations.swarm.frames import MOST_MESSAGE, Broken, Frames, framed

TEXT, CONTINUED, CLOSE, PING, PONG, FINAL = 0x1, 0x0, 0x8, 0x9, 0xA, 0x80
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def answered(hello: bytes) -> bytes:
    """What a server says to a client's hello."""
    fields = dict(line.split(b": ", 1) for line in hello.split(b"\r\n")[1:] if line)
    digest = base64.b64encode(hashlib.sha1(fields[b"Sec-WebSocket-Key"] + MAGIC).digest())  # noqa: S324 - as the protocol wants it
    head = (b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade")
    return b"\r\n".join((*head, b"sec-websocket-accept: " + digest, b"", b""))


def opened() -> Frames:
    frames = Frames()
    assert frames.feed(answered(frames.hello())) == []
    assert frames.opened
    return frames


def sent(payload: bytes, kind: int = TEXT, *, final: bool = True) -> bytes:
    """A server's frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack(">B", size)
    elif size < 2**16:
        head = struct.pack(">BH", 126, size)
    else:
        head = struct.pack(">BQ", 127, size)
    return bytes([(FINAL if final else 0) | kind]) + head + payload


def unmasked(frame: bytes) -> bytes:
    """What a client's frame says."""
    size, start = frame[1] & 0x7F, 2
    assert frame[1] & 0x80
    if size == 126:
        (size,), start = struct.unpack(">H", frame[2:4]), 4
    elif size == 127:
        (size,), start = struct.unpack(">Q", frame[2:10]), 10
    mask, payload = frame[start : start + 4], frame[start + 4 :]
    assert len(payload) == size
    return bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(min_value=1, max_value=50))
def test_messages_come_whole_however_they_are_cut(messages: list[bytes], cut: int) -> None:
    frames, stream = opened(), b"".join(map(sent, messages))
    heard = [
        message
        for start in range(0, len(stream), cut)
        for message in frames.feed(stream[start : start + cut])
    ]
    assert heard == messages


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_messages_of_every_size(size: int) -> None:
    payload = bytes(n % 251 for n in range(size))
    assert opened().feed(sent(payload)) == [payload]
    assert unmasked(framed(payload)) == payload
    assert framed(payload)[0] == FINAL | TEXT


def test_a_message_in_pieces_with_a_ping_between() -> None:
    frames = opened()
    assert frames.feed(sent(b"one ", final=False)) == []
    assert frames.feed(sent(b"still?", PING)) == []
    assert frames.feed(sent(b"two", CONTINUED)) == [b"one two"]
    pong = frames.answers()
    assert (pong[0], unmasked(pong)) == (FINAL | PONG, b"still?")
    assert frames.answers() == b""


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (sent(b"", CLOSE), "closed"),
        (framed(b"x"), "masks"),
        (sent(b"", TEXT)[:1] + struct.pack(">BQ", 127, MOST_MESSAGE + 1), "more than"),
        (b"".join([sent(b"x" * 2**20, CONTINUED, final=False)] * 9), "more than"),
    ],
    ids=["it said bye", "it masks", "a frame too long", "a message too long"],
)
def test_what_is_given_up(stream: bytes, words: str) -> None:
    with pytest.raises(Broken, match=words):
        opened().feed(stream)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: x\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"x" * 20_000,
    ],
    ids=["busy", "another key", "no key", "no end"],
)
def test_who_does_not_agree(answer: bytes) -> None:
    with pytest.raises(Broken):
        Frames().feed(answer)
