"""A small site of your own to try Vigil on: static pages behind nginx, kept by supervisor.

Its configuration is released: each release is a folder, the link `current` points at the one that
is live, and `releases.jsonl` says what was put live when. It needs no root, and touches nothing
outside its folder.

    python static_site.py up FOLDER [--port N]   set it up, start it, write FOLDER/vigil.yaml
    python static_site.py deploy FOLDER          release a configuration that is right
    python static_site.py break FOLDER           release one with a mistake: every page is gone
    python static_site.py down FOLDER            end it; the folder stays
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from vigil.domain.identity import tree_digest

HERE = Path(__file__).resolve().parent
LONGEST_FOLDER = 80
"""Bytes; the path of a unix socket may not be much longer."""
PATIENCE_S = 30.0

# Relative paths are below the site's folder.
NGINX = """\
pid nginx.pid;
error_log log/nginx.err warn;
events {{ worker_connections 64; }}
http {{
  access_log log/access.log;
  client_body_temp_path tmp;
  proxy_temp_path tmp;
  fastcgi_temp_path tmp;
  uwsgi_temp_path tmp;
  scgi_temp_path tmp;
  default_type text/html;
  server {{
    listen 127.0.0.1:{port};
    root {root};
  }}
}}
"""
SUPERVISOR = """\
[unix_http_server]
file={site}/supervisor.sock
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{site}/supervisor.sock

[supervisord]
logfile={site}/log/supervisord.log
pidfile={site}/supervisord.pid
{as_root}

[program:nginx]
command={nginx} -p {site} -c {site}/current/nginx.conf -e log/nginx.err -g "daemon off;{user}"
autostart=false
redirect_stderr=true
stdout_logfile={site}/log/nginx.out
"""
PAGES = {
    "index.html": "<h1>Opening hours</h1><p>Every day from nine to five.</p>\n",
    "contact.html": "<h1>Contact</h1><p>Come by, or ring the bell.</p>\n",
}


def up(site: Path, port: int) -> None:
    """Set it up with a first release that is right, and start it."""
    if len(str(site).encode()) > LONGEST_FOLDER:
        sys.exit(f"{site} is too long for a socket below it: choose a shorter folder")
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        sys.exit("nginx is not installed: install Debian's package nginx-light")
    for folder in ("pages", "releases", "log", "tmp"):
        (site / folder).mkdir(parents=True)
    for name, page in PAGES.items():
        (site / "pages" / name).write_text(page)
    (site / "port").write_text(str(port))
    root = os.geteuid() == 0
    (site / "supervisord.conf").write_text(
        SUPERVISOR.format(
            site=site,
            nginx=nginx,
            # Started by root, both would take on another user, who may not read this folder.
            as_root="user=root" if root else "",
            user=" user root;" if root else "",
        )
    )
    catalogue = (HERE / "vigil.yaml").read_text()
    catalogue = catalogue.replace("/srv/site", str(site)).replace("8080", str(port))
    (site / "vigil.yaml").write_text(catalogue)
    _release(site, "pages")
    _supervisor(site, "supervisord")
    _supervisor(site, "supervisorctl", "start", "nginx")
    print(f"http://127.0.0.1:{port}/ is up; its catalogue for Vigil is {site}/vigil.yaml")


def deploy(site: Path, *, mistake: bool) -> None:
    """Release a configuration as a deploy tool does: a folder, a link, a line in the log."""
    released = _release(site, "page" if mistake else "pages")
    _supervisor(site, "supervisorctl", "restart", "nginx")
    print(f"{released} is live")


def down(site: Path) -> None:
    """End every process of it."""
    _supervisor(site, "supervisorctl", "shutdown")


def _release(site: Path, root: str) -> str:
    """A new folder with the configuration, and the link and the log that say that it is live."""
    number = len(list((site / "releases").iterdir())) + 1
    release = site / "releases" / f"config-{number}"
    release.mkdir()
    text = NGINX.format(port=(site / "port").read_text(), root=root)
    # The release's number is part of it: going back must not find the same content twice.
    (release / "nginx.conf").write_text(f"# configuration {number}\n{text}")
    link, new = site / "current", site / "current.new"
    previous = _digest(link.resolve()) if link.exists() else None
    new.symlink_to(Path("releases") / release.name)
    new.replace(link)
    line = {
        "at": datetime.now(UTC).isoformat(),
        "service": "site",
        "release": release.name,
        "digest": _digest(release),
        "previous": previous,
        "by": "deploy",
    }
    with (site / "releases.jsonl").open("a") as log:
        log.write(json.dumps({key: value for key, value in line.items() if value}) + "\n")
    return release.name


def _digest(release: Path) -> str:
    """As Vigil computes it, so that "back to this digest" means these very bytes."""
    files = (file for file in release.rglob("*") if file.is_file())
    return tree_digest((f.relative_to(release).as_posix(), f.read_bytes()) for f in files)


def _supervisor(site: Path, program: str, *words: str) -> None:
    command = [sys.executable, "-m", f"supervisor.{program}", "-c", f"{site}/supervisord.conf"]
    subprocess.run([*command, *words], check=True, timeout=PATIENCE_S, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", choices=("up", "deploy", "break", "down"))
    parser.add_argument("folder", type=lambda text: Path(text).absolute())
    parser.add_argument("--port", type=int, default=8080, help="where the site listens")
    given = parser.parse_args()
    if given.command == "up":
        up(given.folder, given.port)
    elif given.command == "down":
        down(given.folder)
    else:
        deploy(given.folder, mistake=given.command == "break")


if __name__ == "__main__":
    main()
