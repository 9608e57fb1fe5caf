"""`archdsl diff` and `archdsl breaking`, with real repositories."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import BROKEN, SMALL, Command

Git = Callable[..., str]
BLOCKS = "block cell(channels, kernel = 3, stride = 1) { out = in -> conv(channels, kernel, stride = stride) -> act }\n"
USER = 'use "blocks/cells.arch"\n\n' + SMALL.replace("| mbconv |", "| cell   |").replace(
    "| expansion | channels | layers | se   |", "| channels | layers |"
).replace("| 4         | 16       | 2      | 0.25 |", "| 16       | 2      |")


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git in a fresh repository, the current folder."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")

    def run(*arguments: str) -> str:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    run("init", "-q", "-b", "main")
    return run


def commit(git: Git, **files: str | None) -> None:
    """Commits `small="text"` as small.arch; None removes the file."""
    for name, text in files.items():
        path = Path(f"{name}.arch".replace("__", "/"))
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    git("add", "-A")
    git("commit", "-q", "-m", "a step")


# diff ----------------------------------------------------------------------------------------------------------------


def test_exit_codes_are_those_of_diff(small: Path, archdsl: Command) -> None:
    Path("wide.arch").write_text(SMALL.replace("| 16 ", "| 24 "))
    Path("broken.arch").write_text(BROKEN)
    assert archdsl("diff", small, small) == (0, "small: equal\n", "")
    code, out, err = archdsl("diff", small, "wide.arch")
    assert (code, err) == (1, "")
    assert "channels 16 -> 24" in out
    code, out, err = archdsl("diff", small, "broken.arch")
    assert (code, out) == (2, "")
    assert "broken.arch:4:" in err
    assert archdsl("diff", small, "none.arch").code == 2
    assert archdsl("diff", small, "small.arch:b1").code == 2
    Path("empty.arch").write_text("# nothing\n")
    assert archdsl("diff", "empty.arch", small).err == "error[ARC904]: empty.arch has no models\n\n"


def test_variants(archdsl: Command) -> None:
    Path("family.arch").write_text(
        "model m(width = 8) { input = 3 x 8 x 8\n stem = conv(width) }\n"
        "variants m { | name | width |\n | one | 8 |\n | two | 16 |\n }\n"
    )
    code, out, _ = archdsl("diff", "family.arch:one", "family.arch:m_two")
    assert code == 1
    assert out.startswith("m_one -> m_two\n")
    assert archdsl("diff", "family.arch", "family.arch") == (0, "m_one: equal\nm_two: equal\n", "")
    assert archdsl("diff", "family.arch", "family.arch", "--variant", "two") == (0, "m_two: equal\n", "")


def test_json(small: Path, archdsl: Command) -> None:
    Path("wide.arch").write_text(SMALL.replace("| 16 ", "| 24 "))
    document = json.loads(archdsl("diff", small, "wide.arch", "--output-format", "json").out)
    (model,) = document["models"]
    assert (document["format_version"], document["equal"], model["equal"]) == ("1.1", False, False)
    stage, head = model["parts"]
    assert stage["changes"] == [{"what": "channels", "before": 16, "after": 24}]
    (weight,) = (key for layer in head["layers"] for key in layer["keys"])
    assert weight == {
        "before": "classifier.weight",
        "after": "classifier.weight",
        "shape_before": [10, 16],
        "shape_after": [10, 24],
    }


def test_revisions(git: Git, archdsl: Command) -> None:
    commit(git, small=SMALL)
    git("tag", "v1")
    git("branch", "topic/one")
    commit(git, small=SMALL.replace("| 16 ", "| 24 "))
    Path("small.arch").write_text(SMALL.replace("| 16 ", "| 32 "))
    assert "channels 16 -> 24" in archdsl("diff", "small.arch@HEAD~1", "small.arch@HEAD").out
    assert "channels 24 -> 32" in archdsl("diff", "small.arch@HEAD", "small.arch").out
    assert "channels 16 -> 32" in archdsl("diff", "small.arch:small@topic/one", "small.arch").out
    assert archdsl("diff", "small.arch@v1", "small.arch@topic/one").code == 0
    code, _, err = archdsl("diff", "small.arch@topic/on", "small.arch")
    assert code == 2
    assert "did you mean `topic/one`?" in err
    assert archdsl("diff", "small.arch@--help", "small.arch").code == 2
    code, _, err = archdsl("diff", "smal.arch@HEAD", "small.arch")
    assert code == 2
    assert "did you mean `small.arch`?" in err
    assert archdsl("diff", "-@HEAD", "small.arch").code == 2


def test_a_revision_has_the_files_that_it_used(git: Git, archdsl: Command) -> None:
    commit(git, nets__user=USER.replace("blocks/", "../blocks/"), blocks__cells=BLOCKS)
    commit(git, blocks__cells=BLOCKS.replace("-> act", "-> norm -> act"))
    code, out, err = archdsl("diff", "nets/user.arch@HEAD~1", "nets/user.arch")
    assert (code, err) == (1, "")
    assert "+ norm" in out
    # What the file used then may be gone by now, and the folder too.
    commit(git, nets__user=SMALL, blocks__cells=None)
    assert archdsl("diff", "nets/user.arch@HEAD~1", "nets/user.arch@HEAD~1").code == 0
    Path("nets/user.arch").unlink()
    Path("nets").rmdir()
    assert archdsl("diff", "nets/user.arch@HEAD~1", "nets/user.arch@HEAD~2").code == 1


def test_a_file_of_the_past_stays_in_its_project_too(git: Git, archdsl: Command) -> None:
    commit(git, inner__user=USER.replace("blocks/", "../blocks/"), blocks__cells=BLOCKS)
    assert archdsl("diff", "inner/user.arch@HEAD", "inner/user.arch@HEAD").code == 0
    Path("inner/pyproject.toml").touch()
    git("add", "-A")
    git("commit", "-q", "-m", "a project of its own")
    code, _, err = archdsl("diff", "inner/user.arch@HEAD", "inner/user.arch@HEAD~1")
    assert code == 2
    assert "inner/user.arch@HEAD:1:5: error[ARC212]: `../blocks/cells.arch` is outside the project" in err


def test_links_of_the_past_lead_nowhere(git: Git, archdsl: Command) -> None:
    Path("link.arch").symlink_to("/etc/passwd")
    Path("user.arch").write_text('use "link.arch"\n' + SMALL)
    git("add", "-A")
    git("commit", "-q", "-m", "links")
    code, _, err = archdsl("diff", "link.arch@HEAD", "user.arch@HEAD")
    assert (code, "root:" in err) == (2, False)
    assert (
        err.strip()
        == "error[ARC901]: cannot read link.arch@HEAD: it is a link, and links of a revision are not followed"
    )
    assert (
        "`link.arch` is a link, and links of a revision are not followed"
        in archdsl("diff", "user.arch@HEAD", "user.arch@HEAD").err
    )
    # And a link of today where there was a file is not a link of the past.
    commit(git, small=SMALL)
    Path("small.arch").unlink()
    Path("small.arch").symlink_to("/etc/passwd")
    assert archdsl("diff", "small.arch@HEAD", "small.arch@HEAD").code == 0


def _object(commit: str) -> Path:
    path = Path(".git/objects", commit[:2], commit[2:])
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_revision_that_cannot_be_read_is_not_one_that_is_unknown(git: Git, archdsl: Command, is_gone: bool) -> None:
    for text in (SMALL, f"# 2\n{SMALL}", f"# 3\n{SMALL}"):
        commit(git, small=text)
    git("tag", "-a", "-m", "old", "old", "HEAD~1")
    named = git("rev-parse", "HEAD~1").strip()
    if is_gone:
        _object(named).unlink()
    else:
        _object(named).write_bytes(b"nothing that git wrote")
    for revision in ("HEAD~1", "HEAD~2", "old", *([] if is_gone else [named])):
        for command in (("breaking", "--against", revision), ("diff", f"small.arch@{revision}", "small.arch")):
            code, out, err = archdsl(*command)
            assert (code, out) == (2, "")
            assert f"cannot read `{revision}`" in err
            assert "git fsck" in err
            assert "nothing breaks" not in err
    for revision in ("nosuch", "0" * 40):
        assert f"`{revision}` is not a revision" in archdsl("breaking", "--against", revision).err
    assert ", but a blob" in archdsl("breaking", "--against", "HEAD:small.arch").err


def test_no_repository(small: Path, archdsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))
    code, out, err = archdsl("diff", "small.arch@HEAD", small)
    assert (code, out) == (2, "")
    assert "not a git repository" in err
    monkeypatch.setenv("PATH", "")
    assert "error[ARC903]: cannot run git" in archdsl("diff", "small.arch@HEAD", small).err


# breaking ------------------------------------------------------------------------------------------------------------


def test_nothing_breaks(git: Git, archdsl: Command) -> None:
    commit(git, small=SMALL)
    commit(git, small="# A comment.\n" + SMALL, more=SMALL.replace("small", "more"))
    code, out, err = archdsl("breaking", "--against", "HEAD~1")
    assert (code, out, err) == (0, "", "1 network compared with HEAD~1, nothing breaks\n")


def test_what_breaks_by_category(git: Git, archdsl: Command) -> None:
    commit(git, small=SMALL, gone=SMALL.replace("small", "gone"))
    commit(git, small=SMALL.replace("0.25", "0.5 ").replace("stride = 2", "stride = 1"), gone=None)
    code, out, err = archdsl("breaking", "--against", "HEAD~1")
    assert code == 1
    lines = out.splitlines()
    assert lines[:2] == ["gone.arch: gone", "  MODELS     removed"]
    assert "  NUMERICS   stem stem.conv: stride 2 -> 1" in lines
    assert "  SHAPES     stages.0.0.main.squeeze_excite.weight.conv.bias: 2 -> 4" in lines
    assert any(line.startswith("  COST       params ") for line in lines)
    assert err.endswith("breaking changes: MODELS, SHAPES, NUMERICS, COST\n")
    assert archdsl("breaking", "small.arch", "--against", "HEAD~1", "--allow", "shapes,cost").code == 1
    allowed = ("--allow", "SHAPES,COST,NUMERICS")
    code, out, _ = archdsl("breaking", "small.arch", "--against", "HEAD~1", *allowed)
    assert (code, "(allowed)" in out) == (0, True)


def test_a_network_may_move(git: Git, archdsl: Command) -> None:
    """To a file of another name, new or not: whoever builds it by name finds it, and a change in it is told there."""
    commit(git, small=SMALL, gone=SMALL.replace("small", "gone"), more=SMALL.replace("small", "more"))
    moved = SMALL.replace("small", "more") + SMALL.replace("small", "gone").replace("0.25", "0.5 ")
    commit(git, small=None, fresh=SMALL, gone=None, more=moved)
    code, out, err = archdsl("breaking", "--against", "HEAD~1")
    assert code == 1
    assert "MODELS" not in out
    assert out.startswith("more.arch: gone\n  SHAPES ")
    assert err.startswith("3 networks compared with HEAD~1, breaking changes: SHAPES")
    commit(git, other=SMALL)
    assert archdsl("breaking", "--against", "HEAD~1").code == 0
    commit(git, fresh=None, other=None, one=SMALL, two=SMALL)  # in two files: which of them is it?
    assert "MODELS     removed" in archdsl("breaking", "--against", "HEAD~1").out


def test_formats_for_programs(git: Git, archdsl: Command) -> None:
    commit(git, small=SMALL, gone=SMALL.replace("small", "gone"))
    commit(git, small=SMALL.replace("stride = 2", "stride = 1"), gone=None)
    document = json.loads(archdsl("breaking", "--against", "HEAD~1", "--output-format", "json", "--allow", "COST").out)
    found = [(one["model"], one["category"], one["allowed"]) for one in document["breaking"]]
    assert found == [("gone", "MODELS", False), ("small", "NUMERICS", False), ("small", "COST", True)]
    code, out, err = archdsl("breaking", "--against", "HEAD~1", "--output-format", "github", "--allow", "COST")
    assert (code, err) == (1, "")
    first, second, third = out.splitlines()
    # There is no file to show this beside.
    assert first == "::error title=MODELS::gone.arch: gone:%0Aremoved"
    assert second.startswith("::error file=small.arch,line=2,col=7,title=NUMERICS::small:%0Astem stem.conv: stride")
    assert third.startswith("::notice ")
    assert " %25)" in third
    commit(git, small=f"{SMALL}{SMALL.replace('small', 'second')}")
    commit(git, small=SMALL)
    # Its line is one of the past, perhaps beyond the end of what the file is now.
    out = archdsl("breaking", "--against", "HEAD~1", "--output-format", "github").out
    assert out == "::error file=small.arch,title=MODELS::second:%0Aremoved\n"


def test_files_with_mistakes(git: Git, archdsl: Command) -> None:
    Path("worse.arch").write_bytes(b"model \xff")
    commit(git, small=SMALL, broken=BROKEN)
    code, out, err = archdsl("breaking", "--against", "HEAD")
    assert (code, out) == (0, "")
    assert "not compared, for mistakes at HEAD: broken.arch, worse.arch\n" in err
    Path("small.arch").write_text(BROKEN)
    code, _, err = archdsl("breaking", "--against", "HEAD")
    assert code == 1
    assert "small.arch:4:" in err


def test_untracked_files_do_not_count(git: Git, archdsl: Command) -> None:
    commit(git, small=SMALL)
    Path("new.arch").write_text(BROKEN)
    assert archdsl("breaking", "--against", "HEAD").code == 0
    assert archdsl("breaking", "none.arch", "--against", "HEAD").code == 2
    assert archdsl("breaking", "new.arch", "--against", "HEAD").code == 0  # nobody used it then


@pytest.mark.parametrize("arguments", [["--allow", "NAMES"], ["--tolerance", "some"], ["--tolerance", "-1"]])
def test_wrong_options(arguments: list[str], git: Git, archdsl: Command) -> None:
    assert archdsl("breaking", "--against", "HEAD", *arguments).code == 2
    assert archdsl("breaking").code == 2
