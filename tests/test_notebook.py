"""What a notebook shows, as IPython has it: errors, tables, pictures."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from xml.etree import ElementTree

import pytest

import archdsl
from archdsl.api import Network
from archdsl.backends.estimate import Level
from archdsl.backends.estimate_text import parts_rows

# Runs cells, and reports what each shows as it runs and as its result.
NOTEBOOK = """
import json, sys
from contextlib import redirect_stdout
from io import StringIO
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
shell.display_formatter.active_types = list(shell.display_formatter.formatters)
told = []
for cell in json.loads(sys.argv[1]):
    out = StringIO()
    with redirect_stdout(out):
        result = shell.run_cell("import archdsl\\n" + cell).result
    shown = {} if result is None else shell.display_formatter.format(result)[0]
    told.append([out.getvalue(), shown])
assert "torch" not in sys.modules
json.dump(told, sys.stdout)
"""


def notebook(tmp_path: Path, *cells: str) -> list[tuple[str, dict[str, str]]]:
    """What each cell printed, and its result by media type."""
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, json.dumps(cells)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(out, shown) for out, shown in json.loads(done.stdout)]


def test_in_a_notebook(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text("model m {\n  input = 3 x 4 x 4\n  stem = cov(3)\n}\n")
    (mistake, _), (missing, _), (unknown, _), (_, table), (_, svg), (_, png), (_, dot), (_, network) = notebook(
        tmp_path,
        "archdsl.load('net.arch')",
        "def inner():\n    return archdsl.load('nowhere.arch').build()\ninner()",
        "archdsl.find('resnet_51')",
        "archdsl.find('resnet50').table()",
        "archdsl.find('resnet50').diagram()",
        "archdsl.find('resnet50').diagram(format='png')",
        "archdsl.find('resnet50').diagram(format='dot')",
        "archdsl.find('resnet50')",
    )
    # Diagnostics alone, and no line of Python.
    assert mistake.startswith("net.arch:3:10: error[ARC202]: unknown block or function `cov`")
    assert "did you mean `conv`?" in mistake
    for text in (mistake, missing, unknown):
        assert "error[ARC" in text
        assert "Traceback" not in text
        assert ".py" not in text
    assert ElementTree.fromstring(table["text/html"]).tag == "table"
    assert table["text/plain"].startswith("resnet_50, input 3 x 224 x 224")
    assert svg["image/svg+xml"].encode() == archdsl.find("resnet50").diagram()
    assert svg["text/plain"].startswith("<svg, ")
    assert b64decode(png["image/png"]).startswith(b"\x89PNG")
    assert dot["text/plain"].startswith("digraph")
    assert network["image/svg+xml"] == svg["image/svg+xml"]


def _cells(network: Network, level: str) -> list[list[str]]:
    table = ElementTree.fromstring(network.table(level)._repr_html_())
    return [[cell.text or "" for cell in row] for row in table.iter("tr")]


@pytest.mark.parametrize("level", ["stage", "block", "operator"])
def test_the_table_is_that_of_estimate(level: Level) -> None:
    network = archdsl.find("efficientnet_b0")
    table = network.table(level)
    cells = _cells(network, level)
    assert cells == parts_rows(table.estimate, level)
    assert cells[-1][0] == "total"
    assert len(cells) == len(table.estimate.parts(level)) + 2
    assert len(str(table).splitlines()) == len(cells) + 1
    assert str(table) == repr(table)


def test_the_table_of_a_batch() -> None:
    network = archdsl.find("resnet18")
    assert network.table(batch=8).estimate.cost.macs == 8 * network.macs
    with pytest.raises(ValueError, match="`batch` is a positive whole number, not 0"):
        network.table(batch=0)


def test_no_such_table() -> None:
    with pytest.raises(ValueError, match="`level` is one of stage, block, operator, not 'stages'"):
        archdsl.find("resnet18").table("stages")


def test_text_in_a_table_is_text() -> None:
    """An architecture may come from JSON, with names that no spec has."""
    architecture = archdsl.find("resnet18").architecture
    name = "<script>alert(1)</script>&amp;\u202e"
    network = Network(architecture.model_copy(update={"name": name}))
    html = network.table()._repr_html_()
    assert "<script" not in html
    caption = ElementTree.fromstring(html).find("caption")
    assert caption is not None
    assert caption.text is not None
    assert caption.text.startswith("<script>alert(1)</script>&amp;\\u202e, input")


def test_a_picture_is_bytes(tmp_path: Path) -> None:
    picture = archdsl.find("resnet18").diagram()
    assert isinstance(picture, bytes)
    assert picture.startswith(b"<svg")
    assert repr(picture) == repr(bytes(picture))
    again = pickle.loads(pickle.dumps(picture))
    assert again == picture
    assert again._repr_mimebundle_() == picture._repr_mimebundle_()  # type: ignore[attr-defined]
    (tmp_path / "net.svg").write_bytes(picture)
    assert (tmp_path / "net.svg").read_bytes() == picture
