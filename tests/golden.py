"""Texts that a person has read and approved; `pytest --update-golden` writes them anew, for the diff to be read."""

from __future__ import annotations

from pathlib import Path

import pytest


def assert_golden(text: str, path: Path, config: pytest.Config) -> None:
    if config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
