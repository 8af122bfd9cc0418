"""How much each finding speaks for or against each failure type.

The weights are an expert's, not measured: what is measured is how often a plan built on them is
proven, and that is the runbook's record. What they have to achieve stands in a table of cases in
the tests of ``hypothesize``.
"""

from types import MappingProxyType

from vigil.domain.evidence import Finding
from vigil.domain.hypothesis import FailureType

PRIOR = MappingProxyType(
    {
        FailureType.NOTHING_WRONG: 0.0,
        FailureType.BAD_RELEASE: -1.0,
        FailureType.PROCESS_DOWN: -1.0,
        # These three are nothing without the one finding that is theirs.
        FailureType.PROCESS_HUNG: -4.0,
        FailureType.PAUSED: -4.0,
        FailureType.LEAKED_SESSION: -4.0,
        FailureType.DATABASE_LOCK: -2.0,
        FailureType.DEPENDENCY_FAILURE: -1.0,
        FailureType.UNKNOWN: 0.0,
    }
)

# Log-odds in nats. Strong evidence against a type outweighs two weak ones for it, so that a
# release that merely happens to be recent is not blamed for a locked database.
WEIGHTS = MappingProxyType(
    {
        FailureType.NOTHING_WRONG: {
            Finding.SYMPTOM_PASSING: 4.0,
            Finding.CONDITION_CLEAR: 3.0,
            Finding.SYMPTOM_FAILING: -8.0,
            Finding.SYMPTOM_UNKNOWN: -6.0,
            Finding.CONDITION_HOLDS: -5.0,
            Finding.CONDITION_UNKNOWN: -3.0,
            # More than the passing symptom says for it: with these it is never the likeliest.
            Finding.PROCESS_DOWN: -5.0,
            Finding.DATABASE_LOCK: -5.0,
            Finding.NO_PROGRESS: -8.0,
            Finding.WORK_PAUSED: -8.0,
            Finding.SESSION_LEAKED: -8.0,
            Finding.SESSION_FOREIGN: -8.0,
            Finding.SESSION_BUSY: -8.0,
        },
        FailureType.BAD_RELEASE: {
            Finding.RELEASE_RECENT: 2.0,
            Finding.RELEASE_JUST_BEFORE: 2.5,
            Finding.ERRORS_SINCE_RELEASE: 8.0,
            Finding.SLOWER_SINCE_RELEASE: 4.0,
            Finding.CODE_ERRORS: 1.0,
            Finding.DEPENDENCIES_PASSING: 0.5,
            Finding.NO_RELEASE_RECENT: -6.0,
            Finding.ERRORS_BEFORE_RELEASE: -5.0,
            Finding.SLOWER_BEFORE_RELEASE: -5.0,
            # So much that a release since which it is slow as well is not blamed for sure.
            Finding.DEPENDENCY_ERRORS: -5.0,
            Finding.DEPENDENCY_FAILING: -4.0,
            Finding.DATABASE_LOCK: -6.0,
            Finding.SESSION_LEAKED: -6.0,
            Finding.SESSION_FOREIGN: -6.0,
            Finding.SESSION_BUSY: -6.0,
            Finding.WORK_PAUSED: -4.0,
            Finding.SYMPTOM_PASSING: -4.0,
        },
        FailureType.PROCESS_DOWN: {
            Finding.PROCESS_DOWN: 7.0,
            Finding.PROCESSES_UP: -6.0,
            Finding.SYMPTOM_PASSING: -3.0,
        },
        FailureType.PROCESS_HUNG: {
            Finding.NO_PROGRESS: 10.0,
            Finding.PROCESSES_UP: 2.0,
            Finding.DEPENDENCIES_PASSING: 1.0,
            Finding.PROGRESS: -8.0,
            Finding.WORK_PAUSED: -8.0,
            Finding.PROCESS_DOWN: -7.0,
            Finding.DEPENDENCY_FAILING: -6.0,
            Finding.DATABASE_LOCK: -6.0,
            Finding.SESSION_LEAKED: -8.0,
            Finding.SESSION_FOREIGN: -8.0,
            Finding.SESSION_BUSY: -8.0,
            # A process that hangs complains of nothing, and one that was just started is new code.
            Finding.DEPENDENCY_ERRORS: -2.0,
            Finding.CODE_ERRORS: -5.0,
            Finding.ERRORS_SINCE_RELEASE: -4.0,
            Finding.RELEASE_JUST_BEFORE: -3.0,
            Finding.SYMPTOM_PASSING: -4.0,
        },
        FailureType.PAUSED: {
            Finding.WORK_PAUSED: 12.0,
            Finding.PROGRESS: -4.0,
            # A pause that nobody could ask for looks like one that is there.
            Finding.DEPENDENCY_FAILING: -6.0,
            Finding.SYMPTOM_PASSING: -3.0,
        },
        FailureType.LEAKED_SESSION: {
            Finding.SESSION_LEAKED: 13.0,
            Finding.DEPENDENCY_ERRORS: 1.0,
            Finding.DATABASE_LOCK: 1.0,
            Finding.LATENCY_UP: 0.5,
            # Somebody at work holds up others too: ending the idle one may not be the cure.
            Finding.SESSION_BUSY: -8.0,
            Finding.SESSION_FOREIGN: -8.0,
            Finding.NO_SESSION_BLOCKS: -5.0,
            Finding.DEPENDENCY_FAILING: -3.0,
            # A release that leaks will leak again.
            Finding.ERRORS_SINCE_RELEASE: -8.0,
            Finding.SYMPTOM_PASSING: -3.0,
        },
        FailureType.DATABASE_LOCK: {
            Finding.DATABASE_LOCK: 8.0,
            Finding.SESSION_FOREIGN: 9.0,
            Finding.SESSION_BUSY: 9.0,
            Finding.DEPENDENCY_ERRORS: 2.0,
            Finding.LATENCY_UP: 1.0,
            Finding.SESSION_LEAKED: -8.0,
            # Those who wait come and go, so that a probe may just miss them.
            Finding.DEPENDENCIES_PASSING: -4.0,
            Finding.NO_SESSION_BLOCKS: -2.0,
            Finding.SYMPTOM_PASSING: -3.0,
        },
        FailureType.DEPENDENCY_FAILURE: {
            Finding.DEPENDENCY_FAILING: 6.0,
            Finding.DEPENDENCY_ERRORS: 3.0,
            Finding.DEPENDENCIES_PASSING: -4.0,
            Finding.SYMPTOM_PASSING: -3.0,
            Finding.CODE_ERRORS: -1.0,
        },
        FailureType.UNKNOWN: {
            Finding.SYMPTOM_FAILING: 1.0,
            Finding.SYMPTOM_UNKNOWN: 1.0,
            Finding.CONDITION_HOLDS: 1.0,
            Finding.BLIND: 1.0,
            Finding.CODE_ERRORS: 1.0,
            Finding.SYMPTOM_PASSING: -2.0,
        },
    }
)
