"""Functions of Python that hide a text, or bring it out again: computed with the real ones."""

import base64
import binascii
import bz2
import codecs
import html
import lzma
import operator
import posixpath
import re
import shlex
import urllib.parse
import zlib
from collections.abc import Callable, Mapping

from vigil.guard.python.values import LONGEST, Object

_WORDS = 4_000
"""Characters of a text that is split into words as a shell does."""


class NotKnown(Exception):
    """Something that only a run could tell, or that is too large to be worked out."""


def _bounded(decompress: Callable[[bytes, int], bytes]) -> Callable[[bytes], bytes]:
    def decompressed(data: bytes) -> bytes:
        text = decompress(data, LONGEST + 1)
        if len(text) > LONGEST:
            raise NotKnown
        return text

    return decompressed


def _codec(data: bytes, name: str = "utf-8", errors: str = "strict") -> Object:
    # Codecs of compression have no bound on what they give.
    if name.lower().replace("-", "_") in {"zip", "zlib", "zlib_codec", "bz2", "bz2_codec"}:
        raise NotKnown
    return codecs.decode(data, name, errors)


def _to_text(value: Object = "", *codec: str) -> str:
    if isinstance(value, bytes):
        return value.decode(*codec) if codec else str(value)
    return str(value)


def _to_bytes(value: Object = b"", *codec: str) -> bytes:
    if isinstance(value, str):
        return value.encode(*codec)
    if isinstance(value, int):
        raise NotKnown
    return bytes(value)  # type: ignore[call-overload,no-any-return] # what is no such value raises


def _substituted(old: str, new: str, text: str) -> str:
    # A real search could take for ever; only plain text is looked for.
    if re.escape(old) != old or "\\" in new:
        raise NotKnown
    return text.replace(old, new)


def _split_words(text: str) -> list[str]:
    # It goes through a text letter by letter.
    if len(text) > _WORDS:
        raise NotKnown
    return shlex.split(text)


FUNCTIONS: Mapping[str, Callable[..., Object]] = {
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.len": len,
    "builtins.int": int,
    "builtins.float": float,
    "builtins.bool": bool,
    "builtins.str": _to_text,
    "builtins.repr": repr,
    "builtins.bytes": _to_bytes,
    "builtins.bytearray": _to_bytes,
    "builtins.hex": hex,
    "builtins.abs": abs,
    "builtins.sum": sum,
    "builtins.sorted": sorted,
    "builtins.reversed": lambda items: list(reversed(items)),
    "builtins.zip": lambda *many: list(zip(*many, strict=False)),
    "builtins.enumerate": lambda items, start=0: list(enumerate(items, start)),
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "builtins.str.maketrans": str.maketrans,
    "builtins.int.from_bytes": int.from_bytes,
    "base64.b64decode": base64.b64decode,
    "base64.standard_b64decode": base64.b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.b32decode": base64.b32decode,
    "base64.b16decode": base64.b16decode,
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode,
    "base64.decodebytes": base64.decodebytes,
    "base64.b64encode": base64.b64encode,
    "base64.b32encode": base64.b32encode,
    "base64.b16encode": base64.b16encode,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.a2b_hex,
    "binascii.a2b_base64": binascii.a2b_base64,
    "binascii.hexlify": binascii.hexlify,
    "codecs.decode": _codec,
    "codecs.encode": codecs.encode,
    "zlib.decompress": _bounded(lambda data, most: zlib.decompressobj().decompress(data, most)),
    "gzip.decompress": _bounded(lambda data, most: zlib.decompressobj(31).decompress(data, most)),
    "bz2.decompress": _bounded(lambda data, most: bz2.BZ2Decompressor().decompress(data, most)),
    "lzma.decompress": _bounded(
        lambda data, most: lzma.LZMADecompressor(memlimit=1 << 26).decompress(data, most)
    ),
    "urllib.parse.unquote": urllib.parse.unquote,
    "urllib.parse.unquote_plus": urllib.parse.unquote_plus,
    "urllib.parse.quote": urllib.parse.quote,
    "urllib.parse.urljoin": urllib.parse.urljoin,
    "html.unescape": html.unescape,
    "os.path.join": posixpath.join,
    "os.path.basename": posixpath.basename,
    "os.path.dirname": posixpath.dirname,
    "os.path.normpath": posixpath.normpath,
    "os.path.abspath": lambda path: posixpath.normpath(path) if path[:1] == "/" else path,
    "os.path.realpath": lambda path: posixpath.normpath(path) if path[:1] == "/" else path,
    "os.path.expanduser": lambda path: path,
    "os.fspath": lambda path: path,
    "re.sub": _substituted,
    "operator.add": operator.add,
    "shlex.split": _split_words,
    "shlex.quote": shlex.quote,
}
"""Functions that are computed when all of their arguments are known."""
