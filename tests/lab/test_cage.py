"""What a lab runs in, on machines unlike this one (about 3 s)."""

import subprocess
import sys
from pathlib import Path

import pytest

from vigil.lab import cage, ready
from vigil.lab.errors import LabNotReady
from vigil.lab.programs import find_binary
from vigil.lab.statedir import prepare

FEWEST_USERS = (
    "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
)
"""What is in /etc/passwd of every machine."""


def test_a_database_begins_where_nobody_has_an_account(tmp_path: Path) -> None:
    passwd = tmp_path / "passwd"
    passwd.write_text(FEWEST_USERS)
    state = prepare(tmp_path / "state")
    words = cage.command(state)
    cut = words.index(sys.executable)
    data = state / "pgdata"
    made = subprocess.run(
        [
            *words[:cut],
            *("--ro-bind", str(passwd), "/etc/passwd"),
            *(find_binary("initdb"), "-D", str(data), "--no-sync", "--auth=reject"),
        ],
        env=cage.environment(state),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert made.returncode == 0, made.stderr
    assert (data / "PG_VERSION").is_file()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("1\n2\nno such user\n\nrun it\n", "database.err ends with: 2 / no such user / run it"),
        ("", "database.err is empty"),
        (None, "database.err is empty"),
    ],
)
def test_what_does_not_answer_is_told_with_the_end_of_its_log(
    tmp_path: Path, written: str | None, told: str
) -> None:
    log = tmp_path / "database.err"
    if written is not None:
        log.write_text(written)
    part = ready.Part("database", lambda: False, log)
    with pytest.raises(LabNotReady, match=told):
        ready.wait_for([part], seconds=0.05, progress=lambda _: None, gone=lambda: None)
