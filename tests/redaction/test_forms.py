"""What is looked for, and what only looks like it: one row a form (below 5 s)."""

import random
import string

import pytest

from vigil.domain.redacted import SECRETS, Kind
from vigil.integrations.redaction.finding.finder import Finder

FIND = Finder()
DRAW = random.Random(7)  # noqa: S311 - the secrets of nobody
ANY = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
SMALL, LARGE = string.ascii_lowercase + string.digits, string.ascii_uppercase + string.digits


def drawn(many: int, of: str = ANY) -> str:
    return "".join(DRAW.choice(of) for _ in range(many))


# Drawn anew, so that no scanner of secrets takes this file for one that holds any.
TOKENS = {
    "AWS": f"AKIA{drawn(16, string.ascii_uppercase)}",
    "GitHub": f"ghp_{drawn(36)}",
    "GitHub, fine-grained": f"github_pat_{drawn(22)}_{drawn(59)}",
    "GitLab": f"glpat-{drawn(20)}",
    "Slack": f"xoxb-{drawn(12, '123')}-{drawn(24)}",
    "Stripe": f"sk_live_{drawn(24)}",
    "OpenAI": f"sk-proj-{drawn(48)}",
    "Anthropic": f"sk-ant-api03-{drawn(93)}AA",
    "Google": f"AIza{drawn(35)}",
    "npm": f"npm_{drawn(36)}",
    "PyPI": f"pypi-AgEIcHlwaS5vcmc{drawn(70)}",
    "SendGrid": f"SG.{drawn(22)}.{drawn(43)}",
    "Twilio": f"SK{drawn(32, HEX)}",
    "Databricks": f"dapi{drawn(32, HEX)}",
    "Vault": f"hvs.{drawn(90)}",
    "Hugging Face": f"hf_{drawn(34, string.ascii_letters)}",
    "Fly": f"fo1_{drawn(43)}",
    "Notion": f"ntn_{drawn(46)}",
    "Atlassian": f"ATATT3{drawn(180)}",
    "Azure": f"abc8Q~{drawn(34)}",
    "Telegram": f"123456789:AA{drawn(33)}",
    "Discord": f"MTA{drawn(21)}.{drawn(6)}.{drawn(38)}",
    "nobody's": drawn(40),
    "GitLab, of today": f"glpat-{drawn(27)}.01.{drawn(9, SMALL)}",
    "Linear": f"lin_oauth_{drawn(64, HEX)}",
    "Asana": f"1/{drawn(16, '123456789')}:{drawn(32, HEX)}",
    "Brevo": f"xsmtpsib-{drawn(64, HEX)}-{drawn(16)}",
    "1Password": f"A3-{drawn(6, LARGE)}-{drawn(11, LARGE)}-{drawn(5, LARGE)}-{drawn(5, LARGE)}-"
    f"{drawn(5, LARGE)}",
    "whoever's, live": f"acme_live_{drawn(28)}",
    "whoever's, in small letters": f"acme-pat-{drawn(32, SMALL)}",
    "nobody's, in small letters": drawn(52, SMALL),
    "nobody's, in capitals": drawn(52, LARGE),
    "a text in hexadecimal": f"password={drawn(12)}".encode().hex(),
}
AROUND = ("using %s now", "export X=%s\n", '{"k":"%s"}', "https://h.example/?k=%s&x=1", "'%s'")
NAMES = (
    "password",
    "DB_PASSWORD",
    "spring.datasource.password",
    "apiKey",
    "client_secret",
    "smtp_pwd",
)
VALUES = (
    "hunter2abc",
    "S3cr3t!Pa55",
    "ab(1{2[3|4#5",
    "a.b.c.d.e.7",
    "correcthorsebatterystaple",
    drawn(32, HEX),
)
TOLD = (
    "the %s is %s.",
    "%s -> %s",
    "| %s | %s |",
    "%s\t%s\t",
    'x.set_%s("%s")',
    "changed %s to %s",
)
SETTINGS = ("%s=%s", "%s: %s", '"%s": "%s"', "--%s %s", "<%s>%s</x>", "name: %s\n  value: %s")
SAID = (
    "Dear |Xanthe|, your order",
    "Best regards,\n|Xanthe Qorbin|\n",
    "Signed-off-by: |Xanthe Qorbin| <x@example.org>",
    "her maiden name is |Qorbin|",
    "and dr. |hurst| came",
    "by |natasha higuchi| today",
    "said |Jordan| then",
    "of |McKenzie| and",
    "with |Sigurdsson| today",
    "owner=|Anna Meier| team=core",
)
MALTA = "MT84 MALT 0110 0001 2345 MTLC AST0 01S"
PEOPLE = {
    Kind.EMAIL: ("o.müller+x@bücher.example", "a@b.co", "first.last@sub.example.museum"),
    Kind.PHONE: ("+49 (0)30 1234567", "(555) 010-9999", "020 7946 0958", "01 23 45 67 89"),
    Kind.IP: ("198.51.100.7", "2001:db8::8a2e:370:7334", "::ffff:198.51.100.7", "2001:db8::1"),
    Kind.CARD: ("4111111111111111", "5500-0000-0000-0004", "3782 822463 10005"),
    Kind.IBAN: ("GB82WEST12345698765432", "FR14 2004 1010 0505 0001 3M02 606", MALTA),
    Kind.GOVERNMENT_ID: (
        "219-09-9999",
        "AB123456C",
        "12345678Z",
        "RSSMRA85T10A562S",
        "529.982.247-25",
    ),
    Kind.NAME: ("Giovanni Esposito", "Anna-Lena Müller", "Иван Петров", "田中太郎", "Mary O'Brien"),
    Kind.ADDRESS: (
        "17 Kingston Road",
        "Hauptstraße 5",
        "12 rue de la Paix",
        "中山路12号",
        "SW1A 1AA",
        "Kungsgatan 12, 111 43 Stockholm",
        "Damrak 70, 1012 LM Amsterdam",
        "Istiklal Caddesi No:12",
        "Karl Johans gate 22",
        "1-1-2 Otemachi, Chiyoda-ku",
    ),
}
NOT_THEM = (
    "1.2.3 4.5.6.7.8 v10.20.30.40 version 1.2.3.4",
    "1234567890123456 4111111111111112 20261123221407123456",
    "user@localhost @decorator key@ a@b",
    "2026-11-23 22:14:07 23/11/2026 1763936047 00:11:22",
    "class Foo::Bar at com.example.shop.OrderService$Handler(OrderService.java:123)",
    "password: required, secret not found, token expired, api_key=null, passwordFile=/run/x",
    "token=Token{a64f992} lock=View@3fd2a1b tokens: 512 max_tokens=4096 secretName: shop-db",
    "May Sunday Will Grant Mark Page Server Jenkins Kafka Grafana Apache Tomcat",
    "Dear all, Hello World, Moldova, Improv, flight at gate 22, state=Jordan, version=Victor",
    "the token is expired, password is required, secret to be rotated, key is missing, salt | none",
    "image shop-api-3f2a9c0d4e5b6a7f8091a2b3c4d5e6f708192a3b cache_key_7d793037a0760186574b02",
    "/nix/store/0c0jbqq2lq1w5pwhcyjlrkx1k4xqy1q7-python3-3.11 from Kalatsova pin 12 pin: 7",
    "MediaPlayerService AppWindowToken getUserIdFromSession2 IPv6AddressHelper",
    "https://user.example.org/a/b?password=&token=${TOKEN} postgres://app:${PW}@db/shop",
)


