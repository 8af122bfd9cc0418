"""A receiver that does each request once for its key."""

from tests.support.programs import free_port
from tests.support.verb_cases import SECRET, Case, Targets


def _http_call(targets: Targets) -> Case:
    receiver, token = targets.receiver(), targets.folder / "token"
    receiver.done.clear()
    token.write_text(SECRET)
    request = {
        "url": f"http://127.0.0.1:{receiver.server_port}/drain?token={SECRET}",
        "body": {"node": "web-1"},
        "token_file": str(token),
        "once": True,
    }
    nobody = {**request, "url": f"http://127.0.0.1:{free_port()}/drain?token={SECRET}"}
    return Case(
        grant={"verb": "http.call", "requests": {"drain": request}},
        arguments=("drain",),
        outside=("fill",),
        state=lambda: list(receiver.done.values()),
        away={"requests": {"drain": nobody}},
        meddle=None,
        once=False,
    )


CASES = {"http.call": _http_call}
