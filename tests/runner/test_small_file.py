"""A small file that a grant names is read at once, or not at all: whatever lies in its place."""

import os
from pathlib import Path

import pytest

from vigil.domain.verbs.nginx import NginxUpstreamGrant
from vigil.runner.verbs.base import NotDone, Refusal
from vigil.runner.verbs.nginx import Nginx
from vigil.runner.verbs.secret import MAX_BYTES, secret_in
from vigil.runner.verbs.small_file import beginning_of

pytestmark = pytest.mark.timeout(20)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Nobody writes to it: whoever waits for it waits for ever."""
    made = tmp_path / "pipe"
    os.mkfifo(made)
    return made


def nginx(pid_file: Path) -> Nginx:
    fields = {"file": "/etc/n", "servers": ("a:1", "b:1"), "config": "/etc/nginx.conf"}
    whole = {"verb": "nginx.upstream", "pid_file": str(pid_file), **fields}
    return Nginx(NginxUpstreamGrant.model_validate(whole))


def test_a_pipe_is_no_secret(pipe: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read: it is not a regular file"):
        secret_in(str(pipe))


def test_a_pipe_is_no_pid_file(pipe: Path) -> None:
    with pytest.raises(NotDone, match="nginx does not run"):
        nginx(pipe).master()


def test_a_device_without_end_is_neither() -> None:
    with pytest.raises(Refusal, match="not a regular file"):
        secret_in("/dev/zero")
    with pytest.raises(NotDone, match="not a regular file"):
        nginx(Path("/dev/zero")).master()


def test_no_more_is_read_than_there_may_be(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as opened:
        opened.truncate(1 << 40)
    assert len(beginning_of(str(large), MAX_BYTES)) == MAX_BYTES
    with pytest.raises(Refusal, match="one line of at most"):
        secret_in(str(large))
    with pytest.raises(NotDone, match="nginx does not run"):
        nginx(large).master()


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    """As secrets are mounted."""
    (tmp_path / "data").write_text("kept\n")
    (tmp_path / "token").symlink_to("data")
    assert secret_in(str(tmp_path / "token")) == "kept"
