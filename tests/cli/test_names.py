"""What outputs are called: as every system can have it, and so that nothing else is hidden by it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from archdsl.cli.names import output_name
from archdsl.folders import examples_folder, shipped, shipped_name, specs_folder
from tests.cli.conftest import SMALL, Command


@pytest.mark.parametrize("spec", ["archdsl:v2_s.arch", "archdsl:specs/v2_s.arch"])
def test_a_shipped_file_is_built(spec: str, archdsl: Command) -> None:
    assert archdsl("build", spec).code == 0
    assert sorted(path.name for path in Path("codegen").iterdir()) == ["v2_s.json", "v2_s.py", "v2_s.svg"]
    assert "from v2_s.arch." in Path("codegen/v2_s.py").read_text()
    assert archdsl("diagram", spec) == (0, "wrote v2_s.svg\n", "")


@pytest.mark.parametrize("spec", ["archdsl:ghostnet.arch", "archdsl:examples/ghostnet.arch"])
def test_an_example_is_shipped_too(spec: str, archdsl: Command) -> None:
    assert archdsl("check", spec).code == 0
    assert archdsl("build", spec).code == 0
    assert Path("codegen/ghostnet.py").exists()
    Path("mine.arch").write_text(f'use "{spec}"\n' + SMALL)
    assert archdsl("check", "mine.arch").code == 0


def test_names_of_shipped_files() -> None:
    for path in (*specs_folder().glob("*.arch"), *examples_folder().glob("*.arch")):
        name = shipped_name(path)
        assert name is not None
        assert shipped(name) == path
    assert not {path.name for path in specs_folder().iterdir()} & {path.name for path in examples_folder().iterdir()}
    for text in ("archdsl:../pyproject.toml", "archdsl:examples/../specs/v2_s.arch", "archdsl:/etc/passwd"):
        assert shipped(text) is None


def test_a_mistyped_example(archdsl: Command) -> None:
    assert "did you mean archdsl:ghostnet.arch?" in archdsl("check", "ghosnet.arch").err


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("archdsl:unet", "did you mean archdsl:unet.arch?"),
        ("archdsl:ghosnet.arch", "did you mean archdsl:ghostnet.arch?"),
        ("archdsl:resnet50", "did you mean archdsl:resnet.arch?"),
        ("archdsl:examples/unte.arch", "did you mean `archdsl:unet.arch`?"),
        ("archdsl:recipes/nfnt", "did you mean `archdsl:recipes/nfnet.arch`?"),
    ],
)
def test_a_shipped_file_that_is_none(spec: str, meant: str, archdsl: Command) -> None:
    code, _, err = archdsl("check", spec)
    assert (code, f"cannot read {spec}: " in err) == (2, True)
    assert meant in err
    assert "did you mean" not in archdsl("check", "archdsl:xqzw").err


def test_a_shipped_file_that_is_used_and_is_none(archdsl: Command) -> None:
    Path("mine.arch").write_text('use "archdsl:unet"\n' + SMALL)
    assert "did you mean `archdsl:unet.arch`?" in archdsl("check", "mine.arch").err


@pytest.mark.parametrize("command", [("fmt",), ("check", "--fix")])
def test_a_shipped_file_is_not_changed(
    command: tuple[str, ...], archdsl: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "specs").mkdir()
    net = tmp_path / "specs" / "net.arch"
    net.write_text(SMALL.replace("  input   =", "  inptu ="))
    monkeypatch.setattr("archdsl.folders.specs_folder", lambda: tmp_path / "specs")
    before = net.read_bytes()
    archdsl(*command, "archdsl:net.arch")
    assert net.read_bytes() == before
    assert not Path("archdsl:net.arch").exists()


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("archdsl:efficientnet.arch", "efficientnet"),
        ("a/b.c.arch", "b.c"),
        ("a:b.arch", "a_b"),
        ('what?<is>*"this"|.arch', "what__is___this__"),
        ("con.arch", "con_"),
        ("Com1.arch", "Com1_"),
        ("lpt0.old.arch", "lpt0.old_"),
        ("console.arch", "console"),
        ("dots. .arch", "dots"),
    ],
)
def test_names_that_every_system_can_have(spec: str, name: str) -> None:
    assert output_name(spec) == name


@pytest.mark.parametrize(
    ("name", "reason", "better"),
    [
        ("os", "os.py would hide Python's own module `os`", "model_os"),
        ("sitecustomize", "Python imports sitecustomize.py by itself", "model_sitecustomize"),
        ("types", "would hide Python's own module `types`", "model_types"),
        ("numpy", "would hide the package `numpy`", "model_numpy"),
        ("typing_extensions", "would hide the package", "model_typing_extensions"),
        ("__init__", "Python runs __init__.py by itself", "init"),
        ("__main__", "Python runs __main__.py by itself", "main"),
        ("aux", "Windows keeps the name aux for a device", "model_aux"),
    ],
)
def test_modules_that_something_else_imports(name: str, reason: str, better: str, archdsl: Command) -> None:
    Path(f"{name}.arch").write_text(SMALL)
    code, _, err = archdsl("build", f"{name}.arch")
    assert code == 2
    assert reason in err
    assert f"rename it to {better}.arch" in err
    assert not Path("codegen").exists()
    assert archdsl("check", f"{name}.arch").code == 0
    assert archdsl("diagram", f"{name}.arch").code == 0


def test_every_built_module_runs_in_its_own_folder(small: Path, archdsl: Command) -> None:
    """As a script, when its folder comes first in what Python searches: what the refused names would break."""
    archdsl("build", small)
    done = subprocess.run([sys.executable, "codegen/small.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_standard_input_is_called_after_its_model(process: Command) -> None:
    code, out, err = process("build", "-", stdin=SMALL)
    assert (code, err) == (0, "")
    assert "codegen/small.py codegen/small.svg codegen/small.json" in out
    two = SMALL + SMALL.replace("model small", "model other")
    code, _, err = process("build", "-", "--out", "x", stdin=two)
    assert code == 2
    assert "with 2 models has no name for its outputs" in err
    code, _, err = process("build", "-", "--out", "x", stdin=SMALL.replace("model small", "model torch"))
    assert code == 2
    assert "standard input cannot be built: torch.py would hide the package `torch`" in err
    assert "rename the model to model_torch" in err
    Path("small.arch").write_text(SMALL)
    assert (
        "small.arch and standard input would both write small.py"
        in process("build", "small.arch", "-", stdin=SMALL).err
    )
    assert not Path("x").exists()


def test_help_offers_standard_input_where_it_is_read(archdsl: Command) -> None:
    assert "standard input" in archdsl("build", "--help").out
    assert "standard input" not in archdsl("watch", "--help").out
