"""Every move of a link, as the kernel reports it: two moves in a row are two, however quick."""

import ctypes
import os
import struct
from collections.abc import Iterator

from tests.support.plant.effects import SWITCH, EffectLog
from tests.support.plant.layout import Layout

_MOVED_FROM, _MOVED_TO = 0x40, 0x80
_NONBLOCK = 0o4000
_EVENT = struct.Struct("iIII")
_MOST = 65536
NOT_OURS = ".current.vigil-"
"""How the temporary link begins that Vigil renames; the plant's own deployments name theirs so
not."""


class Switches:
    """Writes down each switch that was made from outside."""

    def __init__(self, layout: Layout, log: EffectLog) -> None:
        self._layout = layout
        self._log = log
        self._renamed: dict[int, str] = {}
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor: int = libc.inotify_init1(_NONBLOCK)
        self._services: dict[int, str] = {}
        for service in layout.names:
            home = os.fsencode(layout.home(service))
            watch = libc.inotify_add_watch(self.descriptor, home, _MOVED_FROM | _MOVED_TO)
            if self.descriptor < 0 or watch < 0:
                raise OSError(ctypes.get_errno(), "inotify is not to be had here")
            self._services[watch] = service

    def read(self) -> None:
        """Take note of what has happened since."""
        for watch, mask, cookie, name in self._events():
            if mask & _MOVED_FROM:
                self._renamed[cookie] = name
            elif name == "current" and self._renamed.pop(cookie, "").startswith(NOT_OURS):
                service = self._services[watch]
                target = self._layout.link(service).readlink().name
                self._log.write(service, SWITCH, target)

    def _events(self) -> Iterator[tuple[int, int, int, str]]:
        try:
            found = os.read(self.descriptor, _MOST)
        except BlockingIOError:
            return
        while found:
            watch, mask, cookie, length = _EVENT.unpack_from(found)
            name = found[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode()
            yield watch, mask, cookie, name
            found = found[_EVENT.size + length :]
