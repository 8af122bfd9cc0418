"""``vigil-do VERB GRANT [ARGUMENT...]``: a script's way to ask the broker.

This file is put into the sandbox as it stands and runs there with a bare interpreter, so it
imports the standard library only. It ends with 0 when the call was done, 1 when it was allowed and
failed, 64 on wrong usage, 75 when it may be tried again, 77 when it was refused.
"""

import json
import socket
import sys

BROKER = "/vigil/broker.sock"
DONE, FAILED, USAGE, TEMPORARY, REFUSED = 0, 1, 64, 75, 77
EXITS = {"done": DONE, "failed": FAILED, "temporary": TEMPORARY, "refused": REFUSED}
MAX_REPLY = 65_536
DEADLINE_S = 120.0
LEAST_WORDS = 3


def ask(words: list[str]) -> tuple[int, str]:
    """Ask the broker; the exit code and what to print."""
    call = {"verb": words[0], "grant": words[1], "arguments": words[2:]}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as broker:
        broker.settimeout(DEADLINE_S)
        broker.connect(BROKER)
        broker.sendall(json.dumps(call).encode() + b"\n")
        with broker.makefile("rb") as answers:
            reply = json.loads(answers.readline(MAX_REPLY))
    return EXITS.get(reply["status"], TEMPORARY), reply["text"]


def main() -> int:
    """Ask once and say what came of it."""
    if len(sys.argv) < LEAST_WORDS or sys.argv[1].startswith("-"):
        sys.stderr.write("usage: vigil-do VERB GRANT [ARGUMENT...]\n")
        if "--dry-run" in sys.argv:
            sys.stderr.write("a plan is tried before it is approved, and not by its own script\n")
        return USAGE
    try:
        code, text = ask(sys.argv[1:])
    except (OSError, ValueError, KeyError, TypeError) as gone:
        sys.stderr.write(f"vigil-do: the broker does not answer ({gone})\n")
        return TEMPORARY
    stream = sys.stdout if code == DONE else sys.stderr
    stream.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
