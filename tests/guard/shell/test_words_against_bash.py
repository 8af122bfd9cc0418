"""The words that the reader says a command gets, against those that a real bash gives it.

The scripts are made of harmless pieces only: assignments, expansions and calls of ``w``, a shell
function that writes down its arguments. There is no PATH, so that no program can be started.
"""

import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from vigil.guard.program import UNRESOLVED, Command, Word
from vigil.guard.shell import read_shell

_PRELUDE = (
    "exec 9>words; FUNCNEST=20; set -f; ulimit -t 2 -f 500;"
    """w() { printf '%s\\0' "$#" "$@" >&9; }\n"""
)
_ENVIRONMENT = {"PATH": "/nowhere", "HOME": "~", "unknown": "from outside; it"}
_QUICK = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


def run(script: str, home: Path, within_s: float = 20) -> list[list[str]]:
    """The words of each call of ``w``; of a script that does not end, of those until then."""
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            ["/bin/bash", "-c", _PRELUDE + script],
            cwd=home,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within_s,
            check=False,
        )
    words = iter((home / "words").read_text(errors="replace").split("\0")[:-1])
    return [[next(words, "") for _ in range(int(count))] for count in words]


def read(script: str) -> list[Command]:
    program = read_shell(script)
    return [command for command in program.commands if command.words[:1] == (Word(text="w"),)]


def agree(command: Command, made: list[str]) -> bool:
    """Whether what was said of a call is what was called, or leaves room for it."""
    said = "".join(f"\0{_room(word)}" for word in command.words[1:])
    return (
        re.fullmatch(
            said.replace(f"\0{_ANY_WORDS}", _ANY_WORDS), "".join(f"\0{w}" for w in made), re.DOTALL
        )
        is not None
    )


_ANY_WORDS = "(?:\0[^\0]*)*"


def _room(word: Word) -> str:
    if word.unsplit:
        return _ANY_WORDS
    return "[^\0]*".join(re.escape(part) for part in word.text.split(UNRESOLVED))


