"""Numbers that states count people by: by checksum, by form, or by the words before them."""

import re
from collections.abc import Callable

from stdnum.br import cpf
from stdnum.cn import ric
from stdnum.dk import cpr
from stdnum.es import nie, nif
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.se import personnummer

from vigil.domain.redacted import Kind
from vigil.integrations.redaction.finding.forms import Form
from vigil.integrations.redaction.finding.lexicon import one_of

_WORDS = one_of("identities", "words")
_FEWEST_DIGITS = 5


def _checked(valid: Callable[[str], bool]) -> Callable[[re.Match[str]], bool]:
    return lambda match: bool(valid(match[0]))


def _form(
    hint: str, pattern: str, valid: Callable[[str], bool] | None = None, flags: int = 0
) -> Form:
    framed = re.compile(rf"(?<![\w.+/-])(?:{pattern})(?![\w]|[./-]\w)", flags | re.ASCII)
    return Form(Kind.GOVERNMENT_ID, hint, framed, _checked(valid) if valid else lambda _: True)


def _has_digits(match: re.Match[str]) -> bool:
    return sum(map(str.isdigit, match["value"])) >= _FEWEST_DIGITS


FORMS = (
    # United States: SSN, ITIN
    _form(
        r"\d{3}[ -]\d{2}[ -]\d{4}", r"(?!000|666)\d{3}(?P<by>[ -])(?!00)\d{2}(?P=by)(?!0000)\d{4}"
    ),
    # United Kingdom: national insurance
    _form(
        r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]",
        r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]",
    ),
    _form(r"\d{7,8}-?[A-Z]", r"\d{8}-?[A-Z]", nif.is_valid),
    _form(r"[XYZ]-?\d{7}", r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
    _form(
        r"(?i)[a-z]{6}\d\d[a-z]\d\d[a-z]",
        r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]",
        codicefiscale.is_valid,
        re.IGNORECASE,
    ),
    _form(r"\d{3}\.\d{3}\.\d{3}-\d\d", r"\d{3}\.\d{3}\.\d{3}-\d\d", cpf.is_valid),
    _form(r"[A-Z]{5}\d{4}[A-Z]", r"[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]"),
    _form(r"\d{4}[ -]\d{4}[ -]\d{4}", r"[2-9]\d{3}([ -])\d{4}\1\d{4}", aadhaar.is_valid),
    _form(r"[A-Z]{4}\d{6}[HM]", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", curp.is_valid),
    _form(r"\d{6}[-+]\d{4}", r"(?:19|20)?\d{6}[-+]\d{4}", personnummer.is_valid),
    _form(r"\d{6}[-+A]\d{3}[0-9A-Z]", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", hetu.is_valid),
    _form(r"\d{6}-\d{4}", r"\d{6}-\d{4}", cpr.is_valid),
    _form(r"\d{6}-\d{7}", r"\d{6}-[1-8]\d{6}", rrn.is_valid),
    _form(r"(?:^|[^\w.+/-])\d{17}[0-9X]\b", r"\d{17}[0-9X]", ric.is_valid),
    _form(
        r"(?:^|[^\w.+/-])[12] ?\d\d ?\d\d ?\d[0-9AB] ?\d{3} ?\d{3} ?\d\d\b",
        r"[12] ?\d\d ?\d\d ?\d[0-9AB] ?\d{3} ?\d{3} ?\d\d",
        nir.is_valid,
    ),
    _form(r"[STFGM]\d{7}[A-Z]", r"[STFGM]\d{7}[A-Z]"),
    # whatever stands behind a word for one
    Form(
        Kind.GOVERNMENT_ID,
        rf"(?i)(?:{_WORDS})\W[^\n]{{0,40}}\d",
        re.compile(
            rf"""(?ix)(?<![a-z])(?:{_WORDS})s?["']?
            (?:[ _](?:number|no\.?|nr\.?|id|num|is|card|was|of|\#))*\s{{0,2}}[:=\#]?\s{{0,3}}["']?
            (?P<value>[A-Z0-9](?:[ ./-]?[A-Z0-9]){{4,19}})(?![\w])"""
        ),
        _has_digits,
        words=rf"(?i)(?:^|[^a-z])(?:{_WORDS})",
        anchored=True,
    ),
)
