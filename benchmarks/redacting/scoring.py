"""Recall and precision by kind, and what of log lines was lost that an investigation needs."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Spans = Mapping[Any, Sequence[Row]]
"""What was found in each text, by the text's id."""

KINDS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip",
    "PERSON": "name",
    "ADDRESS": "address",
    "LOCATION": "address",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_SSN": "government_id",
    "US_DRIVER_LICENSE": "government_id",
    "US_PASSPORT": "government_id",
    "US_ITIN": "government_id",
    "UK_NHS": "government_id",
}
"""Other people's words for Vigil's kinds. A place alone is nobody's address: as a label it is left
out, as an answer it counts for one."""
NOT_LABELLED = frozenset({"LOCATION"})
STRUCTURED = ("email", "phone", "ip", "card", "iban", "government_id")
SECRETS = frozenset({"key", "jwt", "private_key", "password", "cookie", "secret"})
_HALF = 0.5
_IP = re.compile(r"[^\w]*(?:\w+:)?/?(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?[^\w]*")
_SHAPES = (
    ("uuid", re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)),
    ("path", re.compile(r"[\w.-]*[/\\][\w.-]+[/\\][\w./\\-]+")),
    ("hash", re.compile(r"\b(?:0x)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b")),
    ("version", re.compile(r"\bv?\d+\.\d+(?:\.\d+)+\b")),
    ("host", re.compile(r"\b[a-z][\w-]*(?:\.[a-z][\w-]*){1,8}(?::\d+)?\b", re.IGNORECASE)),
    ("number", re.compile(r"\d")),
    ("word", re.compile(r"[^\W\d_]")),
)


def of_sentences(rows: Iterable[Row], found: Spans) -> Row:
    """By kind: a label counts as found when half of it is covered, by whatever kind; what was found
    counts as right when a label of its kind is under it.
    """
    labels, covered, said, right, anything = (Counter[str]() for _ in range(5))
    for row in rows:
        spans = found[row["id"]]
        for label in row["spans"]:
            kind = KINDS.get(label["norm"])
            if kind is None or label["norm"] in NOT_LABELLED:
                continue
            labels[kind] += 1
            share = sum(_common(one, label) for one in spans) / (label["end"] - label["start"])
            covered[kind] += share >= _HALF
        for one in spans:
            named = KINDS.get(one["type"], str(one["type"]))
            under = [label for label in row["spans"] if _common(one, label)]
            said[named] += 1
            right[named] += any(KINDS.get(label["norm"]) == named for label in under)
            anything[named] += bool(under)
    return {
        kind: {
            "labels": labels[kind],
            "recall": _share(covered[kind], labels[kind]),
            "found": said[kind],
            "precision": _share(right[kind], said[kind]),
            "precision_any_label": _share(anything[kind], said[kind]),
        }
        for kind in sorted(labels)
    }


def of_secrets(rows: Sequence[Row], found: Spans, kinds: frozenset[str] | None = SECRETS) -> Row:
    """A secret is found when any of it is covered by one of these kinds."""
    missed: list[str] = []
    total = alarms = quiet = 0
    for row in rows:
        spans = [one for one in found[row["id"]] if kinds is None or one["type"] in kinds]
        if row["expect"] == "none":
            quiet += 1
            alarms += bool(spans)
        for secret in row["secrets"]:
            total += 1
            if not any(_common(one, secret) for one in spans):
                missed.append(f"{row['id']}: {secret['rule']}")
    return {
        "secrets": total,
        "recall": _share(total - len(missed), total),
        "missed": missed,
        "near_misses": quiet,
        "near_misses_taken": alarms,
    }


def of_logs(rows: Iterable[Row], found: Spans) -> Row:
    """Of words of log lines, how many are lost that an investigation needs.

    A word is what stands between blanks and holds a letter or a digit. All are needed but addresses
    of machines, which are taken out on purpose and keep their own token.
    """
    needed, lost, examples = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        spans = found[row["id"]]
        for word in re.finditer(r"\S+", row["text"]):
            shape = _shape(word[0])
            if shape is None:
                continue
            needed[shape] += 1
            place = {"start": word.start(), "end": word.end()}
            over = [one["type"] for one in spans if _common(one, place) and one["type"] != "ip"]
            if over:
                lost[shape] += 1
                examples[f"{over[0]}: {word[0][:60]}"] += 1
    shapes = {shape: {"words": needed[shape], "lost": lost[shape]} for shape in sorted(needed)}
    return {
        "words": needed.total(),
        "lost": lost.total(),
        "share_lost": _share(lost.total(), needed.total()),
        "by_shape": shapes,
        "most_lost": dict(examples.most_common(20)),
    }


def _shape(word: str) -> str | None:
    if _IP.fullmatch(word):
        return None
    return next((shape for shape, pattern in _SHAPES if pattern.search(word)), None)


def _common(one: Row, other: Row) -> int:
    return int(max(0, min(one["end"], other["end"]) - max(one["start"], other["start"])))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0
