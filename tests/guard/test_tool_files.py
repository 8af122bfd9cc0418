"""Rule files from disk: Vigil's own, and a folder of the user's that goes before them."""

from pathlib import Path

import pytest

from vigil.domain.errors import SettingsError
from vigil.tool_files import MAX_FILES, load_tools

RULE = "rules:\n  - {id: show, effect: read, reason: shows}\n"


def test_what_the_user_says_of_a_name_counts(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(f"tool: ours\nalso: [kubectl]\nabout: our own\n{RULE}")
    tools = load_tools(tmp_path)
    ours = tools.named("kubectl")
    assert ours is not None
    assert ours.tool == "ours"
    assert tools.named("oc") is not ours
    assert tools.rule("ours.show") == (ours, ours.rules[0])
    assert tools.rule("ours.none") is None
    assert tools.rule("ours.default") == (ours, None)


def test_a_tool_is_read_when_it_is_first_asked_for() -> None:
    tools = load_tools()
    assert {"kubectl", "oc", "rm"} <= set(tools.names)
    assert tools.named("kubectl") is tools.named("oc")
    assert tools.named("no-such-tool") is None


def test_every_mistake_of_every_file_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "tool: a\nabout: a\nverb_words: 0\nrules:\n"
        "  - {id: x, effect: harmless, reason: x}\n"
        "  - {id: y, effect: read, reason: y, operand: '('}\n"
        "  - {id: z, effect: read, reason: z, resource: 'file:{first}'}\n"
        "  - {id: q, effect: read, reason: q, runs: [{code: bash}]}\n"
        "  - {id: r, effect: read, reason: r, option: ['x']}\n"
    )
    (tmp_path / "b.yaml").write_text(f"tool: b\nabout: b\nverb_words: 0\n{RULE}also: b\nnew: 1\n")
    (tmp_path / "c.yaml").write_text("tool: [")
    (tmp_path / "d.yaml").write_text(f"tool: d\nabout: d\n{RULE}{RULE.replace('rules:', '')}")
    with pytest.raises(SettingsError) as raised:
        load_tools(tmp_path)
    said = "\n".join(raised.value.mistakes)
    for place in ("a.yaml:5", "a.yaml:6", "a.yaml:7", "a.yaml:8", "a.yaml:9", "b.yaml", "c.yaml:1"):
        assert place in said, said
    assert "more than one rule is called show" in said


def test_a_verb_longer_than_verbs_are(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "tool: a\nabout: a\nverb_words: 1\nrules:\n"
        "  - {id: x, verb: get all, effect: read, reason: x}\n"
    )
    with pytest.raises(SettingsError, match="verb_words is 1, less than the verb 'get all' has"):
        load_tools(tmp_path)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no folder"):
        load_tools(tmp_path / "none")
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.yaml").touch()
    with pytest.raises(SettingsError, match="more than 1000 files"):
        load_tools(tmp_path)
