"""The fields of a form that a browser sends."""

from urllib.parse import parse_qsl

FORM_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 20


def fields(content_type: str, body: bytes) -> dict[str, str] | None:
    """Each field by its name; None when this is no form, or one that says a thing twice."""
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        return None
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        return None
    found = dict(pairs)
    return found if len(found) == len(pairs) else None
