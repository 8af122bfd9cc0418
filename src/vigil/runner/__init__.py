"""The hands near the target: sandbox and broker, in a process of their own.

Only this process holds the credentials that a service's owner granted. It trusts neither the
scripts it runs nor the worker that orders them: it computes the plan's digest and each script's
calls itself, and its ledger, not anybody's word, says what was done.

It knows the domain and the guard and nothing else of Vigil; near a remote target (``remote/``) also
``link``, which joins it to its hub.
"""
