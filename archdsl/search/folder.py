"""What the folder of a study says of it: where its storage is, and the files of the space."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from archdsl.ir.base import Frozen
from archdsl.search.addresses import DATABASE, address, printable, without_password
from archdsl.search.errors import CannotSave, EditedSpace, NoStudy, OtherStudy
from archdsl.training import atomic

FORMAT = 1
FACTS, SPEC = "study.json", "spec"


class Facts(Frozen):
    """What `study.json` says; without an address the storage is a file beside it."""

    format: int
    storage: str | None
    study: str


@dataclass(frozen=True)
class Place:
    """Where a study is: the address of its storage as SQLAlchemy reads it and, where it is known, its name in it."""

    url: str
    name: str | None

    def chosen(self, names: Sequence[str]) -> str:
        """The name of the study, one of those in the storage. Raises DiagnosticError."""
        if self.name is None and len(names) == 1:
            return names[0]
        if self.name is None or self.name not in names:
            known = ", ".join(names[:10]) or "it has none"
            reason = f"none is called `{self.name}`" if self.name is not None else "it has several"
            raise NoStudy(printable(self.url), f"{reason}; there are: {known}").error(help="name one: `--study NAME`")
        return self.name


def place(folder: Path, storage: str | None, name: str | None) -> Place:
    """Where a study is; `storage` and `name` may be left out where `folder` is that of the study.

    Raises DiagnosticError where the folder is of none, or of another one.
    """
    if storage is not None and not is_of_study(folder):
        return Place(address(storage, folder), name)
    facts = _facts(folder)
    own = address(facts.storage, folder)
    if storage is None and facts.storage is None and not (folder / DATABASE).is_file():
        raise NoStudy(str(folder), "its storage is gone").error()
    if storage is not None and (
        printable(address(storage, folder)) != printable(own) or (name is not None and name != facts.study)
    ):
        raise OtherStudy(str(folder), facts.study, printable(own)).error()
    return Place(own if storage is None else address(storage, folder), name or facts.study)


def is_of_study(folder: Path) -> bool:
    """Whether a folder says of which study it is."""
    return (folder / FACTS).is_file()


def facts_of(url: str | None, name: str) -> Facts:
    """What a folder is to say of its study; without an address its storage is in the folder."""
    return Facts(format=FORMAT, storage=url and without_password(url), study=name)


def write_texts(folder: Path, texts: Mapping[str, str], facts: Facts) -> None:
    """Writes the files of a space and the facts of a study into its folder. Raises DiagnosticError."""
    complete_texts(folder, texts)
    with _saving(folder):
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write(folder / FACTS, (json.dumps(facts.model_dump(), indent=2) + "\n").encode())


def complete_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes those files of a space that are not in the folder of its study.

    Raises DiagnosticError where they cannot be written, or one that is there is not the same.
    """
    with _saving(folder):
        for name, text in texts.items():
            path = folder / SPEC / PurePosixPath(name)
            if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
                raise CannotSave(str(folder), f"`{name}` leads out of it").error()
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic.write(path, text.encode())
            elif path.read_bytes() != text.encode():
                raise EditedSpace(str(path)).error()


@contextmanager
def _saving(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotSave(str(folder), (error.strerror or str(error)).lower()).error() from None


def _facts(folder: Path) -> Facts:
    """Raises DiagnosticError."""
    try:
        found = Facts.model_validate_json((folder / FACTS).read_bytes())
    except OSError as error:
        reason = "it does not exist" if not folder.exists() else f"{FACTS}: {(error.strerror or '').lower()}"
        raise NoStudy(str(folder), reason).error() from None
    except ValidationError:
        raise NoStudy(str(folder), f"its {FACTS} is none").error() from None
    if found.format != FORMAT:
        raise NoStudy(str(folder), f"its {FACTS} is of format {found.format}, and this version reads {FORMAT}").error()
    return found