_EXACT = [
    "x=$(printf exec >/dev/null; echo rm); w $x",
    "f() { local x={g,h}$(echo i j); w $x; }; f; local_=1",
    "readonly x=rm; w $x",
    "x=0; f() { w $x $y; }; x=1 y=$x f; w $x; x=1 eval 'w $x'",
    'x=rm a=1; f() { local x=$x a=2 b=$a; w $x $a $b; }; f; declare y=$x z=$x$x; w "$z"',
    'a=(1 2); f() { local a=("${a[@]}" 3); w ${a[@]}; }; f; w ${a[@]}',
    "declare -A m=([b]=1); f() { local -A m=([c]=2); w ${!m[@]}; }; f; w ${!m[@]} ${m[b]}",
    "x=ls; f() { local x; w ${x:-rm}; x=in; }; f; w $x; g() { declare x; w ${x-a}; }; g; w $x",
    "f() { local x=1; f2() { w $x; x=2; }; f2; w $x; }; x=0; f; w $x",
    "f() { local x={g,h}i; w $x; }; f; y={a,b}; w $y; declare z={1..3}; w $z",
    "y=1; ya=2 yb=3 y1=4 y2=5; w $y{a,b} ${y}{a,b} $y{1..2}; set -- p; w $1{0,1}",
    "w a b",
    "w 'a b' \"c d\" e\\ f",
    "w r''m r\"\"m r\\m 'r'm",
    "w a\\\nb c",
    "w $'\\x72\\155' $'a\\'b' $'\\u0041\\101\\cA'",
    "w {rm,-rf,/} a{b,c{d,e}}f {1..3} {a..c} {03..1} {a} {} {a,} x{,y}z '{a,b}' {1..9..4}",
    "x=rm; w $x \"$x\" '$x' ${x} \\$x $x$x",
    'x=\'a  b\'; w $x "$x" a$x"b"',
    "x=; w $x; w \"$x\"; w $x'' ''",
    'x=a; w ${x:+y} ${x:-z} ${x+y}; x=; w ${x:+y} "${x:-z}" ${x+y}',
    "x=abcdef; w ${x:1} ${x:1:2} ${x: -2} ${x:0:1}${x:3:1} ${#x}",
    "x=a/b/c.txt; w ${x##*/} ${x%/*} ${x%.txt} ${x#*/} ${x%%/*} ${x//b/X} ${x/\\//_} ${x/#a/Z}",
    "x=rM; w ${x^^} ${x,,} ${x^} ${x@U}",
    "x=y; y=rm; w ${!x}",
    'x=(rm \'-r f\' /); w ${x[0]} "${x[@]}" ${#x[@]} ${x[@]:1} ${!x[@]} "${x[*]}" $x',
    "x=(a b); x+=(c); x[5]=z; w ${x[@]} ${!x[@]}",
    "declare -A m=([k]=rm [l]=2); w ${m[k]} ${m[l]}",
    "x=a; x+=b; w $x",
    "IFS=:; x=a:b::c; w $x; IFS=; w $x",
    "w a${IFS}b",
    "w $((1+2*3)) $((0x10|1)) $((2#101)) $(( (4>3) ? 7 : 8 )) $((-7/2)) $((-7%3)) $((2**10))",
    "i=3; ((i+=4)); w $i; w $((i++)) $i $((--i))",
    "let i=2+3; w $i",
    'w $(echo rm -rf) "$(echo \'a  b\')" `echo x` "`echo \\`echo y\\``"',
    "w $(printf '%s-%s\\n' a b c) $(printf '\\x72\\155') $(printf %03d 7) $(printf '%b' 'a\\tb')",
    "w $(echo -e 'a\\tb\\c d') $(echo -n x)y \"$(echo -en '\\x41\\0102')\"",
    "f() { w $1 \"$@\" $# ${2}; }; f a 'b c'",
    "f() { local x=$1; w $x; }; x=out; f in; w $x",
    "f() { x=1; return; x=2; }; f; w $x",
    'set -- a \'b c\' d; w "$@" $2; shift; w "$*" $#; w "${@:2}" x"$@"y',
    "for i in a 'b c'; do w \"$i\"; done; w $i",
    "for ((i=0;i<3;i++)); do w $i; done",
    "i=0; while ((i<3)); do w $i; ((i++)); done; until ((i==0)); do w -$i; ((i--)); done",
    'read a b <<< \'rm -rf /x\'; w "$a" "$b"',
    'IFS=, read -r a b c <<< \'x,y\'; w "$a" "$b" "$c"',
    "mapfile -t l <<< $'a b\\nc'; w \"${l[@]}\"",
    "eval 'w a b'; eval w '\"a b\"' \"c\"; x='w z'; eval $x; $x",
    'eval "x=rm"; w $x',
    "printf -v x %s-%s a b; w $x",
    "x=1; (x=2; w $x); w $x; { x=3; }; w $x; x=4 | true; w $x",
    "case a in a) w yes;; esac",
    "if true; then x=a; else x=b; fi; w $x; false || x=c; w $x; true && x=d; w $x",
    "x=a; export y=b; readonly z=c; declare v=d; w $x $y $z $v; unset x; w a$x",
    'cat() { w "$1"; }; cat zzz',
    "time w a; ! w b; w c &\nwait",
    "w ~+x a~ '~'",
    "w a#b # c\nw d;#e\nw f",
    'w "a\\$b\\q\\"\\\\" \'a\\b\'',
    'w $"translated"',
    "trap 'w bye' EXIT; w hi",
    "w a >/dev/null; w b 2>/dev/null",
    "{ w a; w b; } 2>/dev/null",
    "function g { w g; }; g",
    "[[ a == a ]] && w t",
    "w $(( $(echo 2) + 1 ))",
    'x=\'a b\'; y=$x; w "$y"; z="$x"$x; w "$z"',
    'w \\a\\*\\? "*"',
    "x=\"a b\" y='w 1'; $y $x",
    "x=2; w $((x*3)) $[x+1]",
]


@pytest.mark.parametrize("script", _EXACT)
def test_words_are_those_that_bash_gives(script: str, home: Path) -> None:
    said, made = read(script), run(script, home)
    assert [[word.text for word in command.words[1:]] for command in said] == made


