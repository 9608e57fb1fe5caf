"""`archdsl.load_study`, which says what to install where Optuna is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.search.requirements import require

if TYPE_CHECKING:
    from archdsl.search.loaded import LoadedStudy


def load_study(path: str | Path, *, storage: str | None = None, name: str | None = None) -> LoadedStudy:
    """A study of `archdsl search` by its folder: `trials`, and the `best` networks, each with its `network`, `values`,
    `numbers` and `text`.

    `storage` and `name` say where the study is, if its folder does not. Raises DiagnosticError where there is none.
    """
    require(storage)
    from archdsl.search.loaded import LoadedStudy
    from archdsl.search.study import Study

    return LoadedStudy(Study.join(Path(path), storage, name))
