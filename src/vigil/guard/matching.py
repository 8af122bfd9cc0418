"""One command against the rules: what it does, and what it runs.

A condition of a rule holds, does not hold, or only a run could tell. What may be worse than what
is certain makes a command unknown: nothing is guessed to be harmless.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from posixpath import dirname

from vigil.domain.effects import EffectKind
from vigil.guard import places
from vigil.guard.arguments import Arguments, fits_word, tell_apart
from vigil.guard.findings import Finding, Mark, named
from vigil.guard.fitting import Fit, escapes, fit
from vigil.guard.inner import code_of, commands_of
from vigil.guard.program import UNRESOLVED, Command, Nested, Word
from vigil.guard.resources import resource_of
from vigil.guard.rule import Rule
from vigil.guard.targets import elsewhere
from vigil.guard.tools import Tool, Tools

_NO_WORDS = (Word(text=""),)
_LOSING = frozenset({EffectKind.DISRUPTIVE, EffectKind.DESTRUCTIVE})
_HELP = ("--help", "--version")
_STANDARD = re.compile(
    r"/(?:usr/(?:local/)?)?s?bin|/usr/libexec(?:/.*)?|/opt/.+|/usr/lib/.+|/snap/bin"
)
_STEERS = re.compile(
    r"(?:LD|DYLD)_\w+|PATH|BASH_ENV|BASH_FUNC_.*|PROMPT_COMMAND|SHELLOPTS|BASHOPTS|GCONV_PATH"
    r"|PYTHON(?:PATH|STARTUP|HOME|INSPECT|WARNINGS)|PERL5(?:OPT|LIB|DB)|RUBY(?:OPT|LIB)"
    r"|NODE_(?:OPTIONS|PATH)|_?JAVA_(?:TOOL_)?OPTIONS|LESS(?:OPEN|CLOSE)|BROWSER"
    r"|(?:GIT_|MAN|SYSTEMD_)?PAGER|(?:GIT_|KUBE_|GIT_SEQUENCE_|SUDO_)?EDITOR|VISUAL"
    r"|GIT_(?:SSH|SSH_COMMAND|EXTERNAL_DIFF|PROXY_COMMAND|EXEC_PATH|CONFIG\w*|TEMPLATE_DIR)"
    r"|(?:GIT|SUDO|SSH)_ASKPASS|KUBECTL_EXTERNAL_DIFF|HELM_PLUGINS|TF_CLI_(?:ARGS\w*|CONFIG_FILE)"
    r"|ANSIBLE_(?:CONFIG|LIBRARY|\w*(?:PATH|PLUGINS))|PSQLRC|PSQL_(?:EDITOR|PAGER)|AWS_CONFIG_FILE"
    r"|TAR_OPTIONS|RSYNC_(?:RSH|CONNECT_PROG)|(?:CVS|SVN)_\w*SSH|HOME|XDG_CONFIG_HOME|WGETRC|CURL_HOME"
    r"|FZF_\w+|RIPGREP_CONFIG_PATH|ACKRC|AWK(?:LIB)?PATH|MANOPT"
    r"|GOFLAGS|RUSTC(?:_WRAPPER)?|(?:NPM_CONFIG|npm_config)_\w+|OPENSSL_(?:CONF|ENGINES|MODULES)"
)
"""Variables that make a program run other code than its words say."""
_RUNS_NOTHING = frozenset({"", "cat", "less", "more", "true", ":", "/bin/cat", "/bin/true"})


@dataclass(frozen=True, slots=True)
class Judged:
    """What a command does by itself, and what else has to be judged."""

    findings: tuple[Finding, ...]
    commands: tuple[Command, ...] = ()
    code: tuple[Nested, ...] = ()


def judge_command(command: Command, tools: Tools) -> Judged:
    """What one command does; its redirections are judged where it stands, not here."""
    steered = tuple(_steered(command))
    if not command.words:
        return Judged(steered)
    name = command.words[0]
    if not name.exact:
        return Judged((*steered, _unknown(command, "guard.name", "only a run tells its name")))
    if "/" in name.text and _STANDARD.fullmatch(dirname(places.plain(name.text))) is None:
        reason = f"'{name.text}' is not where programs of the system are"
        return Judged((*steered, _unknown(command, "guard.path", reason)))
    short = name.text.rpartition("/")[2]
    tool = tools.named(short)
    if len(command.words) == len(_HELP) and command.words[1].text in _HELP:
        return Judged(
            (*steered, _finding(command, EffectKind.READ, "guard.help", "says how it is used"))
        )
    if tool is None:
        reason = f"no rule file knows '{short}'; docs/how-to/add-a-tool.md says how to write one"
        return Judged((*steered, _unknown(command, "guard.no-tool", reason)))
    judged = _judge(command, tool)
    return Judged((*steered, *judged.findings), judged.commands, judged.code)


def _judge(command: Command, tool: Tool) -> Judged:
    arguments = tell_apart(tool, command.words[1:])
    if _asks_for_help(tool, arguments):
        return Judged((_finding(command, EffectKind.READ, "guard.help", "says how it is used"),))
    fits = [(rule, fit(rule, arguments, command)) for rule in tool.rules_for(arguments.operands)]
    sure = [rule for rule, how in fits if how is Fit.YES]
    findings = [f for rule in sure for f in _found(command, tool, rule, arguments)]
    if not sure:
        findings.append(
            _finding(command, tool.default, f"{tool.tool}.default", _default_reason(tool))
        )
    findings += _doubts(command, tool, arguments, fits, findings)
    findings += elsewhere(command, tool, arguments)
    if tool.files:
        findings += _sensitive(command, arguments, below=any(rule.below for rule in sure))
    return Judged(
        tuple(findings),
        tuple(inner for rule in sure for inner in commands_of(rule, command, arguments)),
        tuple(code for rule in sure for code in code_of(rule, command, arguments)),
    )


def _default_reason(tool: Tool) -> str:
    known = "anything it is told" if tool.default is not EffectKind.UNKNOWN else "no rule for this"
    return f"{tool.about}: {known}"


def _doubts(
    command: Command,
    tool: Tool,
    arguments: Arguments,
    fits: Sequence[tuple[Rule, Fit]],
    findings: Sequence[Finding],
) -> Iterator[Finding]:
    """What keeps the certain findings from being all there is to say."""
    worst = max(finding.kind.rank for finding in findings)
    perhaps = [rule for rule, how in fits if how is Fit.MAYBE]
    worse = max(perhaps, key=lambda rule: rule.effect.rank, default=None)
    if worse is not None and worse.effect.rank > worst:
        reason = f"only a run tells whether it {worse.reason}"
        yield _unknown(command, f"{tool.tool}.{worse.id}?", reason)
    elif tool.default.rank > worst and any(
        escapes(rule, perhaps, arguments) for rule, how in fits if how is Fit.YES
    ):
        reason = "only a run tells its options, and not every one is known to be this harmless"
        yield _unknown(command, f"{tool.tool}.default?", reason)
    if arguments.astray is not None:
        reason = f"the option '{arguments.astray}' is not known, so neither is the verb"
        yield _unknown(command, "guard.option", reason)
    elif tool.options.closed and arguments.unlisted:
        reason = f"the option '{arguments.unlisted[0][0]}' of {tool.tool} is not known"
        yield _unknown(command, "guard.option", reason)


def _asks_for_help(tool: Tool, arguments: Arguments) -> bool:
    asked = any(option.name in _HELP and option.value is None for option in arguments.options)
    return (
        asked
        and len(arguments.options) == 1
        and not arguments.vague
        and not arguments.rest
        and all(word.exact for word in arguments.verb)
        and (not arguments.verb or any(_knows(rule, arguments) for rule in tool.rules))
    )


def _knows(rule: Rule, arguments: Arguments) -> bool:
    """Whether the verb is one of this rule's, or the beginning of one."""
    return any(all(map(fits_word, verb, arguments.verb)) for verb in rule.verbs)


