"""What a file reads and what a command writes: its own project, and below `--out`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from archdsl.cli.main import main
from archdsl.compiler import compile_file
from archdsl.diagnostics.render import concise
from tests.injection.places import PAYLOADS

BLOCK = "block {name}() {{\n  out = in\n}}\n"
SECRET = "a secret of somebody else"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project beside what is not its own; the folder of its specs is the current one."""
    specs = tmp_path / "project" / "specs"
    specs.mkdir(parents=True)
    (specs.parent / "pyproject.toml").touch()
    (specs.parent / "shared.arch").write_text(BLOCK.format(name="shared"))
    (tmp_path / "outside.arch").write_text(f"# {SECRET}\n{BLOCK.format(name='outside')}")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.chdir(specs)
    return specs


def said(path: str) -> str:
    """What archdsl says of a file that uses another; it may say nothing of what is in that one."""
    written = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    Path("net.arch").write_text(f'use "{written}"\nblock b() {{\n  out = in\n}}\n', encoding="utf-8", newline="")
    text = "\n".join(concise(problem) for problem in compile_file("net.arch").problems)
    assert SECRET not in text
    assert "secret" not in text.replace(str(Path.cwd()), "").replace(path, "")
    return text


def test_the_rest_of_the_project(project: Path) -> None:
    assert said("../shared.arch") == ""
    assert said("archdsl:resnet.arch") == ""


@pytest.mark.parametrize("payload", PAYLOADS)
def test_paths_that_lead_elsewhere(payload: str, project: Path) -> None:
    assert "ARC" in said(PAYLOADS[payload])


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("../../outside.arch", "is outside the project"),
        ("./.././specs/../../outside.arch", "is outside the project"),
        ("../../secret", "is outside the project"),
        ("archdsl:../pyproject.toml", "does not exist"),
        ("archdsl:/etc/passwd", "does not exist"),
        ("../specs", "is a folder"),
        (".", "is a folder"),
        ("", "is a folder"),
        ("../pyproject.toml", "is not a `.arch` file"),
    ],
)
def test_what_is_no_file_of_the_project(path: str, problem: str, project: Path) -> None:
    assert problem in said(path)


def test_an_absolute_path(project: Path) -> None:
    assert "is an absolute path" in said(str(project.parent / "shared.arch"))


def test_links(project: Path) -> None:
    Path("link.arch").symlink_to("../shared.arch")
    Path("away.arch").symlink_to("../../outside.arch")
    Path("key.arch").symlink_to("../.git-credentials")
    Path("../.git-credentials").write_text(SECRET)
    Path("folder").symlink_to("../..")
    Path("loop.arch").symlink_to("loop.arch")
    assert said("link.arch") == ""
    assert "is outside the project" in said("away.arch")
    assert "is not a `.arch` file" in said("key.arch")
    assert "is outside the project" in said("folder/outside.arch")
    assert "ARC212" in said("loop.arch")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("missing.arch", "`missing.arch` does not exist"),
        ("beside.arch", "`beside.arch` does not exist"),
        ("../missing.arch", "`../missing.arch` does not exist"),
        ("../../missing.arch", "is outside the project"),
        ("../../outside.arch", "is outside the project"),
        ("../shared.arch", ""),
        ("own.arch", ""),
    ],
)
def test_a_file_that_is_a_link(path: str, problem: str, project: Path) -> None:
    """It stands where the link is, in the project of that folder: what it uses is looked for there."""
    elsewhere = project.parents[1] / "elsewhere"
    elsewhere.mkdir()
    Path("net.arch").symlink_to(elsewhere / "net.arch")
    (elsewhere / "beside.arch").write_text(BLOCK.format(name="beside"))
    Path("own.arch").write_text(BLOCK.format(name="own"))
    found = said(path)
    assert Path("net.arch").is_symlink()
    assert problem in found
    assert bool(found) == bool(problem)


def test_what_is_no_file(project: Path) -> None:
    """A pipe is not waited for, and of a device nothing is read."""
    os.mkfifo("pipe.arch")
    Path("zeros.arch").symlink_to("/dev/zero")
    assert "is not a file" in said("pipe.arch")
    assert "is outside the project" in said("zeros.arch")
    assert main(["check", "/dev/zero"]) == 2


def test_a_huge_file(project: Path) -> None:
    with open("huge.arch", "wb") as file:
        file.truncate(2**36)  # holds nothing, and would take 64 GB to read
    assert "more than the bound" in said("huge.arch")


def test_a_file_that_may_not_be_read(project: Path) -> None:
    Path("mine.arch").write_text(BLOCK.format(name="mine"))
    Path("mine.arch").chmod(0)
    if os.access("mine.arch", os.R_OK):
        pytest.skip("nothing is forbidden to this user")
    assert "cannot read" in said("mine.arch")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_outputs_stay_in_their_folder(payload: str, project: Path) -> None:
    """Files are called after the spec, which must be a name that Python can import, and never after what is in it."""
    text = PAYLOADS[payload].replace("\0", "").replace("/", "\N{FRACTION SLASH}")[:60]
    before = set(project.parent.parent.rglob("*"))
    folder = Path(text.strip() or "folder") if text not in (".", "..") else Path("folder")
    folder.mkdir()
    spec = folder / f"net{text}.arch"
    spec.write_text("model net {\n  input = 3 x 8 x 8\n  stem = conv(8)\n}\n")
    main(["build", str(spec), "--out", "out"])
    made = set(project.parent.parent.rglob("*")) - before - {project / folder, project / spec}
    assert all(path.is_relative_to(project / "out") for path in made)
    assert all(path.name in ("out", f"net{text}.py", f"net{text}.svg", f"net{text}.json") for path in made)


# Revisions -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(project: Path) -> Path:
    """The project as a git repository with one commit."""
    spec = project / "net.arch"
    spec.write_text("model net {\n  input = 3 x 8 x 8\n  stem = conv(8)\n}\n")
    for command in (
        ["init", "-q", ".."],
        ["add", "net.arch"],
        ["-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "-qm", "one"],
    ):
        subprocess.run(["git", *command], check=True, capture_output=True)
    return project


@pytest.mark.parametrize("payload", [name for name, text in PAYLOADS.items() if "\0" not in text and text.strip()])
def test_revisions_are_no_options(payload: str, repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = PAYLOADS[payload]
    before = sorted(repository.parent.parent.rglob("*"))
    assert main(["diff", f"net.arch@{text}", "net.arch"]) == 2
    assert main(["breaking", f"--against={text}"]) == 2
    assert main(["breaking", "net.arch", f"--against={text}"]) == 2
    err = capfd.readouterr().err
    assert all(character.isprintable() or character == "\n" for character in err)
    assert "bug of archdsl" not in err
    assert "not a revision" in err
    assert sorted(repository.parent.parent.rglob("*")) == before


def test_paths_of_the_past_stay_in_the_project(repository: Path) -> None:
    for spec in ("../../outside.arch", "/etc/passwd", "../.git/config"):
        assert main(["diff", f"{spec}@HEAD", "net.arch"]) == 2


def test_a_revision_is_read(repository: Path) -> None:
    """What all the others are refused for is not that there is no git."""
    assert main(["diff", "net.arch@HEAD", "net.arch"]) == 0
    assert main(["breaking", "--against=HEAD"]) == 0
