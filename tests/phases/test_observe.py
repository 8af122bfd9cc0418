"""From looks to alerts, and from alerts to symptoms (about 2 s, for the generated rows)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.phases.values import ref
from tests.support.hand_clock import START
from tests.support.world import LETTERS, catalogue

from vigil.domain.alert import Alert, AlertStatus
from vigil.domain.probe import ProbeResult
from vigil.domain.telemetry import Ratio
from vigil.observe.intake import symptom_of, title_of
from vigil.observe.watch import AGAIN, SOURCE, Watched, is_bad

FAILURES = 3
SYMPTOM = catalogue().services["web"].symptoms["checkout-errors"]
WITHOUT_CONDITION = catalogue().services["web"].symptoms["catalogue-errors"]
LOOKS = {"F": True, "P": False, "?": None}
Turn = tuple[int, AlertStatus]


def results(letters: str) -> tuple[ProbeResult, ...]:
    return tuple(
        ProbeResult(
            ref=ref("web/checkout"), outcome=LETTERS[letter], text="", seconds=0.1, at=START
        )
        for letter in letters
    )


def ratio(share: float, total: float = 100) -> Ratio:
    return Ratio(bad=share * total, total=total, window_s=10, at=START)


def watched(row: str) -> tuple[Watched, list[Turn]]:
    """The state after a row of looks a second apart, and the turns with the second of each."""
    state, turns = Watched(service="web", symptom="checkout-errors"), []
    for second, letter in enumerate(row):
        now = START + timedelta(seconds=second)
        state, turned = state.seen(now, bad=LOOKS[letter], failures=FAILURES)
        if turned is not None:
            turns.append((second, turned))
    return state, turns


@pytest.mark.parametrize(
    ("probes", "share", "bad"),
    [
        ("P", 0.0, False),
        ("F", 0.0, True),
        ("P", 0.5, True),
        ("F", None, True),
        ("P", None, False),
        ("?", None, None),
        ("?", 0.5, True),
        ("?F", None, True),
        ("P?", None, None),
        ("", None, None),
        ("", 0.0, False),
        ("", 0.2, False),
        ("", 0.21, True),
    ],
)
def test_one_look_is_bad_good_or_blind(probes: str, share: float | None, bad: bool | None) -> None:
    measured = None if share is None else ratio(share)
    assert is_bad(SYMPTOM, results(probes), measured) is bad


def test_too_few_requests_say_nothing() -> None:
    assert is_bad(SYMPTOM, results("?"), ratio(1.0, total=4)) is None
    assert is_bad(SYMPTOM, results("P"), ratio(1.0, total=4)) is False


def test_a_ratio_without_a_condition_says_nothing() -> None:
    assert is_bad(WITHOUT_CONDITION, results("P"), ratio(1.0)) is False


@pytest.mark.parametrize(
    ("row", "turns"),
    [
        ("PPPP", []),
        ("FF", []),
        ("FFF", [(2, "firing")]),
        ("FFPFF", []),
        ("FF?F", [(3, "firing")]),
        ("F??????F", []),
        ("FFFFFF", [(2, "firing")]),
        ("FFFPPP", [(2, "firing"), (5, "resolved")]),
        ("FFFPPFPPP", [(2, "firing"), (8, "resolved")]),
        ("FFF???", [(2, "firing")]),
        ("FFFPPPFFF", [(2, "firing"), (5, "resolved"), (8, "firing")]),
    ],
)
def test_three_in_a_row_turn(row: str, turns: list[tuple[int, str]]) -> None:
    assert watched(row)[1] == turns


@pytest.mark.parametrize(("row", "onset"), [("PFFF", 1), ("FPFFF", 2), ("F?FF", 0), ("FFFPF", 0)])
def test_the_onset_is_the_first_bad_look_of_the_row(row: str, onset: int) -> None:
    assert watched(row)[0].since == START + timedelta(seconds=onset)


def test_two_troubles_have_two_onsets_and_so_two_delivery_keys() -> None:
    alerts = [
        watched(row)[0].alert(AlertStatus.FIRING, SYMPTOM, "", START)
        for row in ("FFF", "FFFPPPFFF", "FFFFF")
    ]
    keys = [alert.delivery_key for alert in alerts]
    assert keys[0] != keys[1]
    assert keys[0] == keys[2], "the same trouble, told again"
    assert len({alert.fingerprint for alert in alerts}) == 1


def test_trouble_that_goes_on_is_told_again_each_minute_as_the_same_delivery() -> None:
    again = int(AGAIN.total_seconds())
    state, turns = watched("F" * (3 * again))
    assert turns == [(2 + n * again, "firing") for n in range(3)]
    first, _ = watched("FFF")
    keys = {s.alert(AlertStatus.FIRING, SYMPTOM, "", START).delivery_key for s in (first, state)}
    assert len(keys) == 1


def test_what_is_told_again_is_told_by_the_clock_and_only_while_it_is_seen() -> None:
    again = int(AGAIN.total_seconds())
    assert watched("FFF" + "?" * again)[1] == [(2, "firing")]
    assert watched("FFF" + "?" * again + "F")[1] == [(2, "firing"), (again + 3, "firing")]
    assert watched("FFFPPP" + "P" * again)[1] == [(2, "firing"), (5, "resolved")]


@pytest.mark.parametrize("row", ["PPP", "F?PPP"])
def test_trouble_that_a_watcher_before_had_seen_is_ended_by_the_next(row: str) -> None:
    state = Watched(service="web", symptom="checkout-errors", firing=True, since=START)
    turns = []
    for second, letter in enumerate(row):
        now = START + timedelta(seconds=second)
        state, turned = state.seen(now, bad=LOOKS[letter], failures=FAILURES)
        turns.append(turned)
    assert turns[-1] is AlertStatus.RESOLVED
    assert state.since == START


def test_a_turn_becomes_an_alert_with_the_words_of_the_catalogue() -> None:
    alert = watched("PFFF")[0].alert(AlertStatus.FIRING, SYMPTOM, "it fails", START)
    assert (alert.source, alert.name, alert.service) == (SOURCE, "checkout-errors", "web")
    assert (alert.severity, alert.summary) == (SYMPTOM.severity, "it fails")
    assert alert.starts_at == START + timedelta(seconds=1)


@given(st.text(alphabet="FP?", max_size=40))
def test_unknown_looks_change_nothing(row: str) -> None:
    final, turns = watched(row)
    seeing, fewer = watched(row.replace("?", ""))
    assert (final.firing, final.streak) == (seeing.firing, seeing.streak)
    assert [turn for _, turn in turns] == [turn for _, turn in fewer]


@given(st.text(alphabet="FP?", max_size=60))
def test_turns_take_turns_and_each_ends_a_row(row: str) -> None:
    state, turns = watched(row)
    kinds = [kind for _, kind in turns]
    assert kinds == [AlertStatus.FIRING, AlertStatus.RESOLVED] * (len(kinds) // 2) + (
        [AlertStatus.FIRING] if len(kinds) % 2 else []
    )
    assert state.firing is (len(kinds) % 2 == 1)
    for second, kind in turns:
        sighted = row[: second + 1].replace("?", "")
        assert sighted.endswith(("F" if kind is AlertStatus.FIRING else "P") * FAILURES)


# --- intake ----------------------------------------------------------------------------------


def alert(name: str, service: str = "web", summary: str = "") -> Alert:
    return Alert(
        source="alertmanager",
        name=name,
        service=service,
        status=AlertStatus.FIRING,
        fingerprint="f",
        summary=summary,
        starts_at=START,
    )


@pytest.mark.parametrize(
    ("name", "service", "symptom"),
    [
        ("CheckoutErrors", "web", "checkout-errors"),
        ("checkout-errors", "web", "checkout-errors"),
        ("CatalogueErrors", "web", "catalogue-errors"),
        ("CheckoutErrors", "db", "alert:CheckoutErrors"),
        ("CheckoutErrors", "elsewhere", "alert:CheckoutErrors"),
        ("DiskFull", "web", "alert:DiskFull"),
    ],
)
def test_alerts_of_all_sources_mean_symptoms_of_the_catalogue(
    name: str, service: str, symptom: str
) -> None:
    assert symptom_of(alert(name, service), catalogue()) == symptom


def test_the_title_is_what_the_source_says_or_the_alert_and_its_service() -> None:
    assert title_of(alert("CheckoutErrors", summary="half of them fail")) == "half of them fail"
    assert title_of(alert("CheckoutErrors")) == "CheckoutErrors on web"
