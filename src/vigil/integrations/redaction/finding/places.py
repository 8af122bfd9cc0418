"""Addresses: by the words for streets in many languages, by boxes and codes, and how they go on."""

import re
from collections.abc import Iterator

from vigil.domain.redacted import Found, Kind
from vigil.integrations.redaction.finding.forms import Form
from vigil.integrations.redaction.finding.lexicon import one_of

_AFTER = one_of("places", "after")
_BEFORE = one_of("places", "before")
_NUMBERED = one_of("places", "numbered")
_JOINED = one_of("places", "joined")
_TELLING = one_of("places", "telling")
_APART = one_of("places", "apart")
_STATES = one_of("places", "states")
_BOXES = one_of("places", "boxes")
_CONTEXT = one_of("places", "context")

_FREE = r"(?<![\w.:/-])"
"""Not within a path, a host or a time."""
_NUMBER = r"\d{1,5}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
_CAP = r"[^\W\d_a-z][\w.'\u2019-]{0,30}"
_ANY = r"[^\W_][\w.'\u2019-]{0,30}"
_IN = r"[ \t]{1,3}"
_CODE = r"(?:\d{5,6}|\d{3} \d{2}|\d{2}-\d{3}|\d{4}-\d{3}|\d{4} [A-Z]{2})"
"""Of the post, where a number of four digits alone would be any number."""
_OF = r"(?:(?:de|la|le|les|des|du|del|della|di|da|do|dos|das|el|los|las|d'|l')[ ]?){0,3}"


def _form(hint: str, pattern: str, words: str = "") -> Form:
    return Form(Kind.ADDRESS, hint, re.compile(pattern), words=words)


