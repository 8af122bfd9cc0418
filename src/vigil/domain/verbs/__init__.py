"""The catalogue of verbs: what the broker can do, one file for each kind of target.

Each file holds what an owner may grant and what the guard has to know; how it is done is in
``runner/verbs/``, one file a verb, found by its name. ``tests/contracts/test_verbs.py`` runs over
all of them.
"""

from vigil.domain.verbs import (
    cache,
    certificate,
    config,
    file,
    flag,
    http,
    nginx,
    process,
    queue,
    release,
    session,
)
from vigil.domain.verbs.base import Verb

_KINDS = (release, process, session, queue, cache, flag, config, file, http, nginx, certificate)

VERBS: dict[str, Verb] = {verb.name: verb for kind in _KINDS for verb in kind.VERBS}
