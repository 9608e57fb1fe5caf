"""`archdsl lsp` without its library, and when the editor goes away; what it answers is in tests/lsp."""

import subprocess
import sys

WITHOUT = """
import sys
sys.modules["pygls"] = None
from archdsl.cli.main import main
sys.exit(main(["lsp"]))
"""


def test_without_pygls() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "the language server needs pygls" in done.stderr
    assert "pip install 'archdsl[lsp]'" in done.stderr


def test_an_editor_that_goes_away() -> None:
    command = [sys.executable, "-m", "archdsl", "lsp", "--stdio"]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
