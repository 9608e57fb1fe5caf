"""The texts that a command read, to be kept with what it makes."""

from __future__ import annotations

import os
from pathlib import Path

from archdsl.cli.specs import STANDARD_INPUT
from archdsl.diagnostics import Source
from archdsl.sources import Files


class KeptFiles(Files):
    """The disk, and what was read from it."""

    def __init__(self) -> None:
        self.used: dict[Path, Source] = {}

    def read(self, path: Path) -> Source:
        found = super().read(path)
        self.used[Path(os.path.abspath(path))] = found
        return found

    def texts(self, source: Source) -> dict[str, str]:
        """A spec and the files that it uses, by their paths below the folder that they have in common, the spec first.

        Shipped files are those of the version of archdsl.
        """
        name = "spec.arch" if source.name.startswith(("<", STANDARD_INPUT)) else source.name
        files = {Path(os.path.abspath(name)): source, **self.used}
        top = Path(os.path.commonpath([path.parent for path in files]))
        return {path.relative_to(top).as_posix(): found.text for path, found in files.items()}
