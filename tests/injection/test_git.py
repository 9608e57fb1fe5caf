"""A repository of somebody else: nothing that its configuration names is run, and nothing missing is fetched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from archdsl.cli.main import main

NET = """\
model net {{
  input = 3 x 8 x 8
  head  = conv({channels}, 3) -> global_avg_pool -> linear(10)
}}
"""
Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git in a fresh repository with two states of `net.arch`, the current folder."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    root = tmp_path / "repository"
    root.mkdir()
    monkeypatch.chdir(root)

    def run(*arguments: str, check: bool = True) -> str:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments]
        return subprocess.run(command, check=check, capture_output=True, text=True).stdout.strip()

    run("init", "-q", "-b", "main")
    for channels in (8, 16):
        Path("net.arch").write_text(NET.format(channels=channels))
        run("add", "-A")
        run("commit", "-q", "-m", "a step")
    return run


def lose(git: Git, name: str) -> None:
    """The repository no longer has an object."""
    found = git("rev-parse", name)
    Path(".git/objects", found[:2], found[2:]).unlink()


def trap(git: Git, folder: Path) -> Path:
    """Has every setting that can name a program name one that leaves a file behind. Returns where that would be."""
    sprung = folder / "sprung"
    program = folder / "trap"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {sprung}\nexit 1\n')
    program.chmod(0o755)
    hooks = folder / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "post-checkout", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc"):
        (hooks / hook).symlink_to(program)
        Path(".git/hooks").mkdir(exist_ok=True)
        Path(".git/hooks", hook).symlink_to(program)
    settings = {
        "core.fsmonitor": program,
        "core.sshCommand": program,
        "core.hooksPath": hooks,
        "core.gitProxy": program,
        "core.askPass": program,
        "core.pager": program,
        "core.editor": program,
        "core.alternateRefsCommand": program,
        "credential.helper": f"!{program}",
        "diff.external": program,
        "diff.evil.textconv": program,
        "diff.evil.command": program,
        "filter.evil.smudge": program,
        "filter.evil.clean": program,
        "filter.evil.process": program,
        "gpg.program": program,
        "alias.rev-parse": f"!{program}",
        "alias.ls-tree": f"!{program}",
        "pager.ls-tree": program,
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "protocol.file.allow": "always",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "remote.origin.uploadpack": program,
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
    }
    for name, value in settings.items():
        git("config", name, str(value))
    Path(".gitattributes").write_text("*.arch diff=evil filter=evil\n")
    Path(".git/info").mkdir(exist_ok=True)
    Path(".git/info/attributes").write_text("*.arch diff=evil filter=evil\n")
    return sprung


URLS = ["ext::{program} %S", "ssh://host.invalid/path", "{folder}/elsewhere", "git://host.invalid/path", "evil::x"]
COMMANDS = [
    ("breaking", "--against", "HEAD~1"),
    ("breaking", "net.arch", "--against", "HEAD~1"),
    ("diff", "net.arch@HEAD~1", "net.arch"),
    ("compare", "net.arch@HEAD~1", "net.arch"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("url", URLS)
def test_nothing_of_the_configuration_is_run(
    url: str, command: tuple[str, ...], git: Git, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", ".", str(tmp_path / "elsewhere")], check=True)
    sprung = trap(git, tmp_path)
    git("config", "remote.origin.url", url.format(program=tmp_path / "trap", folder=tmp_path))
    sprung.unlink(missing_ok=True)
    assert main(list(command)) in (0, 1)  # all is there
    assert not sprung.exists()
    lose(git, "HEAD~1:net.arch")
    sprung.unlink(missing_ok=True)
    assert main(list(command)) == 2
    assert "the repository does not have its contents" in capsys.readouterr().err
    assert not sprung.exists()


def test_the_trap_can_spring(git: Git, tmp_path: Path) -> None:
    """Else the test above could not fail."""
    sprung = trap(git, tmp_path)
    git("config", "remote.origin.url", "ssh://host.invalid/path")
    lose(git, "HEAD~1:net.arch")
    sprung.unlink(missing_ok=True)
    git("cat-file", "blob", "HEAD~1:net.arch", check=False)
    assert "host.invalid" in sprung.read_text()
    sprung.unlink()
    git("ls-files", check=False)
    git("status", check=False)
    assert sprung.exists()


def test_a_replacement_is_not_what_was_committed(git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    Path("other").write_text(NET.format(channels=16))
    other = git("hash-object", "-w", "other")
    git("replace", git("rev-parse", "HEAD~1:net.arch"), other)
    assert main(["diff", "net.arch@HEAD~1", "net.arch"]) == 1
    assert "8 -> 16" in capsys.readouterr().out


# What cannot be read is not nothing ----------------------------------------------------------------------------------


def failed(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """What a command says that could not run; it must not say that nothing breaks."""
    assert main(list(command)) == 2
    out, err = capsys.readouterr()
    assert "error[ARC901]" in err
    assert out == ""
    return err


def test_a_lost_blob(git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    lose(git, "HEAD~1:net.arch")
    err = failed(capsys, "breaking", "--against", "HEAD~1")
    assert "cannot read net.arch@HEAD~1: the repository does not have its contents" in err
    assert "1 file could not be compared" in err
    failed(capsys, "diff", "net.arch@HEAD~1", "net.arch")


def test_a_lost_blob_that_another_file_uses(git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    """That is not a mistake in the file that uses it, which would not be compared, and all would be well."""
    Path("cells.arch").write_text("block cell(channels) {\n  out = in -> conv(channels, 3)\n}\n")
    Path("net.arch").write_text(
        'use "cells.arch"\n' + NET.format(channels=8).replace("conv(", "cell(").replace(", 3", "")
    )
    git("add", "-A")
    git("commit", "-q", "-m", "cells")
    lose(git, "HEAD:cells.arch")
    assert "cannot read cells.arch@HEAD" in failed(capsys, "breaking", "net.arch", "--against", "HEAD")


@pytest.mark.parametrize("lost", ["HEAD~1:", "HEAD~1:nets"])
def test_a_lost_tree(lost: str, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    Path("nets").mkdir()
    Path("net.arch").rename("nets/net.arch")
    git("add", "-A")
    git("commit", "-q", "-m", "moved")
    Path("nets/net.arch").write_text(NET.format(channels=24))
    git("commit", "-q", "-a", "-m", "wider")
    lose(git, lost)
    failed(capsys, "breaking", "--against", "HEAD~1")
    failed(capsys, "breaking", "nets/net.arch", "--against", "HEAD~1")
    failed(capsys, "diff", "nets/net.arch@HEAD~1", "nets/net.arch")


def test_a_partial_clone(
    git: Git, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("config", "uploadpack.allowFilter", "true")
    source, clone = Path.cwd().as_uri(), tmp_path / "partial"
    subprocess.run(["git", "clone", "-q", "--filter=blob:none", source, str(clone)], check=True, capture_output=True)
    monkeypatch.chdir(clone)
    failed(capsys, "breaking", "--against", "HEAD~1")
    assert main(["breaking", "--against", "HEAD"]) == 0  # which was checked out, and so was fetched
    subprocess.run(["git", "cat-file", "-e", "HEAD~1:net.arch"], check=True)  # the clone itself is sound
    assert main(["breaking", "--against", "HEAD~1"]) == 1


@pytest.mark.parametrize(
    "revision", ["^HEAD", "HEAD^!", "HEAD~1..HEAD", "HEAD^{tree}", "HEAD:net.arch", "", "nothing", "--all"]
)
def test_what_is_no_revision(revision: str, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    err = failed(capsys, "breaking", f"--against={revision}")
    assert "of the repository repository" in err


def test_a_blob_that_is_too_large(git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    """Its size is asked first: not all of it is read."""
    with Path("net.arch").open("ab") as file:
        file.truncate(50_000_000)
    git("add", "-A")
    git("commit", "-q", "-m", "large")
    Path("net.arch").write_text(NET.format(channels=8))
    assert main(["diff", "net.arch@HEAD", "net.arch"]) == 2
    err = capsys.readouterr().err
    assert "net.arch@HEAD:1:1" in err
    assert "the file has 50,000,000 bytes, more than the bound" in err
    assert main(["breaking", "--against", "HEAD"]) == 0
    assert "not compared, for mistakes at HEAD: net.arch" in capsys.readouterr().err


def test_links_are_told(git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    os.symlink("net.arch", "link.arch")
    git("add", "-A")
    git("commit", "-q", "-m", "a link")
    assert main(["breaking", "--against", "HEAD"]) == 0
    err = capsys.readouterr().err
    assert "not compared, for being links at HEAD: link.arch" in err
    assert "1 network compared with HEAD, nothing breaks" in err


def test_a_repository_inside_of_another_is_none(git: Git, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clone can bring a bare one along as plain files, with a configuration of its own."""
    subprocess.run(["git", "clone", "-q", "--bare", ".", "inner"], check=True)
    subprocess.run(["git", "-C", "inner", "config", "core.bare", "false"], check=True)
    subprocess.run(["git", "-C", "inner", "config", "core.worktree", str(tmp_path)], check=True)
    Path("inner/net.arch").write_text(NET.format(channels=8))
    failed(capsys, "diff", "inner/net.arch@HEAD", "net.arch")


def test_what_a_configuration_includes_is_not_quoted(
    git: Git, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "token"
    secret.write_text('hunter2TOKEN\n"second line"\n')
    git("config", "include.path", str(secret))
    assert main(["breaking", "net.arch", "--against", "HEAD"]) == 2
    printed = capsys.readouterr()
    assert "hunter2" not in (printed.out + printed.err).lower()
    assert "its configuration has a mistake" in printed.err
