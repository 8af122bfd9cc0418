"""What kind of place a path names: a secret, a device, the system, scratch."""

import re
from fnmatch import fnmatchcase
from posixpath import normpath

from vigil.guard.program import UNRESOLVED

_SENSITIVE = re.compile(
    r"""(?x)
    /etc/(?:g?shadow|sudoers|master\.passwd|security/opasswd|krb5\.keytab)(?:[-.]?\w*|\.d(?:/.*)?)
    | /etc/(?:passwd|group)-?
    | /etc/(?:ssl/private|letsencrypt|wireguard|openvpn|ipsec\.d|kubernetes|pki/\w+/private)(?:/.*)?
    | /etc/ssh/ssh_host_.*key
    | /etc/(?:ppp/\w+-secrets|ipsec\.secrets|\.pwd\.lock|machine-id|rndc\.key|bind/rndc\.key)
    | /proc/(?:\w+|\*)/(?:environ|mem|maps|fd(?:/.*)?|auxv|cmdline|root(?:/.*)?|cwd(?:/.*)?)
    | /proc/(?:kcore|kmem|kallsyms) | /dev/(?:k?mem|port)
    | /(?:var/)?run/secrets(?:/.*)? | /var/lib/(?:kubelet|vault|etcd|docker)(?:/.*)?
    | /var/spool/(?:mail|cron)(?:/.*)? | /var/mail(?:/.*)?
    | /var/log/(?:auth\.log|secure|btmp|wtmp|lastlog|faillog|audit(?:/.*)?)(?:[.-].*)?
    | (?:.*/)?\.(?:ssh|aws|azure|gnupg|kube|docker|password-store|mozilla|thunderbird)(?:/.*)?
    | (?:.*/)?\.config/(?:gcloud|google-chrome|chromium|BraveSoftware|gh|hub|op|rclone|doctl)
        (?:/.*)?
    | (?:.*/)?\.(?:netrc|pgpass|my\.cnf|mylogin\.cnf|git-credentials|npmrc|pypirc|vault-token
        |dockercfg|htpasswd|boto|s3cfg|rediscli_auth|env|envrc|terraformrc|credentials|secrets?
        |tokens?)(?:\.[\w.-]*)?
    | (?:.*/)?\.\w*_?history | (?:.*/)?\.local/share/keyrings(?:/.*)?
    | (?:.*/)?(?:id_(?:rsa|dsa|ecdsa|ed25519)\w*|authorized_keys|known_hosts|kubeconfig|htpasswd)
    | (?:.*/)?(?:credentials?|secrets?|passwords?|passwd|shadow|wallet|vault[-_.]pass\w*)
        (?:\.(?:json|ya?ml|xml|ini|conf|cfg|csv|txt|env|toml|properties|db|sqlite\d?|dat|kdbx?|bak))?
    | (?:.*/)?[^/]*\.(?:pem|p12|pfx|jks|keystore|kdbx?|key|ppk|asc|gpg|ovpn|keytab|tfstate)
    | (?:.*/)?(?:Login\ Data|Cookies|cookies\.sqlite|key[34]\.db|logins\.json|ntuser\.dat|SAM
        |wp-config\.php)
    """
)
_GLOB = re.compile(r"[*?\[]")
_EXTENDED = re.compile(r"[@+?!*]\([^()]*\)")
LONGEST = 4096
"""Characters of a path; no system opens a longer one."""
LONGEST_PATTERN = 16_384
"""Characters of a pattern for paths; a longer one counts as one that means a secret."""
MAX_GLOB = 200
"""Characters of a pattern, of which stars are none; no secret has so long a name."""
_BRACKETS = re.compile(r"\[[^/]*\]")
_STARS = re.compile(r"\*{2,}")
_SOMEBODY = "somebody"
# What a pattern such as /etc/sh*w is tried on.
_SECRETS = (
    *("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/passwd", "/etc/ssh/ssh_host_rsa_key"),
    *("/etc/kubernetes/admin.conf", "/var/lib/kubelet/config.json"),
    *(
        f"{home}/{name}"
        for home in ("~", "/root", f"/home/{_SOMEBODY}")
        for name in (
            *(".ssh/id_rsa", ".ssh/id_ed25519", ".aws/credentials", ".kube/config", ".netrc"),
            *(".pgpass", ".bash_history", ".docker/config.json", ".env"),
        )
    ),
    *("/proc/1/environ", "/proc/self/environ", "/var/run/secrets/kubernetes.io"),
)
_LOGS = ("/var/log/auth.log", "/var/log/secure")
_DEVICE = re.compile(
    r"/dev/(?:[shv]d[a-z]\d*|xvd[a-z]\d*|nvme\d.*|mmcblk\d.*|dm-\d+|md\d.*|loop\d+|sr\d+|ram\d+|nbd\d+"
    r"|mapper/.*|disk/.*|vg.*|k?mem|port|input/.*|watchdog\d*|zd\d+|rbd.*|drbd.*"
    r"|(?:cciss|bus|cpu|block|char|raw)/.*)"
)
_HARMLESS_DEVICE = re.compile(r"/dev/(?:null|zero|full|u?random|tty|std(?:in|out|err)|fd/[0-9]+)")
_ENDLESS = frozenset({"/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
_DIALS_OUT = re.compile(r"/dev/(?:tcp|udp)/.*", re.DOTALL)
_SYSTEM = re.compile(
    r"/(?:bin|boot|dev|etc|lib(?:32|64|x32)?|proc|root|sbin|sys|usr|opt|run|srv|snap|var)?(?:/.*)?",
    re.DOTALL,
)
_ESSENTIAL = re.compile(
    r"/(?:bin|boot|etc|lib(?:32|64|x32)?|sbin|usr|proc|sys)(?:/.*)?|/var/lib(?:/.*)?|/", re.DOTALL
)
_SCRATCH = re.compile(r"(?:/tmp|/var/tmp|/dev/shm)/(?!\.{1,2}(?:/|$)).+", re.DOTALL)
_PERSISTS = re.compile(
    r"""(?x)
    /etc/(?:cron[^/]*|anacrontab|at\.(?:allow|deny)|systemd|init(?:\.d|tab)?|rc[^/]*|profile(?:\.d)?
        |environment|bash\.bashrc|bashrc|zsh[^/]*|xdg/autostart|ld\.so\.(?:preload|conf(?:\.d)?)|pam\.d|udev
        |modules(?:-load\.d)?|update-motd\.d|NetworkManager/dispatcher\.d|network/if-\w+\.d|apt/apt\.conf\.d
        |passwd|g?shadow|group|sudoers(?:\.d)?|ssh|hosts(?:\.(?:allow|deny))?|resolv\.conf|nsswitch\.conf)(?:/.*)?
    | /var/spool/(?:cron|at)(?:/.*)?
    | /(?:usr/)?lib/systemd(?:/.*)? | /usr/lib/(?:udev|tmpfiles\.d)(?:/.*)?
    | (?:.*/)?\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc
        |zshenv|zprofile|zlogin|kshrc|cshrc|tcshrc|login|vimrc|inputrc|xinitrc|xsession(?:rc)?|pam_environment
        |gitconfig|forward|rhosts)
    | (?:.*/)?\.ssh(?:/.*)? | (?:.*/)?\.config/(?:autostart|systemd|fish)(?:/.*)?
    | (?:.*/)?\.git/hooks(?:/.*)?
    """
)
_SAYS_WHO_MAY = re.compile(
    r"/etc/(?:sudoers|doas\.conf|g?shadow|passwd|group|pam\.d|polkit-1|security)(?:[-.]d)?(?:/.*)?"
)
_TELLS_WHO = re.compile(
    r"/var/log/(?:auth\.log|secure|btmp|wtmp|lastlog|faillog|tallylog|audit(?:/.*)?)|(?:/var)?/run/utmp"
    r"|(?:.*/)?\.\w*_?history"
)


_TELLS_WHO_ONE_IS = re.compile(
    r"(?i)(?:https?://)?(?:169\.254\.(?:169\.254|170\.2\d*)|\[fd00:ec2::254\]|100\.100\.100\.200"
    r"|metadata(?:\.google\.internal)?)(?::\d+)?/.*(?:credentials|token|identity|user-?data).*",
    re.DOTALL,
)
"""Addresses at which a cloud gives a machine its credentials."""
_HOLDS_SECRETS = re.compile(
    r"/|/etc|/root|/home(?:/[^/]+)?|~\w*|/proc(?:/\w+)?|/(?:var/)?run(?:/secrets)?|/var(?:/lib|/spool|/backups)?"
    r"|/Users(?:/[^/]+)?|/mnt(?:/[^/]+)?|/usr/local/etc"
)
"""Folders somewhere below which there are secrets on every machine."""
_NAMES_OF_SECRETS = (
    *("shadow", "sudoers", "environ", "id_rsa", "id_ed25519", "authorized_keys", "credentials"),
    *(".netrc", ".pgpass", ".my.cnf", ".bash_history", ".env", ".git-credentials", "secrets.yaml"),
    *("x.pem", "x.key", "x.kdbx", "x.p12", "x.tfstate"),
)
_DEEP = "**"


def plain(path: str) -> str:
    """A path without detours: ``/tmp/../etc//passwd`` is ``/etc/passwd``."""
    if path.startswith("file://"):
        path = path.removeprefix("file://")
    if not path or "://" in path:
        return path
    short = normpath(path)
    return short[1:] if short.startswith("//") else short


def sensitive(path: str) -> bool:
    """Whether what stands there is a secret, or about people; a pattern that may mean one is."""
    if _TELLS_WHO_ONE_IS.fullmatch(path):
        return True
    pattern = "(" in path or _GLOB.search(path) is not None
    if len(path) > (LONGEST_PATTERN if pattern else LONGEST):
        # A path that nothing opens, or a pattern that may mean any.
        return pattern
    short = _EXTENDED.sub("*", plain(path)) if "(" in path else plain(path)
    if _GLOB.search(short):
        return _may_mean_a_secret(short)
    return _SENSITIVE.fullmatch(short) is not None


def _may_mean_a_secret(pattern: str) -> bool:
    if _DEEP in pattern and _secret_below(pattern):
        return True
    # Without an option that few set, bash takes two stars for one.
    short = _STARS.sub("*", pattern)
    if len(short) > MAX_GLOB:
        short = _STARS.sub("*", _BRACKETS.sub("*", short))
    if _SENSITIVE.fullmatch(short):
        return True
    if len(short.replace("*", "")) > MAX_GLOB:
        return False
    parts = short.split("/")
    # Whoever looks through all logs means the others.
    if parts[-1][:1].isalpha() and any(_may_be(parts, log.split("/")) for log in _LOGS):
        return True
    return any(_may_be(parts, secret.split("/")) for secret in _SECRETS)


def _secret_below(pattern: str) -> bool:
    """``/etc/**``: something below a folder; ``/etc/**/*.env``: what has such a name there."""
    folder, _, rest = pattern.partition(_DEEP)
    if folder[:1] in {"/", "~"} and rest.strip("*/") == "":
        return holds_secrets(folder)
    name = rest.rpartition("/")[2]
    return bool(name) and any(fnmatchcase(secret, name) for secret in _NAMES_OF_SECRETS)


def holds_secrets(folder: str) -> bool:
    """Whether somewhere below this folder there are secrets, on every machine."""
    return _HOLDS_SECRETS.fullmatch(plain(folder)) is not None


def _may_be(pattern: list[str], path: list[str]) -> bool:
    """Whether a pattern means this path: no part of it reaches over a slash."""
    return len(pattern) == len(path) and all(map(fnmatchcase, path, pattern))


def device(path: str) -> bool:
    """Whether writing there overwrites a disk, or memory."""
    return _DEVICE.fullmatch(plain(path)) is not None


def harmless_device(path: str) -> bool:
    """Whether writing there reaches nothing but the output of the script."""
    return _HARMLESS_DEVICE.fullmatch(plain(path)) is not None


def endless(path: str) -> bool:
    """Whether reading it to the end never ends."""
    return plain(path) in _ENDLESS


def dials_out(path: str) -> bool:
    """Whether bash opens a connection instead of a file."""
    return _DIALS_OUT.fullmatch(path) is not None


def scratch(path: str) -> bool:
    """Whether a file there is nobody's: it is gone at the next start anyway."""
    return _SCRATCH.fullmatch(plain(path)) is not None and UNRESOLVED not in path


def system(path: str) -> bool:
    """Whether the machine itself stands there: not scratch, not a home, not a relative path."""
    short = plain(path)
    return short.startswith("/") and _SYSTEM.fullmatch(short) is not None and not scratch(short)


def essential(path: str) -> bool:
    """Whether the machine may not start, or not be safe, without what stands there."""
    return _ESSENTIAL.fullmatch(plain(path)) is not None


def says_who_may(path: str) -> bool:
    """Whether what is written there gives somebody rights."""
    return _SAYS_WHO_MAY.fullmatch(plain(path)) is not None


def tells_who(path: str) -> bool:
    """Whether it is a record of who did what: to lose it is to lose an audit."""
    return _TELLS_WHO.fullmatch(plain(path)) is not None


def persists(path: str) -> bool:
    """Whether what is written there runs, or lets somebody in, after the script is over."""
    return _PERSISTS.fullmatch(plain(path)) is not None