_UNKNOWN = [
    "c=$unknown; x=ls; ${c:0:0}eval x=rm; w $x",
    'x=rm\nx=ls"${@:; }"\nw "$x"',
    "x=rm\nx=ls$((1/0))\nw $x",
    "x=rm; w $((1/0)); x=ls\nw $x",
    "x=rm; f() { local x=ls; w $((1/0)); }; f; x=ls\nw $x",
    "readonly x=rm; x=ls\nw $x",
    "y=rm; readonly x; x=1; y=ls\nw $y",
    "x=rm; local x=ls; w $x",
    "x=rm; w ${HOME:-$((x=1))}; w $x",
    "w ${unset_name:x=1}; w $x",
    "x=rm; w ${HOME:+$((x=1))} ${unknown_:-$((x=2))}; w $x",
    "w rm; x=$_; w $x; _=ls; w $_",
    "RANDOM=ls; w $RANDOM",
    "IFS=; w $none a$none",
    "x=abc; y=rm; w ${x:2:-5}; y=ls\nw $y",
    "x=ls; trap 'w $x' EXIT; exit; x=rm",
    'declare -A m=([k]=a b); w "${m[k]}"',
    'a=$unknown; declare -a a; w "${a[@]}"',
    'x=$(echo; unknown_program); w "a${x}b"',
    "x=ls; read x < /nowhere <<< rm; w $x; { x=rm; } < /nowhere; w $x; x=rm > /nowhere/x; w $x",
    "x=ls; eval x=rm < /nowhere; w $x; f() { x=rm; }; f > /nowhere/x; w $x",
    "w a $! b",
    "x='i j'; w $x$=a 'b'$x$ a$=$x",
    "read ! x <<< 'a b'; w \"$x\"",
    "w {$,}HOME {a,$}{HOME,x}",
    "shopt -s lastpipe; x=ls; echo rm | read x; w $x",
    "shopt -s nullglob; x=ls; for f in *.none; do x=rm; done; w $x",
    'x=; for f in *; do x+=a; done; w "$x"',
    'x=$( { exec 3>&1; } 2>/dev/null; echo rm >&3 ); w "$x"',
    "x=$(echo 'a\\tb'); w \"$x\"",
    "w ${x:-${y:-rm}}",
    "select x in a; do w $x; break; done </dev/null; w end",
    "w \"${x:-'a b'}\" ${none:-'a b'}",
    "x=5 w a; w $x",
    "printf 'a\\nb\\n' | while read -r l; do w \"$l\"; done",
    "while read -r l; do w \"$l\"; done <<< $'a b\\nc'",
    "for i in 1 2 3; do if ((i==2)); then break; fi; w $i; done; w $i",
    "w ${none:=rm}; w $none",
    'w ${none:-rm} ${none-a b} "${none:-a b}"',
    "w $unknown",
    'w "$unknown" a$unknown',
    'w ${unknown:-rm} "${unknown#from}"',
    'x=$unknown; w "a$x"',
    'x=a; if [[ $unknown ]]; then x=b; fi; w "$x"',
    'x=a; [[ $unknown ]] && x=b; w "$x"',
    'x=a; case $unknown in from*) x=b;; esac; w "$x"',
    'x=a; case $unknown in from*) x=b;;& *) w "$x";; esac',
    'f() { x=rm; [[ $unknown ]] && return; x=ls; }; f; w "$x"',
    'for i in 1 2; do x=rm; [[ $unknown ]] && break; x=ls; done; w "$x"',
    'for i in 1 2; do x=rm; [[ $unknown ]] && continue; x=ls; done; w "$x"',
    "for i in 1 2; do for j in 1 2; do x=r; [[ $unknown ]] && break 2; x=l; done; x=n; done; w $x",
    'x=a; while [[ $x == a ]]; do w "$x"; x=$x$unknown; done; w "$x"',
    'x=; for i in $unknown; do x=$x$i; done; w "$x"',
    'x=$(true; echo rm; exit; echo ls); w "$x"',
    'x=$({ echo rm >&2; } 2>&1); w "$x"',
    'x=$( { echo rm >&3; } 3>&1; echo ls); w "$x"',
    'declare -l x; x=RM; w "$x"',
    'declare -n x=y; x=rm; w "$y"',
    'read x <<< "$unknown"; w "$x"',
    'eval "x=$unknown"; w "$x"',
    "IFS=$unknown; x='a b'; w $x",
    'x=$((unknown_number + 1)); w "$x"',
    "x=$(echo a & echo b); w ${#x}",
    "x=5; ((unknown_number == 0 ? (x=6) : (x=7))); w $x",
]


@pytest.mark.parametrize("script", _UNKNOWN)
def test_what_only_a_run_can_tell_is_left_open(script: str, home: Path) -> None:
    said, made = read(script), run(script, home)
    assert said
    assert made
    assert all(any(agree(command, words) for command in said) for words in made), said


