"""Whatever it is given, the guard answers: soon, in bounds, and no disguise makes it milder."""

import base64
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Report
from vigil.guard.survey import Language, survey
from vigil.tool_files import load_tools

ROOT = Path(__file__).parents[2]
TOOLS = load_tools()
LANGUAGES: tuple[Language, ...] = ("bash", "python", "sql")
CHANGES = [
    row["code"]
    for row in yaml.safe_load((Path(__file__).parent / "changes.yaml").read_text(encoding="utf-8"))
]
PLAIN_CHANGES = [code for code in CHANGES if not set(code) & set("'\"<>\\$`;|&")]
MEGABYTE = 1_048_576


def look(code: str, language: Language = "bash") -> Report:
    return survey(code, language, TOOLS)


def check(code: str, language: Language) -> Report:
    """What holds of every answer."""
    report = look(code, language)
    worst = max((f.kind for f in report.findings), key=lambda k: k.rank, default=EffectKind.READ)
    assert report.kind is worst
    assert all(0 <= f.span.start <= f.span.end <= len(code) for f in report.findings)
    assert look(code, language) == report
    return report


# --- any text ----------------------------------------------------------------------------------

PIECES: dict[Language, tuple[str, ...]] = {
    "bash": (
        *("'", '"', "\\", "\n", " ", ";", "&", "&&", "||", "|", "|&", "(", ")", "((", "))", "{ "),
        *("}", "$", "${", "}", "$(", "`", "$'", '$"', "<", ">", ">>", "<<EOF\n", "\nEOF\n", "<<<"),
        *("<(", ">(", "#", "!", "~", "*", "[", "]", "[[ ", " ]]", "=", "+=", "x", "$x", "${x:-rm}"),
        *("${x//a/b}", "${!x}", "${#x}", "$((", "$?", "$@", "if ", "then ", "fi\n", "for x in "),
        *(
            "do ",
            "done\n",
            "while ",
            "case x in ",
            "esac\n",
            "function f ",
            "f() { ",
            "f ",
            "eval ",
        ),
        *("rm ", "-rf ", "/srv ", "echo ", "sudo ", "bash -c ", "base64 -d ", "xargs ", "{a,b}"),
        *("{1..9}", "é", "\x00", "\ufffc", "\ud800", "\u202e", "\r", "\t", "0", "cm0gLXJmIC8="),
    ),
    "python": (
        *("(", ")", "[", "]", "{", "}", ":", ",", ".", "=", "\n", "    ", "'", '"', "'''", "\\"),
        *("f'", "b'", "x", "import os\n", "os", "system", "eval", "exec", "getattr", "__import__"),
        *("lambda", "def f():", "class C:", "for x in ", "while True:", "open", "*", "**", "-"),
        *("not ", "await ", "yield ", "with ", "match x:", "case _:", "\x00", "\ud800", "é", "0"),
        *("1e999", "0x", "...", "@", "%", "subprocess", "run", "'rm -rf /srv'", "del ", "try:"),
    ),
    "sql": (
        *(
            "select ",
            "from ",
            "where ",
            "drop table ",
            "delete ",
            "update ",
            "set ",
            "insert into ",
        ),
        *("(", ")", "'", '"', "`", ";", ",", "*", "x", "1", "--", "/*", "*/", "$$", "$a$", "\n"),
        *(
            "union ",
            "with ",
            "as ",
            "copy ",
            "to program ",
            "\\",
            "::",
            "case when ",
            "end ",
            "not ",
        ),
        *("\x00", "\ud800", "é", "e'", "values ", "grant ", "alter system ", "begin", "do "),
    ),
}


@given(st.sampled_from(LANGUAGES), st.text(max_size=300))
def test_any_text_is_answered(language: Language, code: str) -> None:
    check(code, language)


