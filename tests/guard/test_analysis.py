"""What the guard says of scripts, one mistake at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.domain.effects import Call, EffectKind
from vigil.guard import DEFAULT_RULES, analyse, analyse_action, surely_unknown

DIGEST = "sha256:" + "ab" * 32
SWITCH = f"vigil-do release.switch release {DIGEST}"
RESTART = "vigil-do process.restart restart web-1"
SESSION = "4711.1764023523000000"


@pytest.mark.parametrize("script", ["", "\n\n", "# only a comment; vigil-do a b\n\n"])
def test_a_script_without_a_command_is_no_remedy(script: str) -> None:
    found = analyse(script)
    assert found.kind is EffectKind.UNKNOWN
    assert [e.reason for e in found.effects] == ["no command in it; write what it should do"]


def test_a_sequence_gives_its_calls_in_order_and_its_worst_effect() -> None:
    found = analyse(f"#!/bin/bash\nset -eu\n{SWITCH}\n{RESTART} && echo 'done; really' # both\n")
    assert found.kind is EffectKind.DISRUPTIVE
    assert found.calls == (
        Call(verb="release.switch", grant="release", arguments=(DIGEST,)),
        Call(verb="process.restart", grant="restart", arguments=("web-1",)),
    )
    assert found.resources == {"release:release", "process:restart/web-1"}
    assert [(e.line, e.kind) for e in found.effects if e.kind is not EffectKind.READ] == [
        (3, EffectKind.REVERSIBLE),
        (4, EffectKind.DISRUPTIVE),
    ]


def test_ending_a_session_is_disruptive_and_touches_that_session_alone() -> None:
    found = analyse(f"vigil-do session.terminate sessions {SESSION}")
    assert found.kind is EffectKind.DISRUPTIVE
    assert found.calls == (Call(verb="session.terminate", grant="sessions", arguments=(SESSION,)),)
    assert found.resources == {f"session:sessions/{SESSION}"}


@pytest.mark.parametrize(
    "script",
    [
        SWITCH,
        f"vigil-do 'release.switch' \"release\" '{DIGEST}'",
        f"  {SWITCH} ; ",
        f"set -euo pipefail; {SWITCH}",
        f"set -e -u -o pipefail\n{SWITCH}",
        f"sleep 2.5 && {SWITCH}",
        f"printf '%s is 100%%\\n' 'the switch'\n{SWITCH}",
        f"{SWITCH};# done",
    ],
)
def test_ways_to_write_one_switch(script: str) -> None:
    found = analyse(script)
    assert found.kind is EffectKind.REVERSIBLE, found
    assert len(found.calls) == 1


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("rm -rf /", "'rm' is not known"),
        ("echo $HOME", "expansion"),
        ("echo ${HOME}", "expansion"),
        ("echo $(id)", "substitution"),
        ("echo `id`", "substitution"),
        ("echo $((1))", "arithmetic"),
        ("echo <(id)", "process substitution"),
        ("echo ~", "not plain"),
        ("echo *", "not plain"),
        ("echo {a,b}", "several parts"),
        ("echo 'a''b'", "several parts"),
        ("echo a\\\nb", "not plain"),
        ("echo 'a\nb'", "not plain"),
        ("echo $'a'", "string"),
        ('echo $"a"', "may not contain: $"),
        ('echo "a\\"b"', "not plain"),
        ("echo a | cat", "pipe"),
        ("echo a > /tmp/x", "redirection"),
        ("echo a >&2", "redirection"),
        ("cat <<E\nE\n", "redirection"),
        ("f() { true; }", "function"),
        ("alias echo=true", "not known"),
        ("eval true", "not known"),
        ("source /etc/profile", "not known"),
        (". /etc/profile", "not known"),
        ("exec true", "not known"),
        ("command true", "not known"),
        ("trap true EXIT", "not known"),
        ("exit 0", "not known"),
        ("true &", "background"),
        ("true || true", "hides a failure"),
        ("! true", "hides a failure"),
        ("(true)", "subshell"),
        ("{ true; }", "group"),
        ("[ a = a ]", "test"),
        ("[[ a = a ]]", "test"),
        ("if true; then true; fi", "condition"),
        ("case a in a) true;; esac", "case"),
        ("for i in 1 2; do true; done", "loop"),
        ("while true; do true; done", "loop"),
        ("PATH=/tmp", "assignment"),
        ("PATH=/tmp true", "assignment"),
        ("export PATH=/tmp", "declaration"),
        ("unset PATH", "unset"),
        ("echo 'a", "well-formed"),
        ("true )", "well-formed"),
        ("true ;; true", "may not contain"),
        ("true &&", "well-formed"),
        ("true &&\ntrue", "no command beside it"),
        ("echo a\rtrue", "'\\r'"),
        ("echo a\x00", "'\\x00'"),
        ("echo \u00e9", "'\\xe9'"),
        ("# \u202e", "'\\u202e'"),
        ("echo \udcff", "'\\udcff'"),
        ("set +e", "may only be used as"),
        ("set -n", "may only be used as"),
        ("set '-o errexit'", "may only be used as"),
        ("set -- a", "may only be used as"),
        ("set", "may only be used as"),
        ("sleep 11", "may only be used as"),
        ("sleep 1 1", "may only be used as"),
        ("sleep inf", "may only be used as"),
        ("printf -v PATH x", "may only be used as"),
        ("printf 'abc%n' PATH", "may only be used as"),
        ("printf '\\x25n' PATH", "may only be used as"),
        ("true 'x'", "may only be used as"),
        ("/usr/local/bin/vigil-do process.restart restart web-1", "use the word vigil-do"),
        ("./vigil-do process.restart restart web-1", "use the word vigil-do"),
        ("vigil-do", "VERB GRANT"),
        ("vigil-do disk.format disk", "verb 'disk.format' is not known"),
        ("vigil-do process.restart ../x web-1", "name of a grant"),
        ("vigil-do process.restart restart", "not the arguments of"),
        ("vigil-do process.restart restart web-1 web-2", "not the arguments of"),
        ("vigil-do process.restart restart --all", "not the arguments of"),
        ("vigil-do release.switch release latest", "not the arguments of"),
        (f"vigil-do release.switch release {DIGEST.upper()}", "not the arguments of"),
        (f"vigil-do release.switch release '{DIGEST} '", "not the arguments of"),
        ("vigil-do session.terminate sessions 4711", "not the arguments of"),
        (f"vigil-do session.terminate sessions 0{SESSION}", "not the arguments of"),
        (f"vigil-do session.terminate sessions 9999{SESSION}", "not the arguments of"),
        (f"vigil-do session.terminate sessions {SESSION} {SESSION}", "not the arguments of"),
        (f"vigil-do session.terminate sessions '{SESSION} OR true'", "not the arguments of"),
        ("vigil-do session.terminate sessions '*'", "not the arguments of"),
    ],
)
def test_what_cannot_be_judged_is_unknown_with_its_line_and_reason(mistake: str, said: str) -> None:
    found = analyse(f"echo start\n{mistake}")
    assert found.kind is EffectKind.UNKNOWN
    reasons = [e.reason for e in found.effects if e.kind is EffectKind.UNKNOWN]
    lines = [e.line for e in found.effects if e.kind is EffectKind.UNKNOWN]
    assert any(said in reason for reason in reasons), reasons
    assert min(lines) >= 2, found.effects


def test_a_script_has_bounds() -> None:
    rules = DEFAULT_RULES
    assert analyse("true #".ljust(rules.max_bytes, "#")).kind is EffectKind.READ
    assert analyse("#" * (rules.max_bytes + 1)).kind is EffectKind.UNKNOWN
    assert analyse("true\n" * rules.max_commands).kind is EffectKind.READ
    assert analyse("true\n" * (rules.max_commands + 1)).kind is EffectKind.UNKNOWN


def test_deep_nesting_ends() -> None:
    assert analyse(" && ".join(["true"] * 90)).kind is EffectKind.READ
    assert analyse("$(" * 8000).kind is EffectKind.UNKNOWN
    assert analyse("(" * 16000).kind is EffectKind.UNKNOWN


def test_rules_are_values() -> None:
    others = tuple(verb for verb in DEFAULT_RULES.verbs if verb.name != "release.switch")
    without = DEFAULT_RULES.model_copy(update={"verbs": others})
    assert analyse(SWITCH).kind is EffectKind.REVERSIBLE
    assert analyse(SWITCH, without).kind is EffectKind.UNKNOWN


def test_without_an_undo_that_can_be_read_a_change_is_disruptive() -> None:
    back = SWITCH.replace("ab" * 32, "cd" * 32)
    assert analyse_action(SWITCH, back).kind is EffectKind.REVERSIBLE
    for no_undo in ("true", SWITCH, "vigil-do process.start web web-1"):
        undone = analyse_action(SWITCH, no_undo)
        assert undone.kind is EffectKind.DISRUPTIVE
        assert undone.effects[0].reason.endswith("the undo lacks release.switch")
    assert analyse_action(SWITCH, None).kind is EffectKind.DISRUPTIVE
    assert analyse_action(SWITCH, "rm x").kind is EffectKind.DISRUPTIVE
    assert analyse_action("true", None).kind is EffectKind.READ
    assert analyse_action("rm x", SWITCH).kind is EffectKind.UNKNOWN


@given(st.text())
def test_never_raises(script: str) -> None:
    analyse(script)


@given(st.text(alphabet="ae'\"\\$`(){}[]<>|&;#!~*?=-\n\t %01", max_size=60))
def test_never_raises_on_shell_characters(script: str) -> None:
    analyse(script)


@given(
    st.lists(
        st.one_of(
            st.sampled_from((SWITCH, RESTART, "echo done", "ls", "a=b true", "sleep 1; true &&")),
            st.text("vigl-do 'echtrun#;&|$\n\t\u00e9", max_size=20),
        ),
        max_size=4,
    ).map("\n".join)
)
def test_the_first_look_never_rules_out_what_is_known(script: str) -> None:
    if surely_unknown(script):
        assert analyse(script).kind is EffectKind.UNKNOWN


@pytest.mark.parametrize("script", [SWITCH, f"set -eu\n{RESTART} && echo 'done; really' # both"])
def test_the_first_look_leaves_what_is_known(script: str) -> None:
    assert not surely_unknown(script)


@pytest.mark.parametrize("script", ["ls /srv", "echo $x", "echo \u00e9", "echo " + "x" * 17_000])
def test_the_first_look_is_enough_for_most(script: str) -> None:
    assert surely_unknown(script)
