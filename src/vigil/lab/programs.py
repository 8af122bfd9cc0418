"""The configuration files of the shop's services: nginx, supervisord and the shop itself."""

import json
import shutil
import sys
from pathlib import Path

from vigil.lab.config import LabConfig
from vigil.lab.errors import LabError

# Debian keeps servers out of an ordinary user's PATH.
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/bin")
KEEP_LOG_BYTES = "20MB"


def find_binary(name: str) -> str:
    """Where a system program is, looking also where Debian hides it."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: float(found.parent.name)
    )
    folders = [*map(str, reversed(versions)), *SERVER_FOLDERS]
    found = shutil.which(name, path=":".join(folders)) or shutil.which(name)
    if found is None:
        raise LabError(
            f"{name} is not installed: the lab needs the Debian packages nginx-light or nginx, "
            "redis-server, postgresql and bubblewrap"
        )
    return found


def write_all(config: LabConfig) -> None:
    files = config.files
    for folder in (files.logs, files.database_socket, files.private, files.state / "nginx"):
        folder.mkdir(mode=0o700)
    files.shop_json.write_text(json.dumps(shop_settings(config), indent=1))
    (files.state / "nginx.conf").write_text(nginx(config))
    (files.state / "supervisord.conf").write_text(supervisord(config))


def shop_settings(config: LabConfig) -> dict[str, object]:
    names, ports = config.names, config.ports
    web = zip(names.web_instances, ports.web, strict=True)
    return {
        "shop_name": names.shop,
        "dsn": config.dsn(names.app),
        "tables": names.tables.model_dump(),
        "redis_port": ports.cache,
        "keys": names.redis.model_dump(),
        "worker": {"sweep_every_s": 2.0, "retry_after_s": 0.5},
        "instances": {
            **{instance: {"service": names.web, "port": port} for instance, port in web},
            names.worker: {"service": names.worker, "port": ports.worker},
        },
    }


def nginx(config: LabConfig) -> str:
    state, ports = config.state, config.ports
    temporary = "\n".join(
        f"  {kind}_temp_path {state}/nginx/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # An instance that refuses is never counted out: refusing costs nothing, and with two instances
    # that restart one after the other both would be counted out at once. A request whose connection
    # broke goes to the other instance, also a POST: an order carries its own id.
    servers = "\n".join(f"    server 127.0.0.1:{port} max_fails=0;" for port in ports.web)
    return f"""\
daemon off;
worker_processes 1;
pid {state}/nginx/nginx.pid;
error_log {state}/log/{config.names.proxy}.err warn;
# Room for a thousand customers at once who keep their connections between two pages.
worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{
{temporary}
  access_log {state}/log/{config.names.proxy}.access.log;
  upstream web {{
{servers}
  }}
  server {{
    listen 127.0.0.1:{ports.proxy};
    location / {{
      proxy_pass http://web;
      proxy_connect_timeout 1s;
      proxy_read_timeout 10s;
      proxy_next_upstream error non_idempotent;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
    location = /metrics {{ return 404; }}
    location = /healthz {{ return 404; }}
  }}
}}
"""


def supervisord(config: LabConfig) -> str:
    """All programs; those that would complain about a missing database or shop start later."""
    files, names = config.files, config.names
    sections = [_daemon(config), _database(config), _cache(config)]
    sections.append(
        _program(
            names.proxy,
            f"{find_binary('nginx')} -p {config.state} -c {config.state}/nginx.conf "
            f"-e {config.state}/log/{names.proxy}.err",
        )
    )
    sections += [_python(config, web, "shop.web", files.current) for web in names.web_instances]
    sections.append(
        _python(config, names.worker, "shop.worker", config.worker_code, autostart=False)
    )
    sections.append(_program(names.visitors, _lab_module(config, "visitors"), autostart=False))
    if config.sends_alerts:
        sections.append(_program(names.alerting, _lab_module(config, "alerting"), autostart=False))
    # The shell's children end with it.
    sections.append(
        _program(
            names.console,
            f"/bin/sh {files.console}",
            autostart=False,
            restart=False,
            extra="stopasgroup=true\n",
        )
    )
    return "\n".join(sections)


def _daemon(config: LabConfig) -> str:
    socket, log = config.files.supervisor_socket, config.files.supervisor_log
    return f"""\
[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisord]
nodaemon=true
silent=true
logfile={log}
logfile_maxbytes={KEEP_LOG_BYTES}
pidfile={config.state}/supervisord.pid
childlogdir={config.state}/log
directory={config.state}
"""


def _database(config: LabConfig) -> str:
    files, names = config.files, config.names
    data = config.state / "pgdata"
    make = (
        f"{find_binary('initdb')} -D {data} -U {names.admin} --auth-local=trust "
        "--auth-host=reject --no-sync --locale=C.UTF-8 -E UTF8"
    )
    # The data dies with the lab, so nothing is ever synced to the disk.
    run = (
        f"{find_binary('postgres')} -D {data} -p {config.ports.database} "
        f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={files.database_socket} "
        "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB "
        "-c max_connections=60 -c log_lock_waits=on"
    )
    command = f'/bin/sh -c "test -s {data}/PG_VERSION || {make}; exec {run}"'
    # INT is PostgreSQL's fast shutdown; TERM would wait for every session to end.
    return _program(names.database, command, stop="INT")


def _cache(config: LabConfig) -> str:
    return _program(
        config.names.cache,
        f"{find_binary('redis-server')} --bind 127.0.0.1 --port {config.ports.cache} "
        f"--dir {config.state} --save '' --appendonly no --maxmemory 64mb",
    )


def _python(
    config: LabConfig, name: str, module: str, folder: Path, *, autostart: bool = True
) -> str:
    """A program of the shop; its folder is resolved when it starts: a restart is a new release."""
    return _program(
        name,
        f"{sys.executable} -m {module}",
        autostart=autostart,
        extra=f"directory={folder}\n"
        f'environment=SHOP_INSTANCE="{name}",SHOP_CONFIG="{config.files.shop_json}"\n',
    )


def _lab_module(config: LabConfig, module: str) -> str:
    return f"{sys.executable} -m vigil.lab.{module} {config.files.lab_json}"


def _program(
    name: str,
    command: str,
    *,
    autostart: bool = True,
    restart: bool = True,
    stop: str = "TERM",
    extra: str = "",
) -> str:
    return f"""\
[program:{name}]
command={command}
autostart={str(autostart).lower()}
autorestart={str(restart).lower()}
startsecs=1
startretries=20
stopsignal={stop}
stopwaitsecs=5
killasgroup=true
stdout_logfile=%(here)s/log/{name}.jsonl
stdout_logfile_maxbytes={KEEP_LOG_BYTES}
stdout_logfile_backups=1
stderr_logfile=%(here)s/log/{name}.err
stderr_logfile_maxbytes={KEEP_LOG_BYTES}
stderr_logfile_backups=1
{extra}"""