FORMS = (
    # 12 Long Acre Road, 2914 184th Street
    _form(
        rf"\d,?[ \t][^\n,;]{{1,80}}[ \t](?i:{_AFTER})\b",
        rf"{_FREE}(?:{_NUMBER},?{_IN}){{1,2}}(?:{_ANY}{_IN}){{0,4}}{_CAP}{_IN}(?i:{_AFTER})\b\.?"
        rf"(?:{_IN}\d{{1,5}}\b)?",
        rf"(?i)[ \t](?:{_AFTER})\b",
    ),
    # Long Acre Road, Istiklal Caddesi No:12
    _form(
        rf" (?:{_TELLING})\b",
        rf"{_FREE}(?:{_CAP} ){{1,3}}(?:{_TELLING})\b(?: (?:No[:.] ?)?\d{{1,5}}\b)?",
    ),
    # Karl Johans gate 22
    _form(
        rf" (?:{_APART}) \d",
        rf"{_FREE}(?:{_CAP} ){{1,3}}(?:{_APART}) \d{{1,4}}[A-Za-z]?\b",
    ),
    # Damrak 70, 1012 LM Amsterdam
    _form(
        rf"\d[A-Za-z]?, {_CODE} [A-Z\x80-\xff]",
        rf"{_FREE}(?:{_CAP} ){{1,3}}\d{{1,4}}[A-Za-z]?, {_CODE} [^\W\d_a-z][^\W\d_A-Z]{{2,30}}",
        r", \d[\d-]{3}",
    ),
    # 1-1-2 Otemachi, Chiyoda-ku
    _form(
        r"-(?:ku|shi|cho|machi|gun)\b",
        rf"{_FREE}(?:\d{{1,3}}(?:-\d{{1,3}}){{1,2}},? )?(?:{_CAP},? ){{0,2}}"
        r"[A-Z][a-z]{2,20}-(?:ku|shi|cho|machi|gun)\b",
    ),
    # Rue de la Sarthe 421, 12 Via Nizza 3
    _form(
        rf"(?:^|[^\w.:/-])(?i:{_BEFORE})\.?[ \t]{{1,3}}(?:[a-z']{{1,5}}[ ]?){{0,3}}"
        r"[A-Z\x80-\xff][^\n\d]{0,80}\d",
        rf"{_FREE}(?:{_NUMBER},?{_IN})?(?i:{_BEFORE})\.?{_IN}{_OF}"
        rf"{_CAP}(?:{_IN}(?:de|la|du|del|da|do|e|y|i)?[ ]?{_CAP}){{0,4}}"
        rf"[, ]{{1,3}}(?:(?:д|буд|nº|n|no|№)\.?[ ]?)?\d{{1,5}}\b",
        # Not \b: to RE2 a letter that is not of ASCII is no letter.
        rf"(?i)(?:^|[^\w.:/-])(?:{_BEFORE})\.?[ \t]",
    ),
    # 12 Via Nizza
    _form(
        rf"\d,?[ \t](?i:{_NUMBERED})\W",
        rf"{_FREE}(?:{_NUMBER},?{_IN}){{1,2}}(?i:{_NUMBERED}){_IN}(?:{_ANY}{_IN}){{0,3}}{_CAP}",
    ),
    # Hauptstraße 5, 12 Kerkstraat 7
    _form(
        rf"[A-Z\x80-\xff][^\s]{{1,30}}(?i:{_JOINED})\.?[ \t]{{1,3}}\d",
        rf"{_FREE}(?:{_NUMBER}{_IN})?(?:{_CAP}{_IN}){{0,2}}"
        rf"[^\W\d_a-z][\w'-]{{1,30}}(?:{_JOINED})\.?{_IN}{_NUMBER}\b",
        rf"(?i)(?:{_JOINED})\.?[ \t]{{1,3}}\d",
    ),
    # 38 Tacuarembo 6626, with more behind it
    _form(
        r"\d{1,4}[ \t][A-Z\x80-\xff][^\n]{0,120}[ \t]\d{1,5}\.?(?:\s{1,6}(?:Apt|Suite)|\s*\n|,)",
        rf"(?<![\w.:/,-])\d{{1,4}}{_IN}{_CAP}"
        rf"(?:{_IN}(?:de|la|da|do|van|der|den|del)?[ ]?{_ANY}){{0,3}}"
        rf"{_IN}\d{{1,5}}\.?(?=\s{{1,6}}(?:Apt|Suite)|\s*\n|,)",
        r"\d[ \t]{1,3}[A-Z\x80-\xff][a-z\x80-\xff'.]",
    ),
    # Apt. 12, Suite 511, P.O. Box 12
    _form(
        r"(?i)\b(?:apt|apartment|suite|flat|box|postfach|apartado|postale)\.?[ ]{1,2}#?\d",
        rf"(?i){_FREE}(?:{_BOXES})[ ]{{1,2}}#?\d{{1,5}}[a-z]?\b",
    ),
    # APO AE 09499
    _form(
        r"(?i)[afd]po a[aep] ",
        r"(?i)(?<!\w)(?:us[a-z]{2,3} [^\W\d_]+\n)?[afd]po[ ,]{1,2}a[aep] {1,2}\d{5}(?:-\d{4})?\b",
    ),
    # Springfield, IL 62704
    _form(
        r"[A-Z]{2} {1,2}\d{5}",
        rf"{_FREE}(?:[^\W\d_a-z][\w.'-]{{1,30}}(?: [^\W\d_a-z][\w.'-]{{1,30}}){{0,2}}, ?)?"
        rf"(?:{_STATES}) {{1,2}}\d{{5}}(?:-\d{{4}})?(?![\w])",
    ),
    # SW1A 1AA, K1A 0B1
    _form(
        r"[A-Z]{1,2}\d[A-Z0-9]? \d[A-Z]{2}",
        rf"{_FREE}[A-PR-UWYZ][A-HK-Y]?\d[A-HJKPSTUW0-9]? \d[ABD-HJLNP-UW-Z]{{2}}(?![\w])",
    ),
    _form(r"[A-Z]\d[A-Z] \d[A-Z]\d", rf"{_FREE}[ABCEGHJ-NPRSTVXY]\d[A-Z] \d[A-Z]\d(?![\w])"),
    # zip code is 62704
    _form(
        r"(?i)(?:zip|postal|post) ?_?code|(?i)\bzip\b|(?i)plz",
        r"""(?ix)(?<![a-z])(?:zip|postal|post|plz)[ _-]?(?:code)?["']?
        (?:\s(?:is|was|to))?\s{0,2}[:=]?\s{0,3}["']?
        (?P<value>[a-z]{0,2}\d[a-z\d]{2,5}(?:[ -][a-z\d]{2,4})?)(?![\w.])""",
    ),
    # lives at 21 Tylova 42
    _form(
        rf"(?i)(?:{_CONTEXT})\W{{1,8}}(?-i:\d{{1,5}}[A-Za-z]?[ \t]"
        r"|[A-Z\x80-\xff][^\s]{0,30}[ \t][^\n]{0,60}\d)",
        rf"(?i)(?:{_CONTEXT})[\s:\"']{{1,8}}(?-i:(?P<value>"
        rf"(?:\d{{1,5}}[A-Za-z]?{_IN}){{1,2}}{_ANY}(?:{_IN}{_ANY}){{0,4}}"
        rf"|{_CAP}(?:{_IN}{_ANY}){{0,3}}{_IN}\d{{1,5}}\b))",
        rf"(?i)(?:{_CONTEXT})[\s:\"']+(?-i:[A-Z\x80-\xff]|\d)",
    ),
    # 中山路12号, 3丁目4番5号, 테헤란로 152
    _form(
        r"[\x80-\xff]",
        r"[\u4e00-\u9fff]{2,12}(?:路|街|巷|大道)[\w -]{0,8}(?:号|號|座|栋|室)"
        r"|\d{1,3}丁目\d{1,3}番(?:地|\d{1,3}号)?"
        r"|[\uac00-\ud7af]{2,8}(?:로|길) ?\d{1,4}(?:-\d{1,3})?",
    ),
    # the corner of Hochstrasse and Main
    _form(
        r"(?i)the corner of ",
        rf"(?i:the corner of){_IN}(?:{_ANY}{_IN}){{1,5}}and{_IN}{_ANY}(?:{_IN}{_CAP}){{0,3}}"
        rf"(?:{_IN}\d{{1,5}}\b)?",
    ),
)

