"""Numbers that say who somebody is or what somebody owns, by their checksums and their groups."""

import ipaddress
import re

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from vigil.domain.redacted import Kind
from vigil.integrations.redaction.finding.forms import Form

_CARD = re.compile(
    r"""(?x)
    4\d{12}(?:\d{3}|\d{6})?                                            # Visa
    | (?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}  # Mastercard
    | 3[47]\d{13}                                                      # American Express
    | 3(?:0[0-5]|[689]\d)\d{11}                                        # Diners
    | 6(?:011|4[4-9]\d|5\d{2})\d{12}(?:\d{3})?                         # Discover
    | (?:35(?:2[89]|[3-8]\d)\d{12}(?:\d{3})?|(?:2131|1800)\d{11})      # JCB
    | 62\d{14,17}                                                      # UnionPay
    | (?:50[0-9]{2}|5[6-9]\d{2}|6304|6390|67\d{2})\d{8,15}             # Maestro
    | 220[0-4]\d{12,15} | 9792\d{12} | (?:60|81|82|508)\d{13,14}       # Mir, Troy, RuPay
    """
)
_SEPARATED = r"[ \u00a0.-]{1,2}"


def _is_card(match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match[0])
    separators = set(re.findall(r"\D+", match[0]))
    return len(separators) <= 1 and _CARD.fullmatch(digits) is not None and luhn.is_valid(digits)


def _is_iban(match: re.Match[str]) -> bool:
    # By the checksum alone: how long one is differs by country, and countries are added.
    bare = re.sub(r"[ -]", "", match[0]).upper()
    return bool(mod_97_10.is_valid(bare[4:] + bare[:4]))


def _is_ip(match: re.Match[str]) -> bool:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return False
    # These say nothing of anybody, and tell much of a bad setting.
    return not (address.is_loopback or address.is_unspecified or match[0].startswith("255."))


FORMS = (
    Form(
        Kind.CARD,
        r"(?:^|[^\w.+-])[2-69]\d{11,18}(?:[^\w]|$)|1800\d{11}"
        r"|\d{4}[ .\xc2-]{1,2}\xa0?\d{4}[ .\xc2-]{1,2}\xa0?\d{4}"
        r"|\d{4}[ .-]\d{6}[ .-]\d{4}",
        re.compile(
            r"(?<![\w.+-])(?<!\d[ -])\d{4,6}(?:[ \u00a0.-]{0,2}\d{2,7}){1,4}(?![\w]|[.-]\d)"
        ),
        _is_card,
    ),
    Form(
        Kind.IBAN,
        r"\b[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}[ -]?[A-Za-z0-9]{4}[ -]?[A-Za-z0-9]{3}",
        re.compile(
            r"(?<![A-Za-z0-9])(?:[A-Z]{2}\d{2}[A-Z0-9]{11,30}|[a-z]{2}\d{2}[a-z0-9]{11,30}"
            # In groups; a word behind it is none of them.
            r"|[A-Z]{2}\d{2}[ -][A-Z0-9]{4}(?:[ -](?=[A-Z]{0,3}\d)[A-Z0-9]{4}){1,6}"
            r"(?:[ -]\d[A-Z0-9]{0,3})?)(?![A-Za-z0-9])"
        ),
        _is_iban,
    ),
    # With groups of letters in it; a word behind it spoils the checksum, so it is the second try.
    Form(
        Kind.IBAN,
        r"\b[A-Z]{2}\d{2}[ -][A-Z0-9]{4}[ -][A-Z0-9]{4}[ -]",
        re.compile(
            r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?P<by>[ -])(?:[A-Z0-9]{4}(?P=by)){2,7}[A-Z0-9]{1,4}"
            r"(?![A-Za-z0-9])"
        ),
        _is_iban,
    ),
)

IP_FORMS = (
    Form(
        Kind.IP,
        r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",
        re.compile(
            r"(?<![\w.-])(?<!version )(?<!release )(?:\d{1,3}\.){3}\d{1,3}(?![\w]|[.-]\w)", re.ASCII
        ),
        _is_ip,
    ),
    Form(
        Kind.IP,
        r"[0-9a-fA-F:]:[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]",
        re.compile(
            r"(?<![\w:.-])(?:"
            r"(?:[0-9a-fA-F]{1,4}:|::)(?:[0-9a-fA-F]{0,4}:){1,7}"
            r"(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{1,4}|(?<=::))"
            r"|::(?:ffff:)?(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{1,4})"
            r")(?!\w|:[\w:])",
            re.ASCII,
        ),
        _is_ip,
    ),
)
