"""What credentials look like, as data: tokens by their form, passwords by what is around them.

Every pattern begins with a fixed word or is bounded, so that none is slow on any text.
"""

import re
from typing import NamedTuple


class Form(NamedTuple):
    """One kind of credential. Where its pattern has a ``value``, that may only stand in for one."""

    kind: str
    hints: tuple[str, ...]
    """A text with none of them has no such credential."""
    pattern: re.Pattern[str]

    @property
    def any_case(self) -> bool:
        """Whether capitals and small letters are the same in it; its hints are in small ones."""
        return bool(self.pattern.flags & re.IGNORECASE)


def _form(kind: str, hints: str, pattern: str) -> Form:
    return Form(kind, tuple(hints.split(" ")), re.compile(pattern))


_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

BY_FORM = (
    _form(
        "private key", "PRIVATE", r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
    ),
    _form(
        "AWS access key",
        "A3T AKIA ASIA AROA AIDA AGPA ANPA ANVA AIPA ABIA ACCA",
        r"\b(?:A3T[A-Z0-9]|A(?:KIA|SIA|ROA|IDA|GPA|NPA|NVA|IPA|BIA|CCA))[A-Z0-9]{16}\b",
    ),
    _form(
        "GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"\bgh[pousr]_\w{30,255}|\bgithub_pat_\w{22,255}",
    ),
    _form(
        "GitLab token",
        "gl",
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|ffct|imt|agent|oas|soat|wt)-[\w.-]{20,255}",
    ),
    _form(
        "Slack token", "xox xapp-", r"\bxox[a-z](?:\.xox[a-z])?-[\w-]{8,512}|\bxapp-\d-[\w-]{8,512}"
    ),
    _form(
        "webhook address",
        "hooks.slack.com discord webhook.office",
        r"(?i)hooks\.slack\.com/(?:services|workflows|triggers)/[\w/]{20,200}"
        r"|discord(?:app)?\.com/api/webhooks/\d{5,30}/[\w-]{30,200}"
        r"|webhook\.office\.com/webhookb2/[\w@/-]{30,300}",
    ),
    _form("Stripe key", "_live_ _test_ whsec_", r"\b(?:[spr]k_(?:live|test)|whsec)_\w{10,255}"),
    _form(
        "model provider's key",
        "sk- hf_ gsk_",
        r"\bsk-[\w-]{20,512}|\b(?:hf|gsk)_[A-Za-z0-9]{30,255}",
    ),
    _form(
        "Google key",
        "AIza ya29. GOCSPX-",
        r"\bAIza[\w-]{35}|\bya29\.[\w-]{20,512}|\bGOCSPX-[\w-]{28}",
    ),
    _form(
        "package registry token",
        "npm_ pypi- rubygems_ dckr_ NuGet oy2",
        r"\bnpm_[A-Za-z0-9]{36}|\bpypi-[\w-]{50,512}|\brubygems_[0-9a-f]{48}|\bdckr_pat_[\w-]{27}"
        r"|\boy2[a-z0-9]{43}\b",
    ),
    _form(
        "mail service key",
        "SG. key- -us SK AC sib-",
        r"\bSG\.[\w-]{16,64}\.[\w-]{16,64}|\bkey-[0-9a-f]{32}\b|\b[0-9a-f]{32}-us\d{1,2}\b"
        r"|\b(?:SK|AC)[0-9a-f]{32}\b|\bx(?:key|smtp)sib-[0-9a-f]{64}",
    ),
    _form(
        "vendor's token",
        "dop_ doo_ dor_ dapi shp hv atlas PMAK lin_ nfp_ sntrys_ glsa_ NRAK dp. pul- sl. figd_"
        " tskey ops_",
        r"\bdo[por]_v1_[0-9a-f]{64}|\bdapi[0-9a-fA-F]{32}|\bshp[a-z]{2}_[0-9a-fA-F]{32}"
        r"|\bhv[sbr]\.[\w-]{20,512}|\b\w{14}\.atlasv1\.[\w-]{60,90}|\bPMAK-[0-9a-f-]{50,70}"
        r"|\blin_(?:api_\w{40}|oauth_[0-9a-f]{64})|\bnfp_\w{36}|\bsntrys_[\w=+/-]{40,400}|\bglsa_\w{32}_[0-9a-fA-F]{8}"
        r"|\bNRAK-[A-Z0-9]{27}|\bdp\.(?:pt|st|ct|sa)\.[\w.]{40,100}|\bpul-[0-9a-f]{40}"
        r"|\bsl\.(?:u\.)?[\w-]{100,2048}|\bfigd_[\w-]{40}|tskey-[a-z]{1,16}-[\w-]{8,80}|\bops_eyJ[\w-]{20,4096}",
    ),
    _form(
        "model service's key",
        "pplx- xai- r8_ lsv2_ pcsk_ csk- tvly- jina_ fw_ nvapi-",
        r"\b(?:pplx|xai|csk|tvly|nvapi)-[\w-]{20,200}|\b(?:r8|pcsk|jina|fw)_[\w-]{20,200}"
        r"|\blsv2_[a-z]{2}_[0-9a-f]{32}_[0-9a-f]{10}",
    ),
    _form(
        "platform's token",
        "fo1_ fm1 fm2 rnd_ sbp_ sb_secret_ pscale_ napi_ HRKU- CCIPAT_ CCIPRJ_ bkua_ ATATT3 ATCTT3"
        " ATBB sqp_ squ_ sqa_ pnu_ pnb_ LTAI AKID sha256~ AKCp cmVmd GR1348941 glc_ NRII- sntryu_"
        " dckr_oat_ CLOJARS_ dt0",
        r"\bfo1_[\w-]{43}|\bfm[12][ar]?_[\w+/=,-]{60,4096}|\brnd_\w{28,64}|\bsbp_[0-9a-f]{40}"
        r"|\bsb_secret_[\w-]{20,80}|\bpscale_[a-z]{2,8}_[\w.=-]{32,80}|\bnapi_\w{40,80}"
        r"|\bHRKU-[\w-]{36,80}|\bCCI(?:PAT|PRJ)_[\w-]{20,100}|\bbkua_[0-9a-z]{40}"
        r"|\bAT(?:ATT|CTT)3[\w=-]{40,400}|\bATBB\w{28,40}|\bsq[pua]_[0-9a-f]{40}"
        r"|\bpn[ub]_\w{36}"
        r"|\bLTAI\w{16,24}|\bAKID\w{13,40}|\bsha256~[\w-]{43}|\bAKCp\w{30,100}|\bcmVmd\w{30,100}"
        r"|\bGR1348941[\w-]{20}|\bglc_[\w+/=]{32,400}|\bNRII-[\w-]{32}|\bsntryu_[0-9a-f]{64}"
        r"|\bdckr_oat_[\w-]{27,64}|\bCLOJARS_[a-z0-9]{60}|\bdt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}",
    ),
    _form(
        "service's token",
        "secret_ ntn_ pat CFPAT- sgp_ tfp_ EZAK EZTK EAAA sq0 access- duffel_ shippo_ rdme_ fio-u-"
        " FLWSECK p8e- PMAT- vcp_ vci_ vca_ vcr_ vck_ sk.eyJ pk.eyJ hooks.zapier.com 1//0 Q~ bot",
        r"\bsecret_[A-Za-z0-9]{43}|\bntn_\w{40,60}|\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}"
        r"|\bCFPAT-[\w-]{43}|\bsgp_[\w-]{40,140}|\btfp_[\w.-]{40,80}|\bEZ[AT]K\w{54}"
        r"|\bEAAA[\w-]{56,80}|\bsq0[a-z]{3}-[\w-]{22,60}|\baccess-(?:sandbox|production)-[0-9a-f-]{36}"
        r"|\bduffel_(?:test|live)_[\w-]{40,60}|\bshippo_(?:live|test)_[0-9a-f]{40}|\brdme_\w{60,80}"
        r"|\bfio-u-[\w-]{60,70}|\bFLWSECK(?:_TEST)?-[\w-]{12,60}|\bp8e-[a-z0-9]{32}|\bPMAT-[A-Z0-9]{26}"
        r"|\bvc[piark]_[A-Za-z0-9]{24,80}|\b[sp]k\.eyJ[\w-]{20,200}\.[\w-]{20,60}"
        r"|hooks\.zapier\.com/hooks/catch/\d{4,12}/\w{4,20}|\b1//0[\w-]{40,200}"
        r"|(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,34}",
    ),
    _form(
        "platform's key",
        "cfut_ cfat_ cfk_ v1.0- access_token$ rzp_ NRJS- NRAL ik_ sdk- xaat- mws. pat-na pat-eu A3-"
        " pk_ ATTA 1000. maker.ifttt jsn key_ sk_ e2b_ fc- scp- rpa_ WPL_AP sm_ PLAK zpka_ t1.",
        r"\bcf(?:ut|at|k)_[\w-]{40,64}|\bv1\.0-[0-9a-f]{24}-[0-9a-f]{146}"
        r"|\baccess_token\$(?:production|sandbox)\$\w{16}\$[0-9a-f]{32}|\brzp_(?:live|test)_\w{14,40}"
        r"|\bNRJS-[0-9a-f]{19}\b|\b[0-9a-f]{36}NRAL\b|\bhc[a-z]ik_[a-z0-9]{50,70}"
        rf"|\b(?:sdk|xaat|pat-(?:na|eu)\d)-{_UUID}|\bamzn\.mws\.{_UUID}"
        r"|\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}\b"
        r"|\bpk_\d{6,12}_[A-Z0-9]{32}\b|\bATTA\w{60,80}|\b1000\.[0-9a-f]{32}\.[0-9a-f]{32}"
        r"|maker\.ifttt\.com/[\w/.-]{1,100}/key/[\w-]{16,60}"
        r"|\b[0-9a-f]{10}msh[0-9a-f]{15}p1[0-9a-f]{6}jsn[0-9a-f]{12}|\bkey_[0-9a-f]{64}\b"
        r"|\bsk_[0-9a-f]{48}\b|\be2b_[0-9a-f]{40}\b|\bfc-[0-9a-f]{32}\b|\bscp-(?:live|test)-[0-9a-f]{32}"
        r"|\brpa_\w{40,60}|\bWPL_AP\d\.\w{16}\.\w{8}|\bsm_[a-z]at_\w{16}|\bPLAK[0-9a-f]{32}"
        r"|\bzpka_[0-9a-z]{32}_[0-9a-z]{8}|\bt1\.[\w-]{100,600}={0,2}\.[\w-]{86}",
    ),
    _form(
        "bot token",
        ":AA MT Nz OD ND",
        r"\b\d{8,10}:AA[\w-]{33}(?![\w-])|\b[MNO][A-Za-z][\w-]{21,27}\.[\w-]{6}\.[\w-]{27,45}(?![\w-])",
    ),
    _form("web token", "eyJ", r"\beyJ[\w-]{8,4096}\.eyJ?[\w-]{2,4096}(?:\.[\w-]{0,4096})?"),
    _form(
        "storage key",
        "Key=",
        r"\b(?:Account|SharedAccess|SharedSecret)Key=[A-Za-z0-9+/]{32,120}={0,2}",
    ),
    _form(
        "signed address",
        "sig= Signature=",
        r"[?&;](?:sig|X-Amz-Signature|Signature)=[\w%+/=-]{32,200}",
    ),
    _form("age key", "AGE-SECRET", r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}"),
)