_LEAD = re.compile(r"(?<![\w.:/-])\d{1,5}[ \n>?]{1,6}$")
_NEXT = re.compile(
    rf"""(?x)/\d{{1,4}}[a-zA-Z]?(?![\w/.:]) | (?:[ ]?,[ ]?|[ ]?\n[ \t>?,\n]{{0,8}}|[ ])
    (?:
      (?:{_CAP}|of|the|and|de|la)(?:[ ](?:{_CAP}|of|the|and|de|la|nad|le|les|am)){{0,5}}
        (?:,?[ ]\d{{4,6}}\b)?
      | (?:\d{{4,6}}(?:-\d{{3,4}})?|\d{{3}}[ ]\d\d|\d\d-\d{{3}}|\d{{4}}[ ][A-Z]{{2}})\b
      | (?:кв|стр|корп|оф)\.[ ]?\d{{1,5}} | (?:apt\.?|suite)[ ]\d{{1,5}}
    )(?![\w:=@/]|[.]\w)"""
)
_MOST_PARTS = 5


def grown(text: str, found: Found) -> Found:
    """An address with the number before it and the places that go on behind it."""
    start, end, kind = found
    lead = _LEAD.search(text, max(start - 12, 0), start)
    for _ in range(_MOST_PARTS):
        more = _NEXT.match(text, end)
        if more is None:
            break
        end = more.end()
    return Found(lead.start() if lead else start, end, kind)


def with_surroundings(text: str, found: Iterator[Found]) -> Iterator[Found]:
    """Each address grown; anything else as it is."""
    for one in found:
        yield grown(text, one) if one.kind is Kind.ADDRESS else one
