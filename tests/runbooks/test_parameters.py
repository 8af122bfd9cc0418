"""Where parameters come from, and that nothing else can get into a script."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.domain.catalogue import Processes, Service, ServiceKind
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.parameters import (
    PARAMETERS,
    SAMPLES,
    Missing,
    Parameters,
    bind,
    leftovers_in,
    names_in,
    parameters_of,
)
from vigil.domain.verbs import VERBS
from vigil.domain.verbs.process import ProcessRestartGrant
from vigil.domain.verbs.release import ReleaseSwitchGrant
from vigil.domain.verbs.session import SessionTerminateGrant

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BAD, GOOD = "sha256:" + "b" * 64, "sha256:" + "9" * 64
RESTART = ProcessRestartGrant(
    verb="process.restart", supervisor="/s.sock", processes=("web-1", "web-2")
)
SWITCH = ReleaseSwitchGrant(verb="release.switch", link="/current", releases="/releases")
END = SessionTerminateGrant(verb="session.terminate", dsn="host=/run/pg", role="shop")
SERVICE = Service(
    kind=ServiceKind.WEB_APPLICATION,
    processes=Processes(supervisor="/s.sock", names=("web-1", "web-2")),
    grants={"release": SWITCH, "restart": RESTART, "sessions": END},
)


def seen(finding: Finding, n: int = 1, component: str = "web", **data: str | None) -> Evidence:
    return Evidence(
        id=f"{finding}-{n}",
        investigator="test",
        finding=finding,
        component=component,
        text="Seen.",
        data={**data},
        at=AT,
    )


LEAKED = seen(Finding.SESSION_LEAKED, component="db", session="4711.1772366400000000", role="shop")
RELEASE = seen(Finding.RELEASE_RECENT, release="web-7", digest=BAD, previous=GOOD)


def test_everything_is_found_with_its_evidence() -> None:
    down = seen(Finding.PROCESS_DOWN, process="web-2")
    found = parameters_of("web", SERVICE, [RELEASE, down, LEAKED], [LEAKED.id])
    assert found.values == {
        "service": ("web",),
        "grant.release.switch": ("release",),
        "grant.process.restart": ("restart",),
        "grant.session.terminate": ("sessions",),
        "release.current": (BAD,),
        "release.previous": (GOOD,),
        "processes": ("web-1", "web-2"),
        "process.down": ("web-2",),
        "session.leaked": ("4711.1772366400000000",),
    }
    others = {f"grant.{verb}" for verb in VERBS} - found.values.keys()
    assert found.missing.keys() == others
    assert found.evidence["release.previous"] == (RELEASE.id,)
    assert found.evidence["process.down"] == (down.id,)
    assert found.evidence["session.leaked"] == (LEAKED.id,)
    assert found.values.keys() | others == PARAMETERS.keys()


@pytest.mark.parametrize(
    ("service", "evidence", "parameter", "said"),
    [
        (SERVICE, [], "release.current", "no recent release is in evidence"),
        (
            SERVICE,
            [seen(Finding.RELEASE_RECENT, release="web-1", digest=BAD, previous=None)],
            "release.previous",
            "names none before web-1",
        ),
        (
            SERVICE,
            [RELEASE.model_copy(update={"component": "another"})],
            "release.current",
            "no recent release",
        ),
        (SERVICE, [], "process.down", "no process that is down"),
        (
            SERVICE,
            [seen(Finding.PROCESS_DOWN, process="database")],
            "process.down",
            "no grant allows to restart database",
        ),
        (
            SERVICE.model_copy(update={"grants": {"restart": RESTART}}),
            [],
            "grant.release.switch",
            "no grant with the verb release.switch; add one",
        ),
        (
            SERVICE.model_copy(update={"grants": {"a": SWITCH, "b": SWITCH}}),
            [],
            "grant.release.switch",
            "several grants with the verb release.switch (a, b)",
        ),
        (
            SERVICE.model_copy(update={"grants": {}, "processes": None}),
            [],
            "processes",
            "names no processes",
        ),
        (
            SERVICE.model_copy(
                update={"processes": Processes(supervisor="/s", names=("web-1", "web-3"))}
            ),
            [],
            "processes",
            "no grant allows to restart web-3",
        ),
    ],
)
def test_what_is_missing_says_why(
    service: Service, evidence: list[Evidence], parameter: str, said: str
) -> None:
    found = parameters_of("web", service, evidence)
    assert parameter not in found.values
    assert said in found.missing[parameter]


@pytest.mark.parametrize(
    ("service", "leaked", "said"),
    [
        (SERVICE, [], "no leaked session is in evidence"),
        (
            SERVICE,
            [LEAKED.model_copy(update={"data": {**LEAKED.data, "role": "reports"}})],
            "those of reports, and no grant allows to end these (the grant sessions those of shop)",
        ),
        (
            SERVICE.model_copy(update={"grants": {"restart": RESTART}}),
            [LEAKED],
            "those of shop, and no grant allows to end these",
        ),
    ],
)
def test_a_leaked_session_without_a_grant_says_whose_it_is(
    service: Service, leaked: list[Evidence], said: str
) -> None:
    found = parameters_of("web", service, leaked, [e.id for e in leaked])
    assert "session.leaked" not in found.values
    assert said in found.missing["session.leaked"]


def test_a_session_that_nobody_cites_for_the_cause_is_not_ended() -> None:
    found = parameters_of("web", SERVICE, [LEAKED])
    assert found.missing["session.leaked"] == "no leaked session is in evidence"


def test_only_the_sessions_of_the_granted_role_are_ended() -> None:
    other = seen(Finding.SESSION_LEAKED, 2, component="db", session="4712.1", role="reports")
    found = parameters_of("web", SERVICE, [LEAKED, other], [LEAKED.id, other.id])
    assert found.values["session.leaked"] == ("4711.1772366400000000",)


def test_cited_evidence_counts_though_it_is_about_another_component() -> None:
    elsewhere = RELEASE.model_copy(update={"component": "web-7"})
    assert parameters_of("web", SERVICE, [elsewhere], [elsewhere.id]).values["release.current"]


def test_a_line_with_a_list_is_written_once_for_each_value() -> None:
    parameters = parameters_of("web", SERVICE, [RELEASE])
    template = "set -eu\nvigil-do process.restart {{grant.process.restart}} {{ processes }}\n"
    assert bind(template, parameters) == (
        "set -eu\nvigil-do process.restart restart web-1\nvigil-do process.restart restart web-2\n"
    )


def test_item_is_one_value() -> None:
    assert bind("restart {{item}}", Parameters(), "web-1") == "restart web-1"
    assert isinstance(bind("restart {{item}}", Parameters()), Missing)


@pytest.mark.parametrize(
    "value",
    ["", "web-1; rm -rf /", "$(id)", "web 1", "web-1\nrm", "-rf", "../x", "{{service}}", "WEB",
     "a" * 64, "web-1\n", "\u00e9"],
)  # fmt: skip
def test_what_is_no_name_is_not_bound(value: str) -> None:
    assert isinstance(bind("{{service}}", Parameters(values={"service": (value,)})), Missing)
    assert isinstance(bind("{{item}}", Parameters(), value), Missing)


@given(value=st.text(), name=st.sampled_from(sorted(PARAMETERS)))
def test_only_names_and_digests_get_into_a_script(value: str, name: str) -> None:
    bound = bind("<{{" + name + "}}>", Parameters(values={**SAMPLES, name: (value,)}))
    if isinstance(bound, str):
        assert set(bound[1:-1]) <= set("abcdefghijklmnopqrstuvwxyz0123456789._:-")
        assert bound == f"<{value}>"


def test_a_value_is_not_read_as_a_template() -> None:
    """The values of one parameter cannot name another one, whatever they are."""
    evil = seen(Finding.RELEASE_RECENT, digest="{{service}}", previous=GOOD)
    bound = bind("{{release.current}}", parameters_of("web", SERVICE, [evil]))
    assert isinstance(bound, Missing)
    assert "is not a digest" in bound.reason


def test_several_values_do_not_fit_where_one_is_needed() -> None:
    bound = bind("{{service}}", Parameters(values={"service": ("a", "b")}))
    assert isinstance(bound, Missing)
    assert "several values" in bound.reason


def test_unknown_names_and_stray_braces_are_not_bound() -> None:
    assert isinstance(bind("{{secret.token}}", Parameters()), Missing)
    for stray in ("{{ }}", "{{service", "}}", "{{SERVICE}}", "{{service|x}}"):
        assert leftovers_in(stray)
        assert isinstance(bind(stray, Parameters(values=SAMPLES)), Missing)
    assert names_in("{{service}} {{ item }} {{service}}") == ("service", "item")