def _found(command: Command, tool: Tool, rule: Rule, arguments: Arguments) -> Iterator[Finding]:
    each = arguments.rest if "{operand}" in rule.resource else []
    marks = rule.marks
    if rule.effect is not EffectKind.READ and _names(places.persists, arguments):
        marks |= {Mark.PERSISTS}
    if rule.effect is not EffectKind.READ and _names(places.says_who_may, arguments):
        marks |= {Mark.ESCALATES}
    if rule.effect in _LOSING and _names(places.tells_who, arguments):
        marks |= {Mark.TURNS_OFF_PROTECTION}
    for operand in each or _NO_WORDS:
        resource = resource_of(rule.resource, arguments, operand)
        yield Finding(
            kind=_kind(rule.effect, resource),
            resource=resource,
            rule=f"{tool.tool}.{rule.id}",
            reason=rule.reason,
            span=command.span,
            marks=marks,
        )


def _kind(effect: EffectKind, resource: str) -> EffectKind:
    """To write over what lets people in, or starts by itself, is not taken back by an undo."""
    kind, _, path = resource.partition(":")
    lasts = kind == "file" and effect is EffectKind.REVERSIBLE and places.persists(path)
    return EffectKind.DISRUPTIVE if lasts else effect


def _names(kind: Callable[[str], bool], arguments: Arguments) -> bool:
    """Whether a word names a place of this kind."""
    values = (option.value for option in arguments.options if option.value is not None)
    return any(
        kind(name)
        for word in (*arguments.rest, *values)
        if "/" in word.text or word.text[:1] == "."
        for name in (word.text, word.text.partition("=")[2])
        if len(name) <= places.LONGEST
    )


