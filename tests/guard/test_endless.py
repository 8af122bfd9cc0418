"""What takes processes, disk or memory without an end."""

import pytest

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Mark, Report
from vigil.guard.survey import survey
from vigil.tool_files import load_tools

TOOLS = load_tools()


def look(code: str) -> Report:
    return survey(code, "bash", TOOLS)


def exhausts(code: str) -> bool:
    return any(Mark.EXHAUSTS in finding.marks for finding in look(code).findings)


@pytest.mark.parametrize(
    "code",
    [
        "while :; do sleep 60 & done",
        "while true; do echo x >> /srv/log; done",
        "yes > /tmp/fill",
        "yes | tee -a /srv/fill > /srv/more",
        "cat /dev/zero > /srv/big",
        "gzip < /dev/urandom > /srv/big.gz",
        "tail /dev/zero",
        "sort < /dev/urandom",
        ":(){ :|:& };:",
    ],
)
def test_it_is_no_harmless_reading(code: str) -> None:
    assert look(code).kind is not EffectKind.READ
    assert exhausts(code), look(code).findings


@pytest.mark.parametrize(
    "code",
    [
        "yes | apt-get install htop",
        "yes > /dev/null",
        "yes | head -n 3 > answers",
        "tr -dc a-z < /dev/urandom | head -c 20 > name",
        "cat /dev/zero | head -c 10",
        "for n in 1 2 3; do sleep 1 & done",
        "while read -r line; do echo $line >> copy; done < list",
        "tail -f app.log > /dev/null",
    ],
)
def test_what_ends_is_left_alone(code: str) -> None:
    assert not exhausts(code), look(code).findings
