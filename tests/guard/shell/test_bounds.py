"""Scripts that are made to keep the reader busy are answered, or refused, at once."""

import time

import pytest

from vigil.guard.shell import MAX_SCRIPT, read_shell
from vigil.guard.shell.core import MAX_COMMANDS, MAX_WORDS

_SIZE = 60_000


def _filled(text: str, before: str = "", behind: str = "") -> str:
    return before + text * (_SIZE // len(text)) + behind


_REFUSED = {
    "characters": "#" * (MAX_SCRIPT + 1),
    "commands": "".join(f"ls {number};" for number in range(MAX_COMMANDS + 1)),
    "commands in functions": "f() { ls; g; }; g() { f; }\n" + "f\n" * 60_000,
    "commands in a pipe": "a|" * 65_000 + "a",
    "here-documents on one line": "cat <<E;" * 8_000 + "\n" + "a $(ls)\nE\n" * 6_000,
    "words": "ls" + " a" * (MAX_WORDS + 1),
    "substitutions": _filled("$("),
    "quoted substitutions": _filled('"$('),
    "expansions": _filled("${a:-"),
    "arithmetic": _filled("$((a "),
    "backticks": _filled("`"),
    "subshells": _filled("(\n"),
    "branches": _filled("if a; then "),
    "here-documents": _filled("cat <<E\n$("),
    "quotes": _filled("'\"") + "'",
    "mistakes": _filled('if; "\n'),
    "parentheses": _filled("(( a "),
    "doubling an array": _filled('a=("${a[@]}" "${a[@]}");', before="a=(1);"),
    "eval": 'e=\'eval "$e"\'; eval "$e"',
    "eval many times": _filled('eval "$x$x$x";', before='x="a;a;a;a;a;a;a;";'),
    "loops in loops": "for a in {1..50}; do " * 8 + "echo $a; " + "done; " * 8,
    "functions": "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }};" for n in range(40)) + "f0",
    "aliases": _filled("a;", before='alias a="b;b;b;b" b="c;c;c;c" c="a;a;a;a";'),
    "patterns": _filled("y=${x%%*a*b*c};", before=f"x={'a' * 9000};"),
    "splitting": _filled("w $x;", before=f"x='{'a ' * 9000}';"),
    "braces": _filled("w {1..16}{1..16} "),
    "decoding": _filled("echo $x | base64 -d | rev;", before=f"x={'QUFB' * 9000};"),
    "subshells and variables": _filled("(a);", before="".join(f"v{n}=1;" for n in range(5000))),
}
_ANSWERED = {
    "indices": _filled("a[ "),
    "doubling": _filled("x=$x$x;", before="x=aaaaaaaaaaaaaaaa;"),
    "braces that are none": _filled("{"),
    "brackets": _filled("["),
    "backslashes": _filled("\\\\"),
    "dollars": _filled("$ "),
    "continued lines": _filled("\\\n"),
    "lines": _filled("\n"),
    "negations": _filled("! ", behind="ls"),
    "signs": f"echo $(({'- ' * 400}1))",
    "numbers": f"echo {{1..{'9' * 5000}}} $(({'9' * 400})) ${{x:{'9' * 5000}}}",
    "loops": "while x; do " * 12 + "y=$y$x; ls; " + "done; " * 12,
    "pieces": _filled("echo 'a' \"b\" # c\n", behind="ls"),
}


@pytest.mark.parametrize("script", _REFUSED.values(), ids=_REFUSED)
def test_what_is_over_a_bound_is_refused(script: str) -> None:
    started = time.process_time()
    assert read_shell(script).unresolved
    assert time.process_time() - started < 3, "a second, and room for a slow machine"


@pytest.mark.parametrize("script", _ANSWERED.values(), ids=_ANSWERED)
def test_what_only_looks_heavy_is_answered(script: str) -> None:
    started = time.process_time()
    read_shell(script)
    assert time.process_time() - started < 3, "a second, and room for a slow machine"


def test_nesting_is_bounded_far_below_the_stack() -> None:
    def inside(frames: int) -> None:
        if frames:
            inside(frames - 1)
            return
        for script in (
            "$(" * 19 + "ls" + ")" * 19,
            "if a; then " * 19 + "ls" + "; fi" * 19,
            "".join(f"f{n}() {{ if x; then echo $(echo $(f{n + 1})); fi; }};" for n in range(13))
            + "f0",
            'e=\'echo $(eval "$e")\'; eval "$e"',
        ):
            read_shell(script)

    inside(400)
