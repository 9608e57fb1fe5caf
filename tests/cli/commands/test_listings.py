"""`archdsl list`, `ir` and `schema` print what there is."""

import json
from pathlib import Path

from archdsl.folders import specs_folder
from archdsl.ir.architecture import Architecture
from tests.cli.conftest import BROKEN, SMALL, Command


def test_list_of_files(small: Path, archdsl: Command) -> None:
    Path("broken.arch").write_text(BROKEN)
    code, out, err = archdsl("list", small, "broken.arch")
    assert code == 1
    assert "broken.arch:4:" in err
    header, row = out.splitlines()
    assert header.split() == ["file", "model", "input", "params", "MACs", "FLOPs"]
    assert row.startswith("small.arch   small   3 x 32 x 32   ")
    assert row.endswith("   A small network.")


def test_list_of_the_shipped_specs(archdsl: Command) -> None:
    code, out, err = archdsl("list")
    assert (code, err) == (0, "")
    assert any("efficientnetv2_l" in line and "118.5M" in line for line in out.splitlines())
    assert "archdsl:v2_l.arch" in out  # The current folder is another one.


def test_a_terminal_without_the_letters(process: Command) -> None:
    Path("small.arch").write_text(SMALL.replace("small network", "små nätverk"), encoding="utf-8")
    code, out, err = process("list", "small.arch", PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert r"A sm\xe5 n\xe4tverk." in out


def test_ir(small: Path, archdsl: Command) -> None:
    code, out, _ = archdsl("ir", small)
    assert code == 0
    architecture = Architecture.from_json(out)
    assert architecture.name == "small"
    assert json.loads(architecture.to_json()) == json.loads(out)


def test_ir_of_several_is_a_list(archdsl: Command) -> None:
    spec = specs_folder() / "efficientnet.arch"
    documents = json.loads(archdsl("ir", spec).out)
    assert [document["variant"] for document in documents] == [f"b{index}" for index in range(8)]
    assert json.loads(archdsl("ir", spec, "--variant", "b1").out) == documents[1]


def test_schema(archdsl: Command) -> None:
    code, out, _ = archdsl("schema")
    assert code == 0
    assert json.loads(out) == Architecture.model_json_schema()