_VALUES = [
    "a",
    "'b c'",
    '"d  e"',
    "$x",
    '"$x"',
    "${y:-f}",
    "$((1+2))",
    "{g,h}",
    "$(echo i j)",
    "''",
]
_VALUES += [
    "$'k\\n'",
    "\\l",
    "${x//a/m}",
    '"${a[@]}"',
    "${a[1]}",
    "$unknown",
    '"$unknown"',
    "${x:1}",
]
_VALUES += ["`echo n`", '"$*"', "${#x}", "o{1..2}$y", "\\\n", "$1", '"${@:2}"', "${x^^}"]
_STEPS = [
    "x={0}",
    "y={0}",
    "a=({0} {1})",
    "a+=({0})",
    "set -- {0} {1}",
    "read -r x y <<< {0}",
    "x+={0}",
]
_STEPS += ["w {0} {1}{0}", "w {0}", 'f() {{ w {0} "$@"; x={1}; }}', "f {0}", "IFS=' d'", "unset x"]
_STEPS += ["if [[ $unknown ]]; then x={0}; else y={1}; fi", "for y in {0} {1}; do w $y; done"]
_STEPS += ["true && x={0}", "false && x={0}", "(x={0}; w $x)", "{{ y={0}; w {1}; }}", "x={0} w {1}"]
_STEPS += [
    "for i in 1 2; do [[ $unknown ]] && break; x={0}; done",
    "eval 'x='{0}",
    "local_=$(w {0})",
]
_STEPS += [
    "printf -v y %s {0}",
    "w \"$(printf '%s,' {0})\"",
    "case {0} in a) x=c;; *) y={1};; esac",
]


_STEPS += [
    "read -r x <<E\n{0} {1}\nE",
    "read -r y <<'E'\n{0} {1}\nE",
    "while w {0}; do break; done",
]
_STEPS += [
    "for ((i=0;i<2;i++)); do w $i {0}; done",
    "[[ {0} == {1} ]] && w {0}",
    "w $((x=1+2)) {0}",
]
_STEPS += ["declare -a a=({0} {1})", 'declare -A m=([k]={0}); w "${{m[k]}}"', 'eval "w {0}"']
_STEPS += ["printf '%s\\n' {0} {1} | while read -r l; do w \"$l\"; done", "mapfile -t a <<< {0}"]
_STEPS += [
    'x={0}; w "${{x#a}}" "${{x%%b*}}" "${{x/b/c}}"',
    "w {0} > /dev/null",
    "g() ( w {0}; )\ng",
]
_STEPS += ['h() {{ local x={0}; w "$x" "$1"; x={1}; }}\nh {0}', "trap 'w \"$x\"' EXIT", "y=(p q)"]
_STEPS += [
    "if ((${{#x}} > 1)); then w big; else w small {0}; fi",
    '{{ read -r x; w "$x"; }} <<< {0}',
]
_STEPS += ["x={0} y={1}; case $x in b*) w b;;& *c) w c; x=z;; *) y=q;; esac", "let i=3; w $i {0}"]


@st.composite
def scripts(draw: st.DrawFn) -> str:
    value = st.lists(st.sampled_from(_VALUES), min_size=1, max_size=3).map("".join)
    steps = draw(st.lists(st.sampled_from(_STEPS), min_size=1, max_size=7))
    filled = [step.format(draw(value), draw(value)) for step in steps]
    return "\n".join([*filled, 'w "$x" $y "${a[@]}"'])


@settings(_QUICK, max_examples=120)
@given(script=scripts())
def test_any_words_are_those_that_bash_gives(script: str, home: Path) -> None:
    program, made = read_shell(script), run(script, home)
    said = [command for command in program.commands if command.words[:1] == (Word(text="w"),)]
    event(f"unresolved: {bool(program.unresolved)}")
    if not program.unresolved:
        assert all(any(agree(command, words) for command in said) for words in made), (said, made)


_FRAGMENTS = [
    *" \t\n;'\"\\$`(){}[]*?!=#,@:a0x|&<~-",
    "&&",
    "||",
    "$(",
    "${",
    "$((",
    "))",
    " w ",
    "\\\n",
]
_FRAGMENTS += [
    "<<E\n",
    "\nE\n",
    "<<<",
    "\nfi\n",
    "\ndone\n",
    "if w 1; then ",
    "while w 2; do break; ",
    "x=",
]
_FRAGMENTS += [
    "case a in ",
    ";;",
    "esac",
    "{ ",
    "; }",
    "[[ ",
    " ]]",
    "w() ",
    "do ",
    "${x",
    ":-",
    "$'",
    "time ",
]


@settings(_QUICK, max_examples=120)
@given(script=scripts(), data=st.data())
def test_an_edited_script_calls_nothing_that_was_not_said(
    script: str, data: st.DataObject, home: Path
) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(script)))
        cut = data.draw(st.integers(0, 2))
        script = script[:at] + data.draw(st.sampled_from(_FRAGMENTS)) + script[at + cut :]
    program, made = read_shell(script), run(script, home, within_s=2)
    event(f"unresolved: {bool(program.unresolved)}")
    if not program.unresolved:
        said = [command for command in program.commands if command.words[:1]]
        assert all(any(_said(command, words) for command in said) for words in made), said


def _said(command: Command, made: list[str]) -> bool:
    name = command.words[0]
    return not name.exact or (name.text in {"w", "command"} and agree(command, made))