def _sensitive(command: Command, arguments: Arguments, *, below: bool) -> Iterator[Finding]:
    """Words that name a file of secrets, whatever the tool does with it; with ``below``, also those
    that name a folder of them.
    """
    values = (option.value for option in arguments.options if option.value is not None)
    for word in (*arguments.operands, *values):
        # What is not known may be any part of a path.
        text = (word.unsplit or word.text).replace(UNRESOLVED, "*")
        path = next((name for name in _named_by(text) if _secret(name, below=below)), None)
        if path is not None:
            yield Finding(
                kind=EffectKind.READ,
                resource=named(f"file:{path}"),
                rule="guard.sensitive",
                reason="names a file of secrets, or about people",
                span=command.span,
                marks=frozenset({Mark.READS_SENSITIVE}),
            )
            return


def _named_by(text: str) -> Iterator[str]:
    """What a word may name a file by, each way once: most words know but one."""
    if text:
        yield text
    if text[:1] in {"@", "<"} and (rest := text.lstrip("@<")):
        yield rest
    for sign in ("=", ":"):
        if rest := text.partition(sign)[2]:
            yield rest


def _secret(name: str, *, below: bool) -> bool:
    return places.sensitive(name) or (below and places.holds_secrets(name))


def _steered(command: Command) -> Iterator[Finding]:
    for name, value in command.environment:
        harmless = _only_standard(value) if name == "PATH" else value.text in _RUNS_NOTHING
        if _STEERS.fullmatch(name) is not None and not harmless:
            yield _unknown(
                command, "guard.environment", f"{name} makes programs run other code than they say"
            )


def _only_standard(path: Word) -> bool:
    return all(_STANDARD.fullmatch(folder) for folder in path.text.split(":"))


def _unknown(command: Command, rule: str, reason: str) -> Finding:
    return _finding(command, EffectKind.UNKNOWN, rule, reason)


def _finding(command: Command, kind: EffectKind, rule: str, reason: str) -> Finding:
    return Finding(
        kind=kind,
        resource="-" if kind is EffectKind.READ else "?",
        rule=rule,
        reason=reason[:500],
        span=command.span,
    )