def kinds(text: str) -> list[str]:
    return [f"{one.kind}: {text[one.start : one.end]}" for one in FIND(text)]


@pytest.mark.parametrize("whose", TOKENS)
def test_a_token_is_found_wherever_it_stands(whose: str) -> None:
    token = TOKENS[whose]
    for around in AROUND:
        text = around % token
        start = text.index(token)
        covered = [one for one in FIND(text) if one.kind in SECRETS]
        assert any(one.start <= start + 1 and one.end >= start + len(token) for one in covered), (
            kinds(text)
        )


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_setting_of_such_a_name_holds_is_found(name: str, setting: str) -> None:
    for value in VALUES:
        text = setting % (name, value)
        start = text.index(value)
        assert any(one.start <= start and one.end >= start + len(value) for one in FIND(text)), (
            kinds(text)
        )


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("name", [*NAMES, "hasło", "пароль", "mfa_code", "admin_pw"])
def test_and_what_is_told_of_it_in_a_sentence_or_a_table(name: str, told: str) -> None:
    text = told % (name, "hunter2abc7")
    start = text.index("hunter2")
    assert any(one.start <= start and one.end >= start + 11 for one in FIND(text)), kinds(text)


@pytest.mark.parametrize("text", SAID)
def test_what_is_told_by_what_stands_beside_it(text: str) -> None:
    before, value, after = text.split("|")
    (found,) = (one for one in FIND(before + value + after) if one.kind is Kind.NAME)
    assert (found.start, found.end) == (len(before), len(before + value))


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in PEOPLE.items() for value in values]
)
def test_what_says_who_somebody_is_is_found(kind: Kind, value: str) -> None:
    text = f"2026-11-23T22:14:07Z ERROR said {value}, then failed"
    assert kinds(text) == [f"{kind}: {value}"]


@pytest.mark.parametrize("text", NOT_THEM)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert kinds(text) == []


def test_addresses_of_machines_may_stay() -> None:
    assert Finder(ips=False)("from 198.51.100.7") == ()
