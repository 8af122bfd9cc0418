"""A rule of the guard for people: what it asks for, what it says, and examples."""

from typing import Any

from vigil.guard.built_in import BUILT_IN
from vigil.guard.python.libraries import CALLS
from vigil.guard.rule import Rule
from vigil.guard.tools import Tool, Tools

_CONDITIONS = (
    *("verb", "bare", "option", "besides", "without", "operand", "operands", "unless", "first"),
    *("last", "named", "count", "environment", "certain"),
)


def explained(name: str, tools: Tools) -> dict[str, Any] | None:
    """What stands behind the name of a rule or a tool; None: nothing is called so.

    The name may end in ``?``, as a rule is named that only might fire.
    """
    wanted = name.removesuffix("?")
    if wanted in BUILT_IN:
        return {"rule": wanted, "reason": BUILT_IN[wanted]}
    call = tools.library().rule(wanted.removeprefix(CALLS)) if wanted.startswith(CALLS) else None
    if call is not None:
        written = call.model_dump(mode="json", exclude_defaults=True, exclude={"id"})
        return {"rule": wanted, **written}
    tool = tools.named(wanted)
    if tool is not None:
        return _tool(tool)
    found = tools.rule(wanted)
    return None if found is None else _rule(*found)


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        **_head(tool),
        "default": tool.default,
        "rules": [
            {"rule": f"{tool.tool}.{rule.id}", "effect": rule.effect, "reason": rule.reason}
            for rule in tool.rules
        ],
    }


def _head(tool: Tool) -> dict[str, Any]:
    return {"tool": tool.tool, "also": tool.also, "about": tool.about}


def _rule(tool: Tool, rule: Rule | None) -> dict[str, Any]:
    said = _head(tool)
    if rule is None:
        reason = "no other rule of the tool fires"
        return {**said, "rule": f"{tool.tool}.default", "effect": tool.default, "reason": reason}
    written = rule.model_dump(mode="json")
    given = {name: written[name] for name in _CONDITIONS if written[name]}
    return {
        **said,
        "rule": f"{tool.tool}.{rule.id}",
        "effect": rule.effect,
        "resource": rule.resource,
        "marks": sorted(rule.marks),
        "reason": rule.reason,
        "fires_when": given,
        "runs": [runs.model_dump(mode="json", exclude_defaults=True) for runs in rule.runs],
        "yes": rule.yes,
        "no": rule.no,
    }


def as_text(found: dict[str, Any]) -> str:
    """A page of lines."""
    return "\n".join(
        line
        for key, value in found.items()
        if value
        for line in _lines(key.replace("_", " "), value)
    )


def _lines(key: str, value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}:", *(f"  {name}: {_flat(inner)}" for name, inner in value.items())]
    if key == "rules" and isinstance(value, list):
        return [f"{key}:", *(f"  {r['rule']}: {r['effect']}, {r['reason']}" for r in value)]
    if key in {"yes", "no"} and isinstance(value, (list, tuple)):
        heading = "fires on" if key == "yes" else "does not fire on"
        return [f"{heading}:", *(f"  {example}" for example in value)]
    return [f"{key}: {_flat(value)}"]


def _flat(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_flat(item) for item in value)
    if isinstance(value, dict):
        return " ".join(f"{name}={_flat(inner)}" for name, inner in value.items())
    return str(value)
