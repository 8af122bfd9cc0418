"""Passwords, keys and tokens that have no form of their own, by what stands around them."""

import re
from base64 import b64decode
from binascii import Error

from vigil.domain.redacted import Kind
from vigil.integrations.redaction.finding.forms import Form
from vigil.integrations.redaction.finding.lexicon import one_of

_CERTAIN = one_of("passwords", "certain")
_KEYED = one_of("passwords", "likely")
_NAMES = rf"(?:(?P<sure>{_CERTAIN}|(?<![a-z])(?:pass|pw|salt)(?![a-z]))|(?P<keyed>{_KEYED}))"
_DOUBLE = r""""(?:[^"\\\n]|\\.){1,2048}\"|\\"[^"\\\n]{1,2048}\\\""""
_SINGLE = r"'(?:[^'\\\n]|\\.){1,2048}'|`[^`\n]{1,512}`"
_QUOTED = f"{_DOUBLE}|{_SINGLE}"
_BARE = r"""[^\s"'`,;&<>|(){}\[\]\\][^\s"'`,;&)}\]\\]{0,2048}"""
_LISTED = r"\n(?:[ \t]{1,20}[^\s:=#]{3,256}(?:\n|\Z)){1,20}"
_VALUE = rf"(?P<value>(?:{_QUOTED})(?:,[ ](?:{_QUOTED})){{0,20}}|{_BARE}|{_LISTED})"
_REST = r"[\w.-]{0,40}"
_CLOSE = r"""(?:\\?["'])?\]?"""

_ABOUT = re.compile(
    rf"(?i)[_.-]?(?:s?[_.-]?)(?:{one_of('passwords', 'about')})\b.*|(?:izer|less|ed)\b.*"
)
_SAYS_NOTHING = re.compile(
    rf"""(?ix)
    [*•.xX_-]{{2,}} | \*.* | .{{0,2}}                              # masked, or too short
    | \$\{{.* | \$\(.* | \$\w+$ | %\(?\w+\)?[sd%]? | <.* | \{{\{{?.*  # to be filled in
    | (?:{one_of("passwords", "nothing")})
    | (?:os|self|config|args|settings|env|process|request|secrets|vars|var|local|data)\.[\w.\[\]]+.*
    """
)
_OBJECT = re.compile(
    r"(?:[a-z][\w$]*\.){0,9}[A-Z][\w$]{1,100}(?:@[0-9a-f]{1,16}|[({\[].*)|0x[0-9a-f]{1,16}"
    r"|[A-Za-z][\w$]+(?:\.[A-Za-z][\w$]+){3,}"
)
"""``Token{...}``, ``View@3fd2a1b``: an object that is shown, an address, the name of a class."""
_SEVERAL = re.compile(r"""["'],[ ]["']""")
_OF_DIGITS = ("otp", "cvv", "cvc")
_FEWEST_KEYED = 6
_FEWEST_SAID = 8
_LONG = 16


def bare(value: str) -> str:
    """Without its quotes."""
    return value.strip("\\\"'`")


def says_nothing(value: str) -> bool:
    """Whether a value stands in for one, or says that there is none."""
    return _SAYS_NOTHING.fullmatch(value) is not None


def _is_value(match: re.Match[str]) -> bool:
    """A value, not a sentence about one, nor a setting of its length."""
    value = bare(match["value"])
    if says_nothing(value) or (match["rest"] and _ABOUT.fullmatch(match["rest"])):
        return False
    return bool(match["sure"]) or _is_likely(match, value)


def _is_likely(match: re.Match[str], value: str) -> bool:
    """Whether what stands behind a word that is also used in sentences is a value."""
    if _OBJECT.fullmatch(value):
        return False
    name = (match["keyed"] or "").lower()
    if value.isdigit() and not name.startswith(_OF_DIGITS) and "code" not in name:
        return len(value) >= _FEWEST_KEYED and not match["rest"].startswith("s")
    if match["value"][0] in "\"'`\\" or "\n" in match["between"]:
        several = _SEVERAL.search(value) is not None
        return len(value) >= _FEWEST_KEYED and (" " not in value or several)
    spoken = match["between"].endswith(" ") and "=" not in match["between"]
    return len(value) >= _LONG or (
        len(value) >= _FEWEST_KEYED and (not spoken or any(map(str.isdigit, value)))
    )


def _is_login(match: re.Match[str]) -> bool:
    """``user:password`` in base64."""
    try:
        decoded = b64decode(match["value"] + "==")
    except (Error, ValueError):
        return False
    return b":" in decoded and decoded.isascii()


def _is_plain(match: re.Match[str]) -> bool:
    return not says_nothing(bare(match["value"]))


