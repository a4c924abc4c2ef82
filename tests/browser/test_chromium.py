"""Which Chromium the tests use, and what is said where there is none."""

from pathlib import Path

import pytest

from dev.browser import BrowserError, find, prepare


def program(path: Path) -> Path:
    """A program of that path."""
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_named_chromium_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CHROMIUM wins over what is on the PATH."""
    program(tmp_path / "chromium")
    mine = program(tmp_path / "mine")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert mine == find()


def test_any_usual_name_on_the_path_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Distributions don't agree on the name."""
    other = program(tmp_path / "google-chrome")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert other == find()
    assert other == prepare()


def test_where_there_is_none_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without apt-get nothing can be installed: the message says what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    with pytest.raises(BrowserError, match="apt-get install chromium"):
        prepare()


def test_a_named_chromium_that_is_none_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names one wants that one: nothing is installed in its place."""
    program(tmp_path / "chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(BrowserError, match="/nowhere/chromium"):
        prepare()


@pytest.mark.parametrize("code", [0, 100])
def test_root_installs_debian_s(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """apt-get updates its lists, then installs; where it fails, what it said is told."""
    apt_get = program(tmp_path / "apt-get")
    apt_get.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/said; echo no such luck\n'
        f'[ "$2" = update ] || : > {tmp_path}/chromium\n'
        f"/bin/chmod +x {tmp_path}/chromium 2>/dev/null; exit {code}\n"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    if code:
        with pytest.raises(BrowserError, match="no such luck"):
            prepare()
    else:
        assert tmp_path / "chromium" == prepare()
        assert "install --yes --no-install-recommends chromium" in (tmp_path / "said").read_text()
