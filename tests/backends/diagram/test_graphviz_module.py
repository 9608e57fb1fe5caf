"""Graphviz is compiled once a user, and whatever becomes of what was kept, the drawing is the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

_DRAW = """
import sys
from archdsl.backends.diagram.rendering import render
sys.stdout.buffer.write(render("digraph { a -> b }", "svg"))
"""


def drawn(**environment: str) -> bytes:
    """A drawing by a process of its own."""
    run = subprocess.run([sys.executable, "-c", _DRAW], env=os.environ | environment, capture_output=True, check=True)
    assert run.stderr == b""
    return run.stdout


def kept(folder: Path) -> list[Path]:
    """The compiled modules in a folder, without the statistics that wasmtime writes beside them."""
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 100_000]


class Cache(NamedTuple):
    """A folder in which a drawing has left the compiled module, and that drawing."""

    folder: Path
    drawing: bytes


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """To compile it takes seconds."""
    folder = tmp_path_factory.mktemp("cache")
    return Cache(folder, drawn(XDG_CACHE_HOME=str(folder)))


def test_the_compiled_module_is_kept_in_the_users_cache(compiled: Cache) -> None:
    (module,) = kept(compiled.folder)
    made = module.stat().st_mtime_ns
    assert drawn(XDG_CACHE_HOME=str(compiled.folder)) == compiled.drawing
    assert [path.stat().st_mtime_ns for path in kept(compiled.folder)] == [made]  # nothing was compiled again


@pytest.mark.parametrize("damage", [lambda _: b"", lambda text: text[: len(text) // 2], lambda text: b"x" * len(text)])
def test_a_damaged_module_is_compiled_again(compiled: Cache, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    folder = tmp_path / "cache"
    shutil.copytree(compiled.folder, folder)
    (module,) = kept(folder)
    module.write_bytes(damage(module.read_bytes()))
    assert drawn(XDG_CACHE_HOME=str(folder)) == compiled.drawing


def test_without_a_folder_to_keep_it_in_it_is_compiled_each_time(compiled: Cache, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert drawn(XDG_CACHE_HOME=str(file / "cache")) == compiled.drawing
    assert file.stat().st_size == 0
