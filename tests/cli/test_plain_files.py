"""Pipes, devices, sockets and links: refused where a file is read or written, and never waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from archdsl.reading import read_plain
from tests.cli.conftest import SMALL, Command

# Each is a command with a pipe or a device where it reads a file.
READERS = [
    ("check", "{}"),
    ("check", "--fix", "{}"),
    ("build", "{}"),
    ("estimate", "{}"),
    ("fmt", "{}"),
    ("diagram", "{}"),
    ("watch", "{}"),
    ("list", "{}"),
    ("ir", "{}"),
    ("fit", "{}", "--params", "1M"),
    ("space", "{}"),
    ("import", "{}"),
    ("diff", "{}", "small.arch"),
    ("compare", "small.arch", "{}"),
    ("compare", "small.arch", "--data", "{}"),
    ("compare", "small.arch", "--device", "{}"),
    ("estimate", "small.arch", "--device", "{}"),
    ("weights", "map", "{}", "--from", "timm:resnet18"),
]


@pytest.fixture(params=["a pipe", "a socket", "a device"])
def special(request: pytest.FixtureRequest) -> str:
    """Something at `it.toml`, a name that every command takes, and what it is."""
    if request.param == "a pipe":
        os.mkfifo("it.toml")
    elif request.param == "a socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("it.toml")
    else:
        Path("it.toml").symlink_to("/dev/zero")
    return str(request.param)


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_what_is_read(command: tuple[str, ...], special: str, small: Path, archdsl: Command) -> None:
    name = "it.toml"
    if "--data" in command:
        name = "it.csv"
        os.rename("it.toml", name)
    code, _, err = archdsl(*(word.format(name) for word in command))
    assert code == 2
    assert f"cannot read {name}: it is {special}, not a plain file" in err


def test_a_pipe_as_a_process_of_its_own(process: Command) -> None:
    """Which would hang, in `open` or in `read`."""
    os.mkfifo("net.arch")
    assert process("check", "net.arch").code == 2
    assert process("watch", "net.arch").code == 2
    Path("user.arch").write_text('use "net.arch"\n' + SMALL)
    assert "`net.arch` is not a file" in process("check", "user.arch").err


def test_a_link_to_a_file_is_a_file(small: Path, archdsl: Command) -> None:
    Path("link.arch").symlink_to(small)
    assert archdsl("check", "link.arch").code == 0


def test_no_more_is_read_than_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(10**12)  # a hole, which takes no space
    assert read_plain(path, 10) == bytes(11)
    with pytest.raises(IsADirectoryError):
        read_plain(tmp_path, 10)


WRITERS = [
    ("diagram", "small.arch", "--out", "out.svg"),
    ("diagram", "small.arch", "--format", "dot", "--out", "out"),
    ("import", "blocks.txt", "--out", "out.arch"),
    ("space", "space.arch", "--at", "1", "--out", "out.arch"),
    ("fit", "small.arch", "--grid", "x=1..2:1", "--params", "1M", "--out", "out.json"),
]


@pytest.fixture
def inputs(small: Path) -> None:
    Path("blocks.txt").write_text("ds_r1_k3_s1_c16\n")
    Path("space.arch").write_text("model net {\n  input = 3 x 8 x 8\n  head = conv({8, 16})\n}\n")
    small.write_text(
        SMALL.replace("model small {", "model small(x = 1) {").replace("conv_norm_act(8", "conv_norm_act(8 * x")
    )
    Path("outside").mkdir()


@pytest.mark.parametrize("command", WRITERS, ids=" ".join)
@pytest.mark.usefixtures("inputs")
def test_a_link_out_of_the_folder(command: tuple[str, ...], archdsl: Command) -> None:
    Path("work").mkdir()
    *words, name = command
    target = Path("work", name)
    command = (*words, str(target))
    for is_there in (False, True):
        if is_there:
            Path("outside/file").write_text("precious")
        target.symlink_to("../outside/file")
        code, out, err = archdsl(*command)
        assert (code, out) == (2, "")
        assert f"cannot write {target}: it is a link that leads out of its folder" in err
        assert Path("outside/file").exists() == is_there
        assert target.is_symlink()
        target.unlink()
    assert Path("outside/file").read_text() == "precious"


@pytest.mark.parametrize("command", WRITERS, ids=" ".join)
@pytest.mark.usefixtures("inputs")
def test_what_is_no_plain_file(command: tuple[str, ...], archdsl: Command) -> None:
    os.mkfifo(command[-1])
    code, out, err = archdsl(*command)
    assert (code, out) == (2, "")
    assert "it is a pipe, not a plain file" in err
    assert Path(command[-1]).is_fifo()


@pytest.mark.parametrize("name", ["small.py", "small.svg", "small.json"])
def test_a_build_through_a_link(name: str, small: Path, archdsl: Command) -> None:
    """A project with such a link is somebody's, and its doc comments would be lines in a file of the user's."""
    Path("precious").write_text("mine\n")
    Path("codegen").mkdir()
    Path("codegen", name).symlink_to("../precious")
    for force in ((), ("--force",)):
        code, out, err = archdsl("build", small, *force)
        assert (code, out) == (2, "")
        assert f"error[ARC902]: cannot write codegen/{name}: it is a link that leads out of its folder" in err
        assert [path.name for path in Path("codegen").iterdir()] == [name]
    assert Path("precious").read_text() == "mine\n"


@pytest.mark.parametrize("lead", ["/dev/zero", "/dev/full", "../pipe"])
def test_a_build_into_a_device_or_a_pipe(lead: str, small: Path, process: Command) -> None:
    os.mkfifo("pipe")
    Path("codegen").mkdir()
    Path("codegen/small.py").symlink_to(lead)
    code, out, err = process("build", small, "--force")
    assert (code, out) == (2, "")
    assert "error[ARC902]" in err
    Path("codegen/small.py").unlink()
    os.mkfifo("codegen/small.py")
    assert "it is a pipe, not a plain file" in process("build", small).err


def test_links_within_the_folder_stay(small: Path, archdsl: Command) -> None:
    archdsl("build", small)
    Path("codegen/small.py").rename("codegen/real.py")
    Path("codegen/small.py").symlink_to("real.py")
    small.write_text(SMALL.replace("16 ", "24 "))
    assert archdsl("build", small).code == 0
    assert Path("codegen/small.py").is_symlink()
    assert "24" in Path("codegen/real.py").read_text()


def test_a_loop_of_links(small: Path, archdsl: Command) -> None:
    Path("codegen").mkdir()
    Path("codegen/small.py").symlink_to("small.py")
    code, _, err = archdsl("build", small)
    assert code == 2
    assert "cannot write codegen/small.py: it is a link, not a plain file" in err


def test_the_default_folder_may_not_lead_elsewhere(tmp_path: Path, small: Path, archdsl: Command) -> None:
    """It may have come with the project; a folder that the user names is what the user says."""
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    Path("codegen").symlink_to(elsewhere)
    for command in ("build", "watch"):
        code, _, err = archdsl(command, small)
        assert code == 2
        assert "cannot write codegen: it is a link that leads out of this folder" in err
    assert not [*elsewhere.iterdir()]
    assert archdsl("build", small, "--out", "codegen").code == 0
    assert len([*elsewhere.iterdir()]) == 3


def test_a_spec_that_is_a_link_out_of_its_folder_is_not_rewritten(archdsl: Command) -> None:
    Path("inner").mkdir()
    Path("net.arch").write_text(SMALL.replace("  input   =", "  input ="))
    Path("inner/net.arch").symlink_to("../net.arch")
    before = Path("net.arch").read_text()
    code, _, err = archdsl("fmt", "inner/net.arch")
    assert code == 2
    assert "or write to " in err
    assert Path("net.arch").read_text() == before
