"""Mistakes in the rules of policy.yaml: each with its line, and all at once (below 1 s)."""

import re
from pathlib import Path

import pytest

from vigil.domain.errors import SettingsError
from vigil.domain.policy import Policy
from vigil.settings import Settings, load_policy

ENDED = "{from: 2027-01-02, until: 2026-12-19, zone: UTC}"
ANYTHING = 'then: allow, because: "Anything."'


def load(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    return load_policy(Settings(vigil_policy=path))


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, text)
    return [re.sub(r"^.*/policy\.yaml:", "", each) for each in refused.value.mistakes]


def rules(*lines: str) -> str:
    return "rules:\n" + "".join(f"- {{{line}}}\n" for line in lines)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            'id: a, then: allow, because: "No.", when: {risk: {at_least: LOW}}',
            "'allow' may have 'at_most' here and not 'at_least'",
        ),
        (
            'id: a, then: ask, because: "No.", when: {resource_count: {at_most: 3}}',
            "'ask' may have 'at_least' here and not 'at_most'",
        ),
        (
            'id: a, then: deny, because: "No.", when: {confidence: {at_least: 95}}',
            "'deny' may have 'at_most' here and not 'at_least'",
        ),
        (
            'id: a, then: allow, because: "No.", when: {context_match: {at_most: 95}}',
            "'allow' may have 'at_least' here and not 'at_most'",
        ),
        (
            'id: a, then: deny, because: "No.", when: {risk: {at_least: LOW, at_most: HIGH}}',
            "give either 'at_least' or 'at_most'; write two rules for both",
        ),
        (
            'id: a, then: deny, because: "No.", when: {risk: {}}',
            "give either 'at_least' or 'at_most'",
        ),
        (
            'id: a, then: deny, because: "No.", when: {hours: [{zone: Mars/Olympus}]}',
            "'rules.2.when.hours.0.zone': no zone is called so; write one such as Europe/Berlin",
        ),
        (
            'id: a, then: deny, because: "No.", when: {hours: [{from: 22:00, zone: UTC}]}',
            "'rules.2.when.hours.0.from': YAML reads this as a number; put the time into quotes",
        ),
        (
            f"id: a, then: ask, because: No., when: {{dates: [{ENDED}]}}",
            "it ends before it has begun",
        ),
        (
            'id: a, then: ask, because: "No.", when: {verbs: [flag.set, process.retsart]}',
            "no verb fits 'process.retsart'; correct it, these are there: cache.delete, ",
        ),
        ('id: a, then: deny, because: "No.", when: {verbs: [Process.*]}', "no verb fits"),
        ('id: a, then: deny, because: "No.", most_per_hour: 3', "remove it here"),
        ('id: a, then: perhaps, because: "No."', "'allow', 'ask' or 'deny'"),
        ("id: a, then: deny", "'rules.2.because' is missing; add it"),
        ("id: a, then: deny, because: x", "'rules.2.because': write 3 to 300 characters on one"),
        (r'id: a, then: deny, because: "Two\nlines."', "write 3 to 300 characters on one line"),
        ('id: a, then: deny, because: "No.", wehn: {}', "'rules.2.wehn' is not known here"),
        ('id: a, then: deny, because: "No.", when: {services: []}', "at least 1 item"),
        ('id: one, then: deny, because: "No."', "'one' is the id of an earlier rule"),
    ],
)
def test_each_mistake_is_told_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    first = 'id: one, then: ask, because: "Sure.", when: {services: [db]}'
    second = 'id: two, then: ask, because: "Sure.", when: {services: [cache]}'
    (mistake,) = mistakes(tmp_path, rules(first, second, line))
    assert mistake.startswith("4: "), mistake
    assert says in mistake


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("then: allow", "then: ask"),
        ("then: deny", "then: allow"),
        ("then: deny, when: {services: [w*]}", "then: ask, when: {services: [web, worker]}"),
        ("then: ask, when: {teams: [pay]}", "then: allow, when: {teams: [pay]}"),
        (
            "then: deny, when: {risk: {at_least: MEDIUM}}",
            "then: ask, when: {risk: {at_least: HIGH}, services: [web]}",
        ),
        (
            "then: allow, when: {confidence: {at_least: 90}}",
            "then: allow, when: {confidence: {at_least: 95}}",
        ),
        (
            "then: allow, when: {verbs: [flag.set, queue.*], autonomy: [auto, approve]}",
            "then: allow, when: {verbs: [queue.*], autonomy: [auto]}",
        ),
        (
            "then: deny, when: {hours: [{zone: UTC}, {zone: UTC, days: [sat]}]}",
            "then: ask, when: {hours: [{zone: UTC}]}",
        ),
    ],
)
def test_a_rule_that_can_never_count_is_a_mistake(tmp_path: Path, earlier: str, later: str) -> None:
    text = rules(f'id: one, because: "One.", {earlier}', f'id: two, because: "Two.", {later}')
    (mistake,) = mistakes(tmp_path, text)
    assert mistake.startswith("3: rule 'two' is in vain: everything that it fits is "), mistake
    assert "by 'one' before; move it up" in mistake


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("then: ask", "then: deny"),
        # While the first one rests, the second one counts.
        ("then: allow", "then: deny"),
        ("then: allow, most_per_hour: 3", "then: allow, most_per_hour: 5"),
        ("then: ask", "then: ask"),
        ("then: allow, when: {services: [web]}", "then: ask"),
        ("then: allow, when: {services: ['w?b']}", "then: ask, when: {services: ['w*']}"),
        # An allow wants to know every resource, a deny is content with one of them.
        ("then: allow, when: {resources: [a]}", "then: deny, when: {resources: [a]}"),
        (
            "then: deny, when: {effects: {at_least: disruptive}}",
            "then: ask, when: {effects: {at_least: reversible}}",
        ),
        (
            "then: allow, when: {resource_count: {at_most: 1}}",
            "then: allow, when: {resource_count: {at_most: 2}}",
        ),
        ("then: deny, when: {autonomy: [auto]}", "then: ask, when: {environments: [lab]}"),
    ],
)
def test_rules_that_both_count_are_none(tmp_path: Path, earlier: str, later: str) -> None:
    text = rules(f'id: one, because: "One.", {earlier}', f'id: two, because: "Two.", {later}')
    assert len(load(tmp_path, text).rules or ()) == 2


