"""SPEC arguments that may name a variant and a revision: `specs/efficientnet.arch:b1@HEAD~3`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from archdsl.cli.errors import NotSpec, RevisionOfStandardInput
from archdsl.cli.specs import STANDARD_INPUT, open_spec
from archdsl.compiler import Compiled, compile_source
from archdsl.revisions import Revision
from archdsl.sources import ON_DISK

_VERSION = re.compile(r"(?P<path>.*?\.arch|-|[^:@]+)(?::(?P<variant>[A-Za-z0-9_]+))?(?:@(?P<revision>.+))?", re.DOTALL)


@dataclass(frozen=True)
class Version:
    """A file, perhaps one of its networks, perhaps as it was at a revision."""

    path: str
    variant: str | None
    revision: str | None

    def compiled(self) -> Compiled:
        """Raises DiagnosticError when the file cannot be read; what is wrong in it is part of the result."""
        if self.revision is None:
            return compile_source(open_spec(self.path), variant=self.variant, claims=False, files=ON_DISK)
        files = Revision(Path(self.path).parent, self.revision)
        return compile_source(files.read(Path(self.path)), variant=self.variant, claims=False, files=files)


def version(text: str, variant: str | None) -> Version:
    """What an argument says; `variant` is meant where it says none. A file of just that name comes first."""
    if Path(text).is_file():
        return Version(text, variant, None)
    match = _VERSION.fullmatch(text)
    if match is None:
        raise NotSpec(text).error()
    if match["path"] == STANDARD_INPUT and match["revision"] is not None:
        raise RevisionOfStandardInput().error()
    return Version(match["path"], match["variant"] or variant, match["revision"])