# What a secret is called, at the end of a name: DB_PASSWORD, --auth-token, datasource.password; not
# password_file, tokenizer.
_NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|requirepass|masterauth|authkey"
    r"|(?:api|access|private|signing|encryption|master|account|auth|service|storage|webhook)[_-]?key"
)
_LITERAL = r"""(?P<value>"[^"\n]{1,512}"|'[^'\n]{1,512}'|[^\s"'`;&|<>(){}\[\],]{1,512})"""
_NAMED = rf"""(?ix)(?:{_NAMES})
        (?:["']?\]?\s{{0,4}}(?::=|=>|=|:)\s{{0,4}}|["']\s{{0,2}},\s{{0,2}}(?=["']))
        (?:[rbuf]{{1,2}}(?=["']))?{_LITERAL}"""
_OPTION = (
    rf"""(?ix)(?<![\w-])--?(?:[a-z0-9]{{1,30}}[_-]){{0,4}}(?:{_NAMES})[ \t]{{1,8}}(?!-){_LITERAL}"""
)
_HEADER = r"""(?ix)
        (?:authorization["']?\s{0,4}[:=,]\s{0,4}["']?(?:(?:basic|bearer|token|digest)\s{1,4})?
        |(?:api-?key|auth|token|secret)["']?\s{0,2}:\s{0,4})(?P<value>[^\s"',;]{1,512})"""