@pytest.mark.parametrize("language", LANGUAGES)
@given(st.data())
def test_anything_made_of_the_language_is_answered(language: Language, data: st.DataObject) -> None:
    pieces = st.lists(st.sampled_from(PIECES[language]), max_size=40)
    check("".join(data.draw(pieces)), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_no_script(language: Language) -> None:
    assert look("", language).kind is EffectKind.UNKNOWN


# --- disguises ---------------------------------------------------------------------------------


def in_base64(code: str) -> str:
    return base64.b64encode(code.encode()).decode()


def in_hex(code: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in code.encode())


DISGUISES = {
    "quoted": lambda code: " ".join(f"'{word}'" for word in code.split(" ")),
    "half quoted": lambda code: " ".join(f'{word[:1]}"{word[1:]}"' for word in code.split(" ")),
    "escaped": lambda code: " ".join(f"\\{word}" for word in code.split(" ")),
    "ansi": lambda code: " ".join(f"$'{in_hex(word)}'" for word in code.split(" ")),
    "variable": lambda code: f"x='{code}'; $x",
    "words of variables": lambda code: (
        "; ".join(f"v{n}={word}" for n, word in enumerate(code.split(" ")))
        + "; "
        + " ".join(f'"$v{n}"' for n in range(len(code.split(" "))))
    ),
    "default": lambda code: f"${{unset:-{code}}}",
    "sudo": lambda code: f"sudo -n {code}",
    "environment": lambda code: f"env -i A=1 {code}",
    "nohup": lambda code: f"nohup timeout 5 nice -n 3 {code} &",
    "shell": lambda code: f"bash -c '{code}'",
    "evaluated": lambda code: f"eval '{code}'",
    "substituted": lambda code: f"echo $({code})",
    "backticks": lambda code: f": `{code}`",
    "function": lambda code: f"f() {{ {code}; }}; f",
    "alias": lambda code: f"alias g='{code}'\ng",
    "trap": lambda code: f"trap '{code}' EXIT",
    "piped": lambda code: f"echo '{code}' | sh",
    "base64": lambda code: f"echo {in_base64(code)} | base64 -d | bash",
    "here": lambda code: f"bash <<'END'\n{code}\nEND",
    "here string": lambda code: f"bash <<< '{code}'",
    "subshell": lambda code: f"( {{ {code}; }} )",
    "condition": lambda code: f"if true; then {code}; fi",
    "loop": lambda code: f"while read -r line; do {code}; done < list",
    "case": lambda code: f"case $1 in a) {code};; esac",
    "xargs": lambda code: f"echo x | xargs -I{{}} {code}",
    "found": lambda code: f"find . -name x -exec {code} \\;",
    "remote": lambda code: f"ssh web1 '{code}'",
    "container": lambda code: f"docker exec web sh -c '{code}'",
    "pod": lambda code: f"kubectl exec web-0 -- sh -c '{code}'",
    "python": lambda code: f"python3 -c \"import os; os.system('{code}')\"",
    "path": lambda code: f"/usr/bin/{code}",
}


@pytest.mark.parametrize("disguise", DISGUISES)
@given(code=st.sampled_from(PLAIN_CHANGES))
@settings(max_examples=25)
def test_a_disguise_makes_nothing_milder(disguise: str, code: str) -> None:
    plain, hidden = look(code), look(DISGUISES[disguise](code))
    assert hidden.kind.rank >= plain.kind.rank, hidden


@given(st.sampled_from(CHANGES), st.sampled_from(CHANGES))
@settings(max_examples=50)
def test_more_of_a_script_is_never_milder(first: str, second: str) -> None:
    whole = look(f"{first}\n{second}")
    assert whole.kind.rank >= max(look(first).kind.rank, look(second).kind.rank)


@given(st.lists(st.sampled_from(PIECES["bash"]), max_size=12).map("".join))
def test_nothing_in_front_of_a_command_hides_it(front: str) -> None:
    """Unless what stands in front makes text of it, or a comment, and bash would not run it."""
    report = look(f"{front}\nrm -rf /srv/data")
    swallows = any(sign in front for sign in ("'", '"', "`", "<<", "\\", "#", "("))
    assert swallows or report.kind.rank >= EffectKind.DESTRUCTIVE.rank, report


# --- size --------------------------------------------------------------------------------------

DEEP: dict[Language, tuple[str, ...]] = {
    "bash": ("$(", "(", "{ ", "`", "${x:-", "$((", "if ", "[[ (", "while ", "! ", "eval ", "sudo "),
    "python": ("(", "[", "{", "-", "not ", "lambda:", "f(", "x.", "x[", "if x:\n", "await ", "~"),
    "sql": ("(", "select (", "select * from (", "not ", "- ", "case when ", "/*", "with a as ("),
}
LONG: dict[Language, tuple[str, ...]] = {
    "bash": (
        "a ",
        "echo a\n",
        "echo a; ",
        "a=b\n",
        "echo 'x' | ",
        "$x",
        "{a,b}",
        "'",
        "\\",
        "#",
        "\n",
    ),
    "python": ("x\n", "x;", "'a' ", "x = 1\n", "f()\n", "#", "\n", "[", "import os\n", "x + "),
    "sql": (
        "select 1;",
        "select ",
        "'",
        "a,",
        "-- ",
        "\n",
        "((",
        "1 + ",
        "delete from a;",
        "union ",
    ),
}


@pytest.mark.parametrize(
    ("language", "unit"), [(name, unit) for name, units in DEEP.items() for unit in units]
)
def test_deep_text_is_answered(language: Language, unit: str) -> None:
    check(unit * 1000, language)


@pytest.mark.parametrize(
    ("language", "unit"), [(name, unit) for name, units in LONG.items() for unit in units]
)
def test_a_megabyte_is_answered_soon(language: Language, unit: str) -> None:
    code = (unit * (MEGABYTE // len(unit) + 1))[:MEGABYTE]
    before = time.process_time()
    report = look(code, language)
    assert time.process_time() - before < 3, "a second is promised; a loaded machine is slow"
    assert report.kind is EffectKind.UNKNOWN or len(report.findings) > 0 or not code.strip("#\n")


BOMBS: list[tuple[Language, str]] = [
    ("bash", "echo {1..100000000}"),
    ("bash", "echo " + "{a,b}" * 40),
    ("bash", "x=aaaaaaaaaa\n" + "x=$x$x\n" * 60 + "$x"),
    ("bash", "x=a\nfor i in {1..1000000}; do x=$x$x; done; $x"),
    ("bash", "f() { f; f; }; f"),
    ("bash", ":(){ :|:& };:"),
    ("bash", "f() { eval \"$1 $1\"; }; f 'f f'"),
    ("bash", 'x=\'eval "$x$x"\'; eval "$x"'),
    ("bash", "x=a; " + "x=${x//a/aaaaaaaaaa}; " * 30 + "echo $x"),
    ("bash", "printf '%1000000000d' 1 | bash"),
    ("bash", "echo $((9**9**9**9)) $((1<<99999999))"),
    ("bash", "y=$(printf '%.0sA' {1..1000000000}); $y"),
    ("bash", "alias a='a a'; a"),
    ("bash", "a=(" + "x " * 50000 + "); b=(" + '"${a[@]}" ' * 200 + "); echo ${b[@]}"),
    ("python", "exec('a' * 10**12)"),
    ("python", "x = 10**10**10\neval(str(x))"),
    ("python", "x = 'a'\n" + "x = x + x\n" * 60 + "exec(x)"),
    ("python", "exec(b''.join([b'a' * 10**9] * 10**9))"),
    ("python", "f'{1:>10000000000}'\nimport os; os.system('%1000000000d' % 1)"),
    ("python", "eval(" * 80 + "'1'" + ")" * 80),
    ("sql", "select " + "(" * 5000 + "1" + ")" * 5000),
    ("sql", "select * from a where " + " or ".join(["x = 1"] * 20000)),  # noqa: S608 - only read
]


def test_bombs_are_answered_in_bounds(tmp_path: Path) -> None:
    """In a process of its own, with a gigabyte of addresses: it answers, or it is ended."""
    bombs = tmp_path / "bombs.jsonl"
    lines = (
        json.dumps({"id": str(number), "language": language, "code": code})
        for number, (language, code) in enumerate(BOMBS)
    )
    bombs.write_text("\n".join(lines) + "\n", encoding="utf-8")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); "
    run = f"from vigil.cli import app; app(['guard', 'check', '--batch', {str(bombs)!r}])"
    done = subprocess.run(
        [sys.executable, "-c", limit + run],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [str(n) for n in range(len(BOMBS))], done.stderr
    assert all(answer["runs_unasked"] is False for answer in answers)
