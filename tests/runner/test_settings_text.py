"""A setting in a text is found and replaced where it stands, or it is refused."""

import json
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.domain.verbs.config import ConfigKey
from vigil.runner.verbs.base import Refusal
from vigil.runner.verbs.settings_text import with_word, word_at

NUMBER = ConfigKey(type="integer", min=-100, max=100)
TRUTH = ConfigKey(type="boolean")
LEVEL = ConfigKey(type="choice", values=("info", "debug", "on", "1.5"))

YAML = """\
# of the shop
pool: &not-an-alias
  size: 5   # small
  "quoted key": 1
flow: {level: info, deep: {x: 'info'}}
list: [1, 2]
text: |
  size: 5
"""
JSON = '{\n\t"pool": {"size": 5, "on": true},\n\t"level": "info",\n\t"sizes": ["size", 5]\n}\n'
ENV = "# size\nPOOL_SIZE=5  \nexport LEVEL='info'\nNAME=\"a shop\"\n"


@pytest.mark.parametrize(
    ("text", "form", "key", "word", "kind", "change"),
    [
        (YAML, "yaml", "pool.size", "20", NUMBER, ("size: 5  ", "size: 20  ")),
        (YAML, "yaml", "pool.size", "-1", NUMBER, ("size: 5  ", "size: -1  ")),
        (YAML, "yaml", "flow.level", "debug", LEVEL, ("level: info", 'level: "debug"')),
        (YAML, "yaml", "flow.level", "on", LEVEL, ("level: info", 'level: "on"')),
        (YAML, "yaml", "flow.deep.x", "1.5", LEVEL, ("x: 'info'", 'x: "1.5"')),
        (JSON, "json", "pool.size", "20", NUMBER, ('"size": 5', '"size": 20')),
        (JSON, "json", "pool.on", "false", TRUTH, ('"on": true', '"on": false')),
        (JSON, "json", "level", "debug", LEVEL, ('"level": "info"', '"level": "debug"')),
        (ENV, "env", "POOL_SIZE", "20", NUMBER, ("SIZE=5  ", "SIZE=20  ")),
        (ENV, "env", "LEVEL", "debug", LEVEL, ("LEVEL='info'", "LEVEL='debug'")),
    ],
)
def test_only_the_value_changes(
    text: str, form: str, key: str, word: str, kind: ConfigKey, change: tuple[str, str]
) -> None:
    changed = with_word(text, form, key, word, kind)
    assert changed == text.replace(*change, 1)
    assert word_at(changed, form, key) == word
    if form == "json":
        json.loads(changed)


@pytest.mark.parametrize(
    ("text", "form", "key", "said"),
    [
        (YAML, "yaml", "pool", "no setting 'pool'"),
        (YAML, "yaml", "pool.none", "no setting"),
        (YAML, "yaml", "list", "no setting"),
        (YAML, "yaml", "text", "no setting"),
        ("a: 1\na: 2\n", "yaml", "a", "twice"),
        ("a: {b: 1, b: 2}\n", "yaml", "a.b", "twice"),
        ("a: &x 1\nb: *x\n", "yaml", "a", "alias"),
        ("a: !!python/object/apply:os.system [true]\n", "yaml", "a", "cannot be read as yaml"),
        ("a: [\n", "yaml", "a", "cannot be read as yaml"),
        ("a: 1\n---\na: 2\n", "yaml", "a", "cannot be read as yaml"),
        ("", "yaml", "a", "no setting"),
        ('{"a": 1, "a": 2}', "json", "a", "twice"),
        ('{"a": 1,}', "json", "a", "cannot be read as json"),
        ("[1]", "json", "a", "no setting"),
        ("[" * 100_000, "json", "a", "cannot be read as json"),
        ("{a: " * 5_000, "yaml", "a", "cannot be read as yaml"),
        ("A=1\nA=2\n", "env", "A", "twice"),
        ("A=1 # note\n", "env", "A", "no setting"),
        ("A=$(date)x y\n", "env", "A", "no setting"),
        ("B=1\n", "env", "A", "no setting"),
        ('B="x\nA=1\ny"\nA=2\n', "env", "A", "line 1 is not NAME=value on one line"),
        ("A=2\nB='x\nA=1'\n", "env", "A", "line 2 is not NAME=value on one line"),
        ("B=x\\\nA=1\n", "env", "A", "values over several lines"),
        ("A=1\nif true; then\n", "env", "A", "line 2 is not"),
    ],
)
def test_what_cannot_be_changed_with_certainty_is_refused(
    text: str, form: str, key: str, said: str
) -> None:
    began = time.monotonic()
    with pytest.raises(Refusal, match=said):
        with_word(text, form, key, "1", NUMBER)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("text", "form", "kind"),
    [('{"size": "5"}', "json", NUMBER), ("size: on", "yaml", LEVEL), ("size: 1.5", "yaml", LEVEL)],
)
def test_a_value_of_another_type_is_not_put_in_its_place(
    text: str, form: str, kind: ConfigKey
) -> None:
    with pytest.raises(Refusal, match="in the file, and the grant's type makes it"):
        with_word(text, form, "size", "7" if kind is NUMBER else "on", kind)


