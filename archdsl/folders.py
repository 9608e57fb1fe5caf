"""Where the published architectures are."""

from __future__ import annotations

from pathlib import Path


def specs_folder() -> Path:
    """The folder of the shipped `.arch` files: `archdsl/specs` in a wheel, `specs` beside the package in a checkout."""
    package = Path(__file__).parent
    installed = package / "specs"
    return installed if installed.is_dir() else package.parent / "specs"
