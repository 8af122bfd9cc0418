"""What a plan may reach is what its grants led to when it was made."""

from typing import Any

import pytest
from tests.phases.values import RESTART, SWITCH_BACK, action

from vigil.domain.catalogue import Service
from vigil.domain.granted import digests_of, used_by

SESSIONS = {
    "verb": "session.terminate",
    "dsn": "postgresql://vigil:first@db.internal/orders",
    "role": "shop",
    "idle_s": 60,
}


def service(raw: dict[str, Any] | None = None, **of_grant: Any) -> Service:  # noqa: ANN401 - as written
    written = {"grants": {"sessions": SESSIONS | of_grant}, "raw_grants": raw or {}}
    return Service.model_validate(written)


@pytest.mark.parametrize(
    "of_grant",
    [
        {"dsn": "postgresql://vigil:first@db-2.internal/orders"},
        {"dsn": "postgresql://admin:first@db.internal/orders"},
        {"dsn": "postgresql://vigil:first@db.internal/payroll"},
        {"role": "billing"},
        {"most_per_hour": 100},
    ],
    ids=["host", "user", "database", "role", "rate"],
)
def test_what_a_grant_says_has_a_digest_of_its_own(of_grant: dict[str, Any]) -> None:
    assert digests_of(service(**of_grant)) != digests_of(service())


@pytest.mark.parametrize("spelled", ["postgresql://vigil:?@db/o", "host=db user=vigil password=?"])
def test_a_new_password_is_no_other_grant(spelled: str) -> None:
    one, other = (service(dsn=spelled.replace("?", word)) for word in ("first", "s3c0nd-w0rd"))
    assert digests_of(one) == digests_of(other)
    assert digests_of(one) != digests_of(service(dsn=spelled.replace("vigil", "admin")))


def test_a_raw_grant_leads_to_one_place() -> None:
    api, other = ({"api": {"host": f"{name}.example.com", "port": 443}} for name in "ab")
    assert digests_of(service(api)).keys() == {"sessions", "raw:api"}
    assert digests_of(service(api)) != digests_of(service(other))


def test_actions_use_what_they_call_and_what_they_hold() -> None:
    held = action(SWITCH_BACK).model_copy(update={"raw": ("api",)})
    assert used_by((held, action(RESTART, None))) == {"release", "restart", "raw:api"}