_ADDRESS = r"""://[^\s/@:"']{0,128}:(?P<value>[^\s/@"']{1,128})@"""
_SQL = r"""(?ix)(?:identified\s{1,4}(?:with\s{1,4}\S{1,60}\s{1,4})?(?:by|as)|password)\s{1,4}
        (?P<value>'[^'\n]{1,512}')"""
_SECRETIVE = "pass pwd secret token cred key"
_BY_NAME = (
    _form("a password or key by its name", _SECRETIVE, _NAMED),
    _form("a password or key as an option", _SECRETIVE, _OPTION),
    _form("a credential in a header", "auth key token secret", _HEADER),
    _form("a password in an address", "://", _ADDRESS),
    _form("a password in SQL", "identified password", _SQL),
)
FORMS = (*BY_FORM, *_BY_NAME)

LOGIN = re.compile(
    rf"""(?x)
      (?P<end>[\n|;&])
    | \b(?P<web>curl|wget|https?)\b | \b(?P<sql>(?:mysql|maria)[\w-]{{0,12}})\b
    | \b(?P<ssh>sshpass)\b | \b(?P<cache>(?:redis|valkey)-cli)\b | \b(?P<folk>ldap\w{{1,12}})\b
    | \b(?P<share>smbclient|rpcclient)\b
    | (?<=\s)(?:
          (?P<colon>(?:-u|--user|--proxy-user|-a)[\s=]{{0,4}}["']?[^\s:"'/]{{1,128}}:)
        | (?P<percent>-U\s{{0,4}}["']?[^\s%"']{{1,128}}%)
        | (?P<joined>-p)(?!\s) | (?P<apart>-p\s) | (?P<a>-a\s) | (?P<w>-w\s?)
      ){_LITERAL}"""
)
"""Programs, what ends a command, and options that are a login after some of the programs."""
LOGIN_OPTIONS = {
    "web": ("colon",),
    "sql": ("joined",),
    "ssh": ("joined", "apart"),
    "cache": ("a", "colon"),
    "folk": ("w",),
    "share": ("percent",),
}
LOGIN_HINTS = ("curl", "wget", "http", "mysql", "maria", "sshpass", "-cli", "ldap", "client")

# A stand-in for a secret, not one: what a person would replace before running it, or what a run
# replaces by itself.
STAND_IN = re.compile(
    r"""(?x)
    .{0,3} | (?:[*x.•_-]|\W)+ | (?i:null|none|true|false|yes|auto|str|bytes|default|changeit)
    | (?i:(?:(?:your|my|the|some|a|new|old|current|db|user|root|admin|example|dummy|fake|pass(?:word
      |wd|phrase)?|pwd|secret|token|api|access|auth|private|key|value|here|name|id|client|generic
      |credentials?|string|text|literal|tls|opaque|basic|bearer)[\W_]{0,3})+)\d?
    | [A-Za-z]+(?:_[a-z]+)+ | [A-Z]+(?:_[A-Z]+)*
    | <.* | \[.* | \{.* | %[({a-z].* | @.* | .*\{\{.* | .*\ufffc.* | \S*\*{3}\S*
    | (?:\./|~?/|\.\./|path/to|[a-z]{2,10}:).* | (?:os|self|config|args|settings|env)\..*
    | [A-Za-z_][A-Za-z0-9_.]*\(.*
    """
)
VARIABLE = re.compile(r"\$[A-Za-z_{(\d@*]|`")