@pytest.mark.parametrize(
    ("text", "form", "key"),
    [
        ("a:\n  1: 5\n", "yaml", "a.1"),
        ("a:\n  on: 5\n", "yaml", "a.on"),
        ('{"a": 5, "b": "x\x7fy"}', "json", "a"),
        ('{"a": 5, "%s": 1}' % ("k" * 2000), "json", "a"),
        (f'{{"a": 5, "b": {"[" * 900}{"]" * 900}}}', "json", "a"),
        ("a: 5\nb: &b {c: 1}\n? *b\n: 1\n", "yaml", "a"),
    ],
)
def test_what_one_reader_knows_and_another_one_does_not_is_refused(
    text: str, form: str, key: str
) -> None:
    with pytest.raises(Refusal):
        with_word(text, form, key, "7", NUMBER)


@pytest.mark.parametrize(
    "text", ['a: 5\npassword: "hunter2\n', "a: 5\nhunter2 password\nb: 1\n", "{a: 5, b: [hunter2}"]
)
def test_a_line_that_cannot_be_read_is_not_quoted(text: str) -> None:
    with pytest.raises(Refusal, match=r"line \d") as told:
        with_word(text, "yaml", "a", "7", NUMBER)
    assert "hunter2" not in str(told.value)


def test_a_long_file_is_read_in_time() -> None:
    began = time.monotonic()
    with_word("a: 5\n" + "b: [%s]\n" % ("{}," * 20_000), "yaml", "a", "7", NUMBER)
    assert time.monotonic() - began < 60


def test_what_is_written_means_what_the_grant_says() -> None:
    changed = with_word(YAML, "yaml", "flow.level", "on", LEVEL)
    assert yaml.safe_load(changed)["flow"]["level"] == "on"


_NAMES = st.text("abcxyz_", min_size=1, max_size=6)
_LEAVES = st.one_of(st.integers(-9, 99), st.booleans(), st.text(max_size=8), st.none())
_TREES = st.recursive(
    st.dictionaries(_NAMES, _LEAVES, max_size=4),
    lambda below: st.dictionaries(_NAMES, st.one_of(_LEAVES, below, st.lists(below)), max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(_TREES, _NAMES, _NAMES, st.integers(-100, 100), st.sampled_from([None, 2, "\t"]))
def test_whatever_else_a_json_file_holds_stays(
    tree: dict[str, object], above: str, name: str, size: int, indent: int | str | None
) -> None:
    before = {**tree, above: {"x": tree, name: 5}}
    text = json.dumps(before, indent=indent)
    changed = with_word(text, "json", f"{above}.{name}", str(size), NUMBER)
    assert repr(json.loads(changed)) == repr({**before, above: {"x": tree, name: size}})


@settings(max_examples=150, deadline=None)
@given(_TREES, _NAMES, _NAMES, st.integers(-100, 100), st.sampled_from([None, True, False]))
def test_whatever_else_a_yaml_file_holds_stays(
    tree: dict[str, object], above: str, name: str, size: int, style: bool | None
) -> None:
    before = {**tree, above: {"x": tree, name: 5}}
    # What is there twice is no alias once it came through JSON.
    text = yaml.safe_dump(json.loads(json.dumps(before)), default_flow_style=style)
    changed = with_word(text, "yaml", f"{above}.{name}", str(size), NUMBER)
    assert yaml.safe_load(changed) == {**before, above: {"x": tree, name: size}}
