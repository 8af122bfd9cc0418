"""What kind of place a path names, detours and all."""

import pytest

from vigil.guard import places


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/etc//shadow",
        "/tmp/../etc/shadow",
        "/etc/passwd",
        "file:///etc/shadow",
        "/etc/sudoers.d/x",
        "~/.ssh/id_ed25519",
        "/home/a/.aws/credentials",
        ".env",
        "app/.env.production",
        "server.key",
        "certs/tls.pem",
        "/proc/1/environ",
        "/proc/self/environ",
        "~/.bash_history",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        "terraform.tfstate",
        "/var/log/auth.log.1",
        "/etc/sh*w",
        "/etc/s?adow",
        "/etc/[a-z]hadow",
        "/et*/passwd",
        "~/.ssh/*",
        "/home/*/.aws/credentials",
        "/proc/*/environ",
    ],
)
def test_files_of_secrets(path: str) -> None:
    assert places.sensitive(path)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hosts",
        "/etc/nginx/nginx.conf",
        "environment",
        "key",
        "/var/log/syslog",
        "/etc/nginx/*",
        "*.log",
        "/var/log/nginx/*.gz",
        "passwd.py",
        "",
    ],
)
def test_files_that_are_none(path: str) -> None:
    assert not places.sensitive(path)


def test_scratch_is_what_lies_in_it() -> None:
    assert places.scratch("/tmp/a")
    assert places.scratch("/var/tmp/a/b")
    for path in (
        "/tmp",
        "/tmp/",
        "/tmp/.",
        "/tmp/..",
        "/tmp/../etc",
        "/tmp/a/../..",
        "/tmpx/a",
        "tmp/a",
    ):
        assert not places.scratch(path), path


def test_devices() -> None:
    for path in (
        "/dev/sda",
        "/dev/nvme0n1p1",
        "/dev/../dev/sda1",
        "/dev/mapper/vg-root",
        "/dev/mem",
    ):
        assert places.device(path), path
    for path in ("/dev/null", "/dev/stdout", "/dev/tty", "/dev/fd/3"):
        assert places.harmless_device(path), path
        assert not places.device(path), path
    assert places.dials_out("/dev/tcp/10.0.0.1/443")


def test_what_lasts() -> None:
    for path in (
        "/etc/cron.d/x",
        "/etc/crontab",
        "/etc/systemd/system/x.service",
        "~/.bashrc",
        "/root/.ssh/authorized_keys",
        "/etc/ld.so.preload",
        "/etc/passwd",
        ".git/hooks/pre-commit",
    ):
        assert places.persists(path), path
    assert not places.persists("/etc/nginx/nginx.conf")
    assert not places.persists("/srv/bashrc")
