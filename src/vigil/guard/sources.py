"""What a command prints, as far as its words tell: nobody knows more of it without a run."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

from vigil.guard import places
from vigil.guard.program import UNRESOLVED, Command, Source

_TELLS_NOTHING = frozenset(
    {":", "[", "basename", "date", "dirname", "echo", "expr", "false", "mktemp", "printf", "seq"}
    | {"sleep", "test", "tr", "true", "yes"}
)
"""They print what stands in their words, or nothing of this machine."""
_COUNTS = frozenset({"expr", "nproc", "pgrep", "pidof", "seq"})
_COUNTING = {
    "date": re.compile(r"\+(?:%[sYmdHMSjuN])+"),
    "id": re.compile(r"-[ugG]"),
    "tr": re.compile(r"-(?:cd|dc)"),
    "stat": re.compile(r"(?:-c|--format=|--printf=)%[sXYZaiu]"),
    "wc": re.compile(r"-[lwcmL]+"),
}
"""These print a number where this is their only word that is no name of a file."""
_DIGITS = frozenset(
    {"0-9", "[:digit:]", "[0-9]*", "[0-9]+", r"[0-9]\+", "[[:digit:]]*", "[[:digit:]]+", r"\d+"}
)
_SEQUENCES = frozenset({"gseq", "seq"})
_INFINITE = re.compile(r"(?i)[-+]?inf(?:inity)?")
_GOES_ON = frozenset(
    {"awk", "base64", "bzip2", "cat", "gzip", "hexdump", "lz4", "nl", "od", "openssl", "pv", "rev"}
    | {"sed", "tee", "tr", "xxd", "xz", "zstd"}
)
"""Filters that print as long as there is something to read."""
_PASSES_ON = frozenset({"egrep", "fgrep", "grep", "head", "sort", "tac", "tail", "uniq"})
"""Filters that print some of the lines that they read, as they came."""
_PRINTS_MORE = frozenset({"-printf", "-exec", "-execdir", "-ls"})
_MOST_PATTERNS = 4
_LONGEST = 2_000
"""Characters that are looked through for the name of a machine; more may well hold one."""
_PUTS_TOGETHER = frozenset(
    {"awk", "docker", "echo", "find", "gawk", "jq", "kubectl", "mawk", "paste", "perl", "printf"}
    | {"python", "python3", "ruby", "sed"}
)
"""They can write the name of a machine around what they read, and so make an address of it."""
_MACHINE = re.compile(
    r"://|(?:[\"'}\\#/$|,;:@]|%\w|^)\.?[\w-]+\.(?!com\b$)[a-z]{2,}\b(?![\w(\[.]*\})"
)
"""An address, or the end of a name of a machine, in the words of one of them; fields of objects
(``{.status.phase}``) look like the latter, and are left out."""
_EXPRESSION = re.compile(r"[-!(),].*", re.DOTALL)


def source_of(command: Command) -> Source:
    """What is known of a command's output."""
    name = command.words[0].text.rpartition("/")[2] if command.words else ""
    return Source(
        name=name,
        tells=name not in _TELLS_NOTHING,
        counts=_counts(name, command),
        endless=_is_endless(name, command),
        files=_few(_files(name, command)),
        adds=name in _PUTS_TOGETHER
        and any(len(w.text) > _LONGEST or _MACHINE.search(w.text) for w in command.words[1:]),
    )


def _few(names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(islice(names, _MOST_PATTERNS + 1))
    return found if len(found) <= _MOST_PATTERNS else ()


def only_counts(sources: Sequence[Source]) -> bool:
    """Whether all that was printed is numbers."""
    return all(source.counts for source in sources if source.last)


def names_of_files(sources: Sequence[Source]) -> tuple[str, ...]:
    """Patterns of what was printed, if it is nothing but names of files."""
    last = [source for source in sources if source.last]
    if not last or not all(source.files for source in last):
        return ()
    names = tuple(dict.fromkeys(name for source in last for name in source.files))
    # To leave some of them out would make what is done to them look harmless.
    return names if len(names) <= _MOST_PATTERNS else ()


def found_by(words: Sequence[str]) -> tuple[str, ...]:
    """Patterns of what ``find`` finds: all below its folders, or what has one of the names."""
    ends = next((i for i, word in enumerate(words) if _EXPRESSION.match(word)), len(words))
    names = [
        name
        for option, name in pairwise(words)
        if option in {"-name", "-iname"} and UNRESOLVED not in name
    ]
    alone = len(names) == 1 and not {"-not", "!", "-o", "-or"} & set(words)
    below = [f"{folder.rstrip('/')}/**" for folder in words[:ends] or ["."]]
    return tuple(f"{one}/{names[0]}" if alone else one for one in below)


def reads_endless_file(command: Command) -> bool:
    """Whether it opens a file that has no end."""
    read = (r.target for r in command.redirections if not r.writes)
    return any(places.endless(word.text) for word in (*command.words[1:], *read))


def _counts(name: str, command: Command) -> bool:
    if name in _COUNTS:
        return True
    form = _COUNTING.get(name)
    options = [word.text for word in command.words[1:]]
    if name in {"egrep", "fgrep", "grep"}:
        return _finds_numbers(options)
    if name == "stat" and options[:1] == ["-c"]:
        options = ["".join(options[:2]), *options[2:]]
    if form is None or not any(form.fullmatch(text) for text in options):
        return False
    # wc prints the name of a file besides its count; tr keeps what it is told to.
    return len(options) == 1 if name == "wc" else name != "tr" or bool(_DIGITS & set(options))


def _finds_numbers(options: list[str]) -> bool:
    """``grep -c`` counts; with more than one file, their names stand in front."""
    words = [text for text in options if text[:1] != "-"]
    letters = "".join(text for text in options if text[:1] == "-" and text[:2] != "--")
    if "c" in letters or "--count" in options:
        return len(words) <= 2  # noqa: PLR2004 - pattern and file
    return "o" in letters and len(words) == 1 and bool(_DIGITS & set(words))


def _is_endless(name: str, command: Command) -> bool:
    if name == "yes" or (name in _SEQUENCES and _counts_on(command)):
        return True
    fed = bool(command.fed_by) and command.fed_by[-1].endless
    return name in _GOES_ON and (fed or reads_endless_file(command))


def _counts_on(command: Command) -> bool:
    """``seq inf``: a sequence without a last number."""
    return any(_INFINITE.fullmatch(word.text) for word in command.words[1:])


def _files(name: str, command: Command) -> Iterator[str]:
    """Patterns of the names of files that it prints, if it prints nothing else."""
    words = [word.text for word in command.words[1:]]
    if name == "find" and not _PRINTS_MORE & set(words):
        yield from found_by(words)
    elif name == "ls":
        operands = [text for text in words if text[:1] != "-"]
        as_given = any("*" in text or "?" in text for text in operands) or "-d" in words
        yield from operands if as_given else ("*",)
    elif name == "git" and words[:1] == ["ls-files"]:
        yield "**"
    elif name in _PASSES_ON and command.fed_by:
        yield from command.fed_by[-1].files