def _is_told(match: re.Match[str]) -> bool:
    """No sentence, where what stands between is also used in sentences and tables."""
    value = bare(match["value"])
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    least = _FEWEST_KEYED if match["sure"] else _FEWEST_SAID
    return _is_value(match) and mixed and len(value) >= least


_HINT = rf"(?i)(?:{_CERTAIN}|pass|pw|salt|{_KEYED})"
_FIRST = (
    "(?i)pass|pwd|secret|token|credential|key|auth|bearer|hmac|otp|cv[vc]|security|string|kennwort"
    "|contrase|mot.de|senha|pw[^a-z]|salt|creds|phrase|mnemonic|has.{1,2}o|senord|wachtw|salasana|heslo"
    "|jelsz|parola|ifre|[_ -]codes?|ароль|密|パス|비밀"
)
"""What a text without has none of them."""

FORMS = (
    # password=x, "api_key": "x", DB_PASSWORD='x', --token x, <password>x, name: X_TOKEN value: x
    Form(
        Kind.PASSWORD,
        rf"{_HINT}[\w.-]{{0,40}}[\"'\\\]]{{0,3}}\s{{0,4}}(?::?=>?|:|,|->)",
        re.compile(
            rf"""(?ix){_NAMES}(?P<rest>{_REST}){_CLOSE}
            (?P<between>\s{{0,4}}(?:=>|:=|->|==?|:(?!:)|,(?=\s{{0,2}}["']))[ \t]{{0,8}}
              (?:!!\w{{1,10}}[ ]|\|-?\n[ ]{{1,20}}|>-?\n[ ]{{1,20}}|\n[ ]{{1,20}}[\w-]{{1,20}}:[ ]
              |[rbuf]{{1,2}}(?=["']))?){_VALUE}"""
        ),
        _is_value,
        words=_FIRST,
        anchored=True,
    ),
    Form(
        Kind.PASSWORD,
        rf"{_HINT}[\w.-]{{0,40}}[\"'\\]{{0,3}}[\s,]{{1,20}}[\"'\\]{{0,3}}value",
        re.compile(
            rf"""(?ix){_NAMES}(?P<rest>{_REST}){_CLOSE}
            (?P<between>[\s,]{{1,20}}(?:\\?["'])?value(?:\\?["'])?\s{{0,4}}[:=]\s{{0,4}}){_VALUE}"""
        ),
        _is_value,
        words=_FIRST,
        anchored=True,
    ),
    Form(
        Kind.PASSWORD,
        rf"{_HINT}[\w.-]{{0,40}}>",
        re.compile(
            rf"(?i){_NAMES}(?P<rest>{_REST})(?P<between>>\s{{0,4}})"
            r"(?P<value>[^<>\s][^<>]{0,512})</"
        ),
        _is_value,
        words=_FIRST,
        anchored=True,
    ),
    Form(
        Kind.PASSWORD,
        rf"--?[\w.-]{{0,40}}{_HINT}[\w-]{{0,20}}\s",
        re.compile(
            rf"(?i)(?<![\w-])--?(?:[a-z0-9]{{1,30}}[._-]){{0,4}}[a-z]{{0,12}}?{_NAMES}(?P<rest>{_REST})"
            rf"(?P<between>[ \t]{{1,8}})(?!-){_VALUE}"
        ),
        _is_value,
        words=_FIRST,
        anchored=True,
    ),
    Form(
        Kind.PASSWORD,
        r"(?i)(?:pass|pin)[a-z]{0,5}\s{1,4}(?:is|was|to|used was):?\s",
        re.compile(
            rf"(?i)\b(?P<sure>password|passwd|passcode|passphrase|pin)(?P<rest>)(?P<keyed>)"
            rf"(?P<between>\s{{1,4}}(?:is|was|to|used was):?\s{{1,4}}){_VALUE}"
        ),
        lambda match: _is_value(match) and not bare(match["value"]).isalpha(),
    ),
    # the api key is x; in a table; what a function is called with
    Form(
        Kind.PASSWORD,
        rf"{_HINT}[\w.-]{{0,40}}[\"'\\]{{0,3}}(?:\t|[ ]{{0,4}}\||\([\"']|[ ](?:is|was|to):?[ ])",
        re.compile(
            rf"(?i){_NAMES}(?P<rest>{_REST}){_CLOSE}"
            r"(?P<between>\t{1,4}|[ ]{0,4}\|[ ]{0,4}|\((?=[\"'])|[ ](?:is|was|to):?[ ]{1,2})"
            rf"{_VALUE}"
        ),
        _is_told,
        words=_FIRST,
        anchored=True,
    ),
    # a number to get in with
    Form(
        Kind.PASSWORD,
        r"(?i)pin(?:[_ -]?(?:code|number))?[\"']?\s{0,2}[:=]\s{0,2}[\"']?\d{4}",
        re.compile(
            r"(?i)(?<![a-z])pin(?:[_ -]?(?:code|number))?[\"']?\s{0,2}[:=]\s{0,2}[\"']?"
            r"(?P<value>\d{4,8})(?!\w)"
        ),
        anchored=True,
    ),
    # the words of a wallet
    Form(
        Kind.PASSWORD,
        r"(?i)(?:seed|recovery|mnemonic)[_ -]?(?:phrase|words)?[\"']?\s{0,3}[:=]",
        re.compile(
            r"(?i)(?:seed|recovery|mnemonic)[_ -]?(?:phrase|words)?[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
            r"(?P<value>[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23})\b"
        ),
        anchored=True,
    ),
    # "auth": "dTpw", as of a registry
    Form(
        Kind.PASSWORD,
        r"auth[\"']?\s{0,3}[:=]\s{0,3}[\"']?[A-Za-z0-9+/]{6}",
        re.compile(
            r"(?<![A-Za-z])_?auth[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<value>[A-Za-z0-9+/]{6,1024}={0,2})"
        ),
        _is_login,
        anchored=True,
    ),
    # an address with a key and no name in it
    Form(
        Kind.PASSWORD,
        r"://[0-9a-f]{32}",
        re.compile(r"://(?P<value>[0-9a-f]{32}(?::[0-9a-f]{32})?)@(?=\w)"),
        words="://",
        anchored=True,
    ),
    # https://user:password@host
    Form(
        Kind.PASSWORD,
        r"://[^\s/@:\"'<>]{0,128}:[^\s\"'<>]{1,256}@",
        re.compile(
            r"""://[^\s/@:"'<>]{0,128}:(?P<value>[^\s/"'<>]{1,256}|[^\s@"'<>]{1,256})@(?=[\w\[])"""
        ),
        _is_plain,
        words="://",
        anchored=True,
    ),
    # Authorization: Basic x
    Form(
        Kind.PASSWORD,
        "(?i)authorization",
        re.compile(
            r"""(?ix)authorization(?:\\?["'])?\s{0,4}[:=,]\s{0,4}(?:\\?["'])?
            (?:(?:basic|bearer|token|digest|apikey|negotiate|ntlm|hmac|signature|aws4-hmac-sha256)
              \s{1,4})?
            (?P<value>[^\s"',;\\]{4,8192})"""
        ),
        _is_plain,
    ),
    Form(
        Kind.PASSWORD,
        r"(?i)bearer\s",
        re.compile(r"(?i)\bbearer\s{1,4}(?P<value>(?=[\w.~+/=-]{0,64}\d)[\w.~+/=-]{8,8192})"),
    ),
    Form(
        Kind.PASSWORD,
        r"(?i)basic\s",
        re.compile(r"(?i)\bbasic\s{1,4}(?P<value>[A-Za-z0-9+/]{6,1024}={0,2})"),
        _is_login,
    ),
    Form(
        Kind.PASSWORD,
        r"(?i)identified\s{1,4}",
        re.compile(
            r"""(?ix)identified\s{1,4}(?:with\s{1,4}\S{1,60}\s{1,4})?(?:by|as)\s{1,4}
            (?P<value>'[^'\n]{1,512}'|"[^"\n]{1,512}")"""
        ),
        _is_plain,
    ),
    # curl -u user:password, mysql -ppassword, sshpass -p password, redis-cli -a password
    Form(
        Kind.PASSWORD,
        r"(?:-u|--user|--proxy-user)[\s=]{1,4}[\"']?[^\s:\"'/]{1,128}:",
        re.compile(
            r"""(?:\s|^)(?:-u|--user|--proxy-user)[\s=]{1,4}["']?[^\s:"'/]{1,128}:"""
            r"""(?P<value>[^\s"']{1,256})"""
        ),
        _is_plain,
    ),
    Form(
        Kind.PASSWORD,
        r"(?:mysql|mariadb|sshpass|redis-cli|valkey-cli|mongo|ldap)",
        re.compile(
            r"""\b(?:(?:mysql|mariadb)[\w-]{0,12}\s(?:[^\n|;&]{0,200}?\s)?-p|sshpass\s{1,4}-p\s{0,4}
            |(?:redis|valkey)-cli\s(?:[^\n|;&]{0,200}?\s)?-a\s{1,4}
            |mongo\w{0,8}\s(?:[^\n|;&]{0,200}?\s)?-p\s{1,4}
            |ldap\w{1,12}\s(?:[^\n|;&]{0,200}?\s)?-w\s{0,4}
            )(?P<value>[^\s"'-][^\s"']{2,256}|"[^"\n]{1,256}"|'[^'\n]{1,256}')""",
            re.VERBOSE,
        ),
        _is_plain,
    ),
)
