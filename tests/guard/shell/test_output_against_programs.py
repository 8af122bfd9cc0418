"""What the reader says that programs print, against what these programs print."""

import shutil
import subprocess

import pytest

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell import read_shell

_PIPES = [
    "echo cm0gLXJmIC8= | base64 -d",
    "echo cm0gLXJmIC8 | base64 --decode -i",
    "echo 'rm -rf /' | base64",
    "printf '%0300d' 7 | base64",
    "printf '%0300d' 7 | base64 -w 0",
    "echo ORSXG5A= | base32 -d",
    "echo 726d202d | xxd -r -p",
    "echo 'abc def' | rev",
    "printf 'a\\nb c' | rev",
    "printf 'a\\nb\\nc\\n' | tac",
    "printf 'a\\nb\\nc\\n' | head -n 2",
    "printf 'a\\nb\\nc\\n' | head -1",
    "printf 'a\\nb\\nc\\n' | head -c 3",
    "printf 'a\\nb\\nc\\n' | tail -n 1",
    "printf 'a\\nb\\nc\\n' | tail -n +2",
    "printf 'a\\nb\\nc\\n' | tail -c 3",
    "echo abc | tr a-c x-z",
    "echo abcd | tr 'a-z' 'n-za-m'",
    "echo 'a b' | tr -d ' '",
    "echo abc | tr -dc 'a\\n'",
    "echo aabb | tr -s a",
    "echo abc | tr '[:lower:]' '[:upper:]'",
    "echo abc | tr abc x",
    "echo a:b:c | cut -d: -f2",
    "echo a:b:c | cut -d : -f 2-",
    "echo 'a b c' | cut -d' ' -f1-2",
    "echo abcdef | cut -c2-4",
    "echo abcdef | cut -c 3",
    "echo abc | cut -d: -f2",
    "echo a_b_c | sed s/_/x/",
    "echo a_b_c | sed 's,_, ,g'",
    "echo a_b_c | sed -e s/b//",
    "echo a | sort",
    "echo cm0= | openssl base64 -d",
    "echo cm0= | openssl enc -base64 -d",
    "echo a | tee /dev/null",
    "echo a | cat - /dev/null",
    "seq 3",
    "seq 2 4",
    "seq 1 2 6",
    "seq 3 -1 1",
    "basename /a/b/c",
    "printf '%s-%d-%x|' a 10 255 b 011 0x10",
    "printf '%5s|%-5s|%05d|%.2s' ab cd 42 xyz",
    "printf '%c%c' abc d",
    "printf '%b' 'a\\tb\\0101\\x41'",
    "printf '\\x72\\155\\u0041 %%\\n'",
    "printf '%s\\n' a 'b c' ''",
    "printf '%d' \"'A\"",
    "echo -e 'a\\tb\\x41\\0101'",
    "echo -n a",
    "echo -ne 'a\\n'",
    "echo -E 'a\\tb'",
    "echo -- a",
    "echo -x a",
    "echo",
]
_OPEN = [
    "echo a | sed 's/./b/'",
    "echo a_b | sed 's/_/&/'",
    "printf '%q' 'a b'",
    "printf 'b\\na\\n' | sort",
    "echo //// | base64 -d",
    "echo abc | cut -c2 --complement",
    "date",
]


@pytest.mark.parametrize("pipe", _PIPES)
def test_programs_print_what_was_said(pipe: str) -> None:
    names = [part.split()[0] for part in pipe.split(" | ")]
    missing = [name for name in names if name != "seq" and not _known(name)]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    ended = subprocess.run(["/bin/bash", "-c", pipe], capture_output=True, timeout=20, check=False)
    assert _said(pipe) == ended.stdout.decode()


@pytest.mark.parametrize("pipe", _OPEN)
def test_what_is_not_surely_known_is_left_open(pipe: str) -> None:
    assert _said(pipe) == UNRESOLVED


def _known(name: str) -> bool:
    return name in {"echo", "printf"} or shutil.which(name) is not None


def _said(pipe: str) -> str:
    stdin = read_shell(f"{pipe} | reader").commands[-1].stdin
    assert stdin is not None
    return stdin.text