def test_to_ask_for_some_and_deny_the_rest_takes_an_allow_that_ends_the_reading(
    tmp_path: Path,
) -> None:
    """It allows nothing by itself, and keeps the deny below from what is asked about."""
    some = "when: {services: [web]}"
    asked = f'id: asked, then: ask, because: "Look.", {some}'
    ends = f'id: ends, then: allow, because: "No more than that.", {some}'
    rest = 'id: rest, then: deny, because: "Hands off."'
    assert len(load(tmp_path, rules(asked, ends, rest)).rules or ()) == 3
    (mistake,) = mistakes(tmp_path, rules(asked, ends))
    assert "rule 'ends' is in vain" in mistake


def test_a_breaker_that_a_wider_rule_makes_pointless_is_a_mistake(tmp_path: Path) -> None:
    narrow = 'id: narrow, then: allow, because: "A few.", when: {verbs: [f*]}, most_per_hour: 3'
    wide = 'id: wide, then: allow, because: "The rest."'
    (mistake,) = mistakes(tmp_path, rules(narrow, wide))
    assert mistake.startswith("2: this breaker of 'narrow' never counts: 'wide' allows the same")
    asked = 'id: asked, then: ask, because: "Look.", when: {verbs: [f*]}'
    for sound in (
        rules(narrow, f"{wide}, most_per_hour: 9"),
        rules(narrow, f"{wide}, when: {{services: [web]}}"),
        rules(narrow, asked, wide),
    ):
        assert load(tmp_path, sound).rules


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        "auto_confidence: 101\n"
        + rules(
            f"id: a, {ANYTHING}",
            f"id: b, {ANYTHING}",
            'id: c, then: ask, because: "Why not.", when: {risk: {at_most: LOW}}',
            "id: d",
        ),
    )
    lines = [int(each.split(":")[0]) for each in found]
    assert lines == [1, 4, 5, 5, 6, 6], found


@pytest.mark.parametrize("raw", ["rules: 3\n", "rules: [3, [], {}]\n", "rules: {a: 1}\n"])
def test_rules_of_any_shape_are_told_as_mistakes(tmp_path: Path, raw: str) -> None:
    assert mistakes(tmp_path, raw)


def test_a_key_with_nothing_under_it_is_a_mistake(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, "freeze: true\nrules:\n")
    assert mistake.startswith("2: 'rules': there is nothing in it; write [] to have everything")
    assert load(tmp_path, "rules: []\n").rules == ()
    assert load(tmp_path, "freeze: true\n").rules is None


@pytest.mark.parametrize(
    "raw",
    [
        "rules:\n- id: a\n  then: allow\n  because: Anything.\n  when:\n    services:\n",
        "rules:\n- id: a\n  then: allow\n  because: Anything.\n  when:\n    hours:\n",
        "rules:\n- id: a\n  then: allow\n  because: Anything.\n  most_per_hour:\n",
        "budget:\n",
        "budget:\n  per_day:\n    money:\n",
    ],
)
def test_an_emptied_limit_is_not_taken_for_none(tmp_path: Path, raw: str) -> None:
    (mistake,) = mistakes(tmp_path, raw)
    assert mistake.startswith(f"{raw.count(chr(10))}: ")
    assert "there is nothing in it; write what holds, or remove the key" in mistake


def test_more_rules_than_anybody_reads_are_refused(tmp_path: Path) -> None:
    many = rules(*(f'id: r{n}, then: ask, because: "It is {n}."' for n in range(201)))
    (mistake,) = mistakes(tmp_path, many)
    assert "at most 200" in mistake


def test_rules_that_are_made_in_code_are_looked_at_too() -> None:
    allow = {"id": "a", "then": "allow", "because": "Anything."}
    with pytest.raises(ValueError, match=r"rules\.1: rule 'b' is in vain"):
        Policy.model_validate({"rules": [allow, {**allow, "id": "b"}]})
