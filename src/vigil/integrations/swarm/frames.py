"""RFC 6455 as far as CDP needs it: a client's text messages, whole, over a stream of bytes.

No compression, no subprotocols: the other end is a browser that this process has started. Nothing
here touches a socket.
"""

import base64
import hashlib
import os
import struct

MOST_MESSAGE = 8 * 1024**2
"""Bytes. No answer that is asked for here is nearly as long."""
_ACCEPTED = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUED, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA
_FINAL, _MASKED = 0x80, 0x80
_SHORT, _16_BITS, _64_BITS = 125, 126, 127
_HEAD_END = b"\r\n\r\n"
_MOST_HEAD = 16 * 1024


class Broken(Exception):
    """What came is no WebSocket, or more than anybody asked for."""


class Frames:
    """One conversation: bytes that came in, messages and bytes to send out."""

    def __init__(self, path: str = "/") -> None:
        self._key = base64.b64encode(os.urandom(16))
        self._path = path
        self._opened = False
        self._came = bytearray()
        self._message = bytearray()
        self._answers = bytearray()

    def hello(self) -> bytes:
        """What asks for the conversation."""
        head = (
            f"GET {self._path} HTTP/1.1",
            *("Host: localhost", "Upgrade: websocket", "Connection: Upgrade"),
            *(f"Sec-WebSocket-Key: {self._key.decode()}", "Sec-WebSocket-Version: 13"),
        )
        return "\r\n".join(head).encode() + _HEAD_END

    @property
    def opened(self) -> bool:
        """Whether the other end has agreed to it."""
        return self._opened

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete; ``Broken``, also when the other end says bye."""
        self._came += data
        if not self._opened and not self._open():
            return []
        messages = []
        while (frame := self._frame()) is not None:
            message = self._taken(*frame)
            if message is not None:
                messages.append(message)
        return messages

    def answers(self) -> bytes:
        """What the protocol itself wants sent, once."""
        answers, self._answers = bytes(self._answers), bytearray()
        return answers

    def _open(self) -> bool:
        head, end, rest = bytes(self._came).partition(_HEAD_END)
        if not end:
            if len(head) > _MOST_HEAD:
                raise Broken("its answer has no end")
            return False
        status, *fields = head.decode("latin-1").split("\r\n")
        given = {name.strip().lower(): value.strip() for name, _, value in map(_split, fields)}
        digest = hashlib.sha1(self._key + _ACCEPTED, usedforsecurity=False).digest()
        wanted = base64.b64encode(digest).decode()
        if " 101 " not in f"{status} " or given.get("sec-websocket-accept") != wanted:
            raise Broken(f"it answered {status[:80]!r}")
        self._opened = True
        self._came = bytearray(rest)
        return True

    def _frame(self) -> tuple[int, bool, bytes] | None:
        """The next whole frame: what it is, whether its message ends with it, and what it holds."""
        came = self._came
        if len(came) < 2:  # noqa: PLR2004 - the shortest head
            return None
        start, size = 2, came[1] & ~_MASKED
        if came[1] & _MASKED:
            raise Broken("it masks what it says, as only clients do")
        if size > _SHORT:
            start += 2 if size == _16_BITS else 8
            if len(came) < start:
                return None
            (size,) = struct.unpack(">H" if size == _16_BITS else ">Q", came[2:start])
        if size + len(self._message) > MOST_MESSAGE:
            raise Broken(f"it sent a message of more than {MOST_MESSAGE} bytes")
        if len(came) < start + size:
            return None
        frame = came[0] & 0xF, bool(came[0] & _FINAL), bytes(came[start : start + size])
        del came[: start + size]
        return frame

    def _taken(self, kind: int, final: bool, payload: bytes) -> bytes | None:  # noqa: FBT001 - as it is in the frame
        if kind == _CLOSE:
            raise Broken("it closed the connection")
        if kind == _PING:
            self._answers += framed(payload, _PONG)
        if kind not in {_TEXT, _CONTINUED}:
            return None
        self._message += payload
        if not final:
            return None
        message, self._message = bytes(self._message), bytearray()
        return message


def framed(payload: bytes, kind: int = _TEXT) -> bytes:
    """One frame of a client, masked as the protocol wants it."""
    size = len(payload)
    if size <= _SHORT:
        length = struct.pack(">B", _MASKED | size)
    elif size < 2**16:
        length = struct.pack(">BH", _MASKED | _16_BITS, size)
    else:
        length = struct.pack(">BQ", _MASKED | _64_BITS, size)
    mask = os.urandom(4)
    stream = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return bytes([_FINAL | kind]) + length + mask + masked.to_bytes(size, "big")


def _split(field: str) -> tuple[str, str, str]:
    return field.partition(":")
