"""The commands that change the shell itself: variables, functions, where it goes on."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell import declaring, taking
from vigil.guard.shell.branches import Status
from vigil.guard.shell.call import Call
from vigil.guard.shell.expansion.splitting import Field
from vigil.guard.shell.whole import whole

if TYPE_CHECKING:
    from vigil.guard.shell.simple import Shell


# Where the script goes on ---------------------------------------------------------------------


def _exit(shell: "Shell", call: Call) -> Status:
    call.note()
    shell.state.dead = True
    return None


def _return(shell: "Shell", call: Call) -> Status:
    call.note()
    shell.jump("return")
    return None


def _break(shell: "Shell", call: Call) -> Status:
    call.note()
    levels = call.texts[0] if call.texts else "1"
    shell.jump(
        "break" if call.name == "break" else "continue",
        whole(levels) if levels.isdecimal() else 1,
    )
    return True


def _exec(shell: "Shell", call: Call) -> Status:
    call.note()
    if call.words:
        shell.write(UNRESOLVED)
        shell.state.dead = True
    return True


# Code -----------------------------------------------------------------------------------------


def _eval(shell: "Shell", call: Call) -> Status:
    words = call.words[1:] if call.texts[:1] == ("--",) else call.words
    text = " ".join(word.text for word in words)
    if UNRESOLVED not in text and not any(word.loose for word in words):
        return shell.text(text, call.span.start, call.span.end)
    call.note()
    shell.doubt(call.span.start, call.span.end, "eval of text that only a run could tell")
    shell.text(text, call.span.start, call.span.end)
    shell.write(UNRESOLVED)
    shell.state.forget()
    return None


def _source(shell: "Shell", call: Call) -> Status:
    path = call.words[0] if call.words else Field(UNRESOLVED)
    text = shell.state.file(path.text)
    if path.text == "/dev/stdin" and shell.stdin is not None:
        text, shell.stdin.text = shell.stdin.text, ""
    if text == UNRESOLVED:
        call.note()
        shell.write(UNRESOLVED)
        shell.state.forget()
        return None
    with shell.landing("return"):
        shell.text(text, call.span.start, call.span.end)
    if UNRESOLVED in text:
        call.note()
        shell.doubt(
            call.span.start, call.span.end, "a file is read whose text only a run could tell"
        )
        shell.state.forget()
    return None


def _trap(shell: "Shell", call: Call) -> Status:
    call.note()
    operands = call.operands()
    if operands is None:
        shell.doubt(call.span.start, call.span.end, "a trap that only a run could tell")
    elif len(operands) > 1 and operands[0] not in {"", "-"}:
        shell.traps.append((operands[0], call.span.start, call.span.end))
    return True


def _shopt(shell: "Shell", call: Call) -> Status:
    call.note()
    if any(word.text in {"lastpipe", UNRESOLVED} or word.loose for word in call.words):
        shell.last_stays = True
    if any(word.text in _UNUSUAL or not word.exact for word in call.words):
        shell.hidden("a mode of bash that is not followed, and")
    return None


def _alias(shell: "Shell", call: Call) -> Status:
    call.note()
    for text in call.texts:
        name, equals, value = text.partition("=")
        if equals:
            shell.state.aliases[name] = value
    return True


# The rest -------------------------------------------------------------------------------------


def _cd(shell: "Shell", call: Call) -> Status:
    call.note()
    state = shell.state
    state.files = {path: text for path, text in state.files.items() if path.startswith("/")}
    operands = call.operands()
    to = operands[0] if operands and call.name != "popd" else "~"
    before = state.directory or UNRESOLVED
    if call.name == "popd" or to == "-" or operands is None:
        state.directory = UNRESOLVED
    else:
        state.directory = to if to[:1] in {"/", "~", UNRESOLVED} else f"{before}/{to}"
    # Whether one can go there is known for folders that every system has.
    return True if to in _FOLDERS else None


def _true(_: "Shell", call: Call) -> Status:
    call.note()
    return True


def _false(_: "Shell", call: Call) -> Status:
    call.note()
    return False


_UNUSUAL = frozenset({"failglob", "localvar_inherit", "localvar_unset", "nocasematch", "xpg_echo"})
"""Options of bash by which a script means something else than is said here."""
_FOLDERS = frozenset({"/", "/etc", "/home", "/root", "/tmp", "/usr", "/var", "/var/log", "~"})  # noqa: S108 - names in scripts

BUILTINS: "dict[str, Callable[[Shell, Call], Status]]" = {
    **dict.fromkeys((".", "source"), _source),
    **dict.fromkeys(("declare", "typeset", "local", "export", "readonly"), declaring.declare),
    **dict.fromkeys(("mapfile", "readarray"), taking.mapfile),
    **dict.fromkeys(("break", "continue"), _break),
    **dict.fromkeys(("exit", "logout"), _exit),
    **dict.fromkeys(("cd", "pushd", "popd"), _cd),
    **dict.fromkeys(("true", ":", "sleep"), _true),
    "alias": _alias,
    "eval": _eval,
    "exec": _exec,
    "false": _false,
    "getopts": declaring.getopts,
    "let": declaring.let,
    "printf": declaring.printf,
    "read": taking.read,
    "return": _return,
    "set": declaring.set_,
    "shift": declaring.shift,
    "shopt": _shopt,
    "trap": _trap,
    "unset": declaring.unset,
}
