"""An nginx in front of two servers."""

from urllib.request import urlopen

from tests.support.programs import accepts, binary, free_port, running, wait_until
from tests.support.verb_cases import Case, Targets


def _nginx_upstream(targets: Targets) -> Case:
    folder, front = targets.folder, free_port()
    servers = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    file, program = folder / "web.conf", binary("nginx")
    file.write_text("".join(f"server {server} max_fails=0; # ours\n" for server in servers))
    backends = "".join(
        f"server {{ listen {server}; location / {{ return 200 {server}; }} }}\n"
        for server in servers
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder};\n" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\n{temporary}access_log off;\nupstream web {{ include {file}; }}\n"
        f"{backends}server {{ listen 127.0.0.1:{front}; "
        "location / { proxy_pass http://web; } }\n}\n"
    )
    command = [program, "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")]
    pid = folder / "pid"

    def is_up() -> bool:
        # It listens a moment before it has written its process down.
        return accepts(front) and pid.exists() and pid.stat().st_size > 0

    targets.stack.enter_context(running(command, is_up))

    def serving() -> set[str]:
        answers = set()
        for _ in range(4):
            with urlopen(f"http://127.0.0.1:{front}/", timeout=5) as answer:
                answers.add(answer.read().decode())
        return answers

    def state() -> object:
        in_file = {s for s in servers if f"{s} max_fails=0 down;" not in file.read_text()}
        # A worker that was told to end may still take a request.
        wait_until(lambda: serving() == in_file, "what is in the file and what is served the same")
        return file.read_text()

    grant = {
        "verb": "nginx.upstream",
        "file": str(file),
        "servers": servers,
        "config": str(config),
        "prefix": str(folder),
        "pid_file": str(folder / "pid"),
        "program": program,
    }
    return Case(
        grant=grant,
        arguments=(servers[0], "down"),
        outside=("127.0.0.1:1", "down"),
        state=state,
        away={"pid_file": str(folder / "nowhere.pid")},
        meddle=None,
        once=False,
        undo=(grant, (servers[0], "up")),
    )


CASES = {"nginx.upstream": _nginx_upstream}
