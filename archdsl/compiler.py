"""The stages of the compiler in order: text, syntax tree, environment, architectures. It can stop after any.

Nothing here prints or writes; mistakes in the text come back as diagnostics.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from archdsl.diagnostics import Diagnostic, DiagnosticError, Problems, Source, Span
from archdsl.diagnostics.codes import OF_TEXT, OPEN_CHOICE
from archdsl.elaborate.check.channel_order import check_channel_order
from archdsl.elaborate.check.files import check_names
from archdsl.elaborate.check.unused import check_unused
from archdsl.elaborate.deduplication import Gathered
from archdsl.elaborate.evaluate.predictions import Predict, Predicted, Prediction
from archdsl.elaborate.evaluate.values import Value
from archdsl.elaborate.instantiate.models import ModelElaborator
from archdsl.elaborate.instantiate.requirements import is_predicted, prove, subject
from archdsl.elaborate.instantiate.work import Work
from archdsl.elaborate.problems import LIBRARY as LIBRARY_NAME
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.linking import link
from archdsl.elaborate.resolve.merge import Variant, variants
from archdsl.elaborate.resolve.overlay import overlay
from archdsl.file_errors import (
    AbsolutePath,
    CannotRead,
    NotPath,
    NotText,
    OutsideProject,
    ProgramNestedTooDeeply,
    TooManyBytes,
    TooManyUses,
    UnknownVariantOfFile,
    UseInLibrary,
    UseNotArch,
    UseNotFile,
    UsesItself,
    UseUnreadable,
)
from archdsl.folders import library_folder, shipped, shipped_files, shipped_name
from archdsl.ir.architecture import Architecture
from archdsl.ir.walk import walk
from archdsl.language import tree
from archdsl.language.parser import parse
from archdsl.limits import limits
from archdsl.reading import read_plain

if TYPE_CHECKING:
    from archdsl.search_space.open_models import OpenModel

# What gives the text of a file that another one uses. Raises DiagnosticError when it cannot. An editor knows texts
# that are not saved yet.


class Linked(Struct, frozen=True):
    """A text with everything that it uses, and the mistakes that are seen without elaborating anything."""

    environment: Environment
    problems: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...] = ()


class Compiled(Struct, frozen=True):
    """What came of a file: its architectures, and what is wrong with it.

    `problems` are mistakes; `unmet` are `require` lines that do not hold, and `warnings` what is hardly meant as it is
    written: both stop `check` but not a build. A model with open choices is not an architecture, but one of `spaces`.
    `predicted` counts the claims that speak of what the cost model predicts.
    """

    source: Source
    architectures: tuple[Architecture, ...]
    problems: tuple[Diagnostic, ...]
    unmet: tuple[Diagnostic, ...]
    spaces: tuple[OpenModel, ...] = ()
    predicted: int = 0
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """Everything that `check` reports."""
        return (*self.problems, *self.unmet, *self.warnings)

    def checked(self) -> tuple[Architecture, ...]:
        """The architectures. Raises DiagnosticError, with every diagnostic, when there is a mistake in the file."""
        if self.problems:
            raise DiagnosticError(self.problems)
        return self.architectures


def most_bytes() -> int:
    """The bytes of the largest text that is read; what is larger is refused whatever more there is."""
    return 4 * limits().characters


def read(path: str | Path) -> Source:
    """The text of a file. Raises DiagnosticError when it cannot be read or is not text."""
    path = shipped(str(path)) or Path(path)
    try:
        data = read_plain(path, most_bytes())
    except (OSError, ValueError) as error:  # ValueError is a path with a null character
        problem = CannotRead.because(path, error).at(None)
        raise DiagnosticError([problem.suggesting_file(str(path), _siblings(path, str(path)))]) from None
    if len(data) > most_bytes():
        raise DiagnosticError([too_many_bytes(str(path), os.path.getsize(path))])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        place = len(data[: error.start].decode("utf-8"))
        span = Span(Source(str(path), text), place, place + 1)
        raise DiagnosticError([NotText(str(path)).at(span, f"byte {error.start} of the file")]) from None
    return text_of(str(path), text)


def too_many_bytes(name: str, size: int = 0) -> Diagnostic:
    """A diagnostic for a text that is not read to its end; `size` is how many bytes it has, where that is known."""
    return TooManyBytes(size, most_bytes()).at(Span(Source(name, ""), 0, 0))


def text_of(name: str, text: str) -> Source:
    """A text that came from a file or a stream, perhaps with a byte-order mark."""
    plain = text.removeprefix("\ufeff")
    return Source(name, plain, text[: len(text) - len(plain)])


def _siblings(path: Path, written: str) -> list[str]:
    """The files beside a path, in the way that the path was written."""
    try:
        return [str(Path(written).parent / p.name) for p in path.parent.iterdir() if p.suffix == ".arch"]
    except (OSError, ValueError):
        return []


# Environments --------------------------------------------------------------------------------------------------------


@cache
def library() -> Environment:
    """The standard library, parsed once."""
    environment: Environment | None = None
    problems = Problems()
    for path in sorted(library_folder().glob("*.arch")):
        module, found = parse(Source(f"{LIBRARY_NAME}/{path.name}", path.read_text(encoding="utf-8")))
        problems.add(*found)
        linked = link(module, None, _no_use, problems)
        if environment is None:
            environment = linked
        else:
            environment.blocks.update(linked.blocks)
    assert environment is not None
    for definition in environment.blocks.values():
        definition.environment = environment
    if problems:
        raise DiagnosticError(problems.sorted())
    return environment


def _no_use(item: tree.Use) -> Diagnostic:
    return UseInLibrary().at(item.span)


class UnreadableError(DiagnosticError):
    """What holds the files of a text cannot be read, so that nobody knows whether one is there.

    That is not a mistake in a text that uses one.
    """


class Files:
    """Where the files that a text uses come from: here from the disk. A subclass may take them from elsewhere."""

    def path(self, source: Source) -> Path:
        """Where a text stands: what its `use` lines are relative to."""
        return Path(source.name)

    def resolved(self, path: Path) -> Path:
        """The path that a file has however it is reached. Raises OSError, RuntimeError or ValueError for none."""
        return path.resolve()

    def kind(self, path: Path) -> Literal["file", "folder", "something else"] | None:
        """What is at a resolved path; None for nothing."""
        if path.is_file():
            return "file"
        return "folder" if path.is_dir() else "something else" if path.exists() else None

    def root(self, path: Path) -> Path:
        """The tree that a file may use from: the nearest folder above it that holds a project, else its own folder.

        A file that is a link is where the link is, since what it uses is named relative to that.
        """
        folder = path.parent.resolve()
        for candidate in (folder, *folder.parents):
            if (candidate / ".git").exists() or (candidate / "pyproject.toml").exists():
                return candidate
        return folder

    def read(self, path: Path) -> Source:
        """The text of a file. Raises DiagnosticError when it cannot be read or is not text."""
        # The folder of a text that is not saved yet may not be there, and no `..` leads out of it then.
        return read(path if path.exists() else path.resolve())

    def something_else(self, path: Path, kind: str) -> str:
        """What a resolved path leads to where that is not a file."""
        return "is a folder" if kind == "folder" else "is not a file"

    def beside(self, path: Path, written: str) -> list[str]:
        """The files beside a path, in the way that the path was written."""
        return _siblings(path, written)


ON_DISK = Files()


def environment_of(source: Source, problems: Problems, files: Files = ON_DISK) -> Environment:
    """A text with everything that it uses. Files are named relative to the one that uses them."""
    return _Uses(problems).environment(source, (), files)


def link_source(source: Source, files: Files = ON_DISK) -> Linked:
    """A text with everything that it uses, its names checked."""
    problems = Problems()
    environment = Environment(tree.Module(source, ()))
    try:
        environment = environment_of(source, problems, files)
        check_names(environment, problems)
    except RecursionError:
        problems.add(_too_deep(source))
    found = problems.sorted()
    return Linked(environment, found, _warnings(environment, found))


def _warnings(environment: Environment, problems: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """What is hardly meant as it is written.

    Of a text that was not read to its end, nobody knows what it reads; and a name may be unread because the one that
    was to read it is misspelt, so nothing is said of a block or model in which there is a mistake.
    """
    if environment.is_partial or environment.unread or any(problem.code in OF_TEXT for problem in problems):
        return ()
    broken = [item.span for item in environment.module.items if any(_is_in(item.span, found) for found in problems)]
    suspicious = (*check_unused(environment), *check_channel_order(environment))
    warnings = Problems()
    warnings.add(*(found for found in suspicious if not any(_is_in(span, found) for span in broken)))
    return warnings.sorted()


def _is_in(span: Span, problem: Diagnostic) -> bool:
    place = problem.span
    return place is not None and place.source is span.source and span.start <= place.start < span.end


class _Uses:
    """The files that a text uses, each read once however many use it."""

    def __init__(self, problems: Problems):
        self.problems = problems
        self.known: dict[Path, Environment] = {}

    def environment(self, source: Source, stack: tuple[Path, ...], files: Files) -> Environment:
        module, found = parse(source)
        self.problems.add(*found)
        try:
            inner = (*stack, files.resolved(files.path(source)))
        except (OSError, RuntimeError, ValueError):  # A text by itself may have a name that no path has.
            inner = stack
        environment = link(module, library(), lambda item: self._load(item, source, inner, files), self.problems)
        overlay(environment, library())
        return environment

    def _load(self, item: tree.Use, source: Source, stack: tuple[Path, ...], files: Files) -> Environment | Diagnostic:
        span = Span(source, item.span.start + item.span.text.index('"'), item.span.end)
        try:
            own = shipped(item.path)
            user = files.path(source)
            path = own or user.parent / item.path
            # A shipped file is the one that is installed, wherever the text that uses it comes from.
            files = files if own is None else ON_DISK
            resolved = files.resolved(path)
            kind, is_inside = files.kind(resolved), own is not None or resolved.is_relative_to(files.root(user))
        except (OSError, RuntimeError, ValueError):  # a loop of links, or text that no path can be
            return NotPath(item.path).at(span)
        if Path(item.path).is_absolute():
            return AbsolutePath(item.path).at(span)
        if not is_inside:
            return OutsideProject(item.path).at(span)
        if resolved in stack:
            way = " -> ".join(name.name for name in (*stack[stack.index(resolved) :], resolved))
            return UsesItself(item.path).at(span, way)
        if len(stack) > limits().uses:
            return TooManyUses().at(span)
        if kind != "file":
            what = "does not exist" if kind is None else files.something_else(resolved, kind)
            problem = UseNotFile(item.path, what).at(span, help=_shipped(path))
            return problem.suggesting_file(item.path, files.beside(path, item.path))
        if resolved.suffix != ".arch":
            # A diagnostic shows lines: those of a file that holds a secret are not mistakes of this language.
            return UseNotArch(item.path).at(span)
        if resolved not in self.known:
            try:
                text = files.read(path)
            except UnreadableError:
                raise
            except DiagnosticError as failure:
                cannot = failure.diagnostics[0]
                return UseUnreadable(cannot.message).at(span, help=cannot.help)
            self.known[resolved] = self.environment(text, stack, files)
        return self.known[resolved]


def _shipped(path: Path) -> str | None:
    """Where a file is that has not been found, if one of its name is shipped."""
    # Not `is_file`: a name can be too long for the system to look at.
    found = next((spec for spec in shipped_files() if spec.name == path.name), None)
    return f'`use "{shipped_name(found)}"` brings in the shipped file of that name' if found else None


# Architectures -------------------------------------------------------------------------------------------------------


def compile_source(
    source: Source,
    *,
    variant: str | None = None,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, Value] | None = None,
    claims: bool = True,
    files: Files = ON_DISK,
    linked: Linked | None = None,
) -> Compiled:
    """The architectures of a text, all of them or the one called `variant` (`b1`, or its whole name).

    `resolution` and `parameters` replace what the text says of the input's size and of model parameters. `claims` says
    whether `require` lines are tried; with another resolution or other parameters they are not. `files` is where the
    files come from that the text uses; `linked` is what `link_source` made of the text, where that has been done.
    """
    problems = Problems()
    unmet = Problems()
    made: list[Architecture] = []
    spaces: list[OpenModel] = []
    predicted = 0
    try:
        linked = linked or link_source(source, files)
        environment = linked.environment
        problems.add(*linked.problems)
        chosen = _chosen(environment, variant, source, problems) if not problems else []
        mistakes, refuted, effort = Gathered(), Gathered(), Work()
        spare = effort.spare()
        for network in chosen:
            if effort.is_spent:
                break
            found = Problems()
            result = ModelElaborator(network, found, effort, resolution, dict(parameters or {})).run()
            if any(problem.code is OPEN_CHOICE for problem in found.sorted()):
                found = Problems()
                from archdsl.search_space.open_models import open_model  # late: most files hold no search space

                space = open_model(network, found, effort, spare, _predict, resolution, dict(parameters or {}))
                if space is not None:
                    spaces.append(space)
                    unmet.add(*filter(None, [space.is_empty()]))
            mistakes.add(network, found.sorted())
            if result is None:
                continue
            made.append(result.architecture)
            if claims and resolution is None and not parameters:
                environment = network.definition.environment
                predicted += sum(is_predicted(claim, result.names) for claim in result.requires)
                claimed = subject(result.architecture, _predict(result.architecture, effort))
                refuted.add(network, prove(result.requires, claimed, result.names, environment))
        problems.add(*mistakes.reported(chosen))
        unmet.add(*refuted.told_claims())
    except RecursionError:
        problems.add(_too_deep(source))
    if problems:
        made, spaces = [], []
    warnings = linked.warnings if linked is not None else ()
    return Compiled(source, tuple(made), problems.sorted(), unmet.sorted(), tuple(spaces), predicted, warnings)


# What following a layer once more takes, as effort.
_WORK_OF_PREDICTING, _OPERATORS_OF_A_LAYER = 20, 10


def _predict(architecture: Architecture, effort: Work) -> Predict:
    """What answers claims that speak of predictions of a network, each once, and as a part of the effort."""

    known: dict[Prediction, Predicted] = {}

    @cache
    def work() -> int:
        return _WORK_OF_PREDICTING * (5 + len(walk(architecture)) // _OPERATORS_OF_A_LAYER)

    def predict(asked: Prediction, span: Span) -> Predicted:
        from archdsl.predicting import predicted  # late: few files ask

        if asked not in known:
            effort.spend(work(), span, "claim less of what the cost model predicts")
            known[asked] = predicted(architecture, asked)
        return known[asked]

    return predict


def _too_deep(source: Source) -> Diagnostic:
    return ProgramNestedTooDeeply().at(Span(source, 0, 0))


def _chosen(environment: Environment, variant: str | None, source: Source, problems: Problems) -> list[Variant]:
    everything = [found for definition in environment.own_models for found in variants(definition)]
    if variant is None:
        return everything
    chosen = [found for found in everything if variant in (found.label, found.name)]
    if not chosen:
        names = [found.label or found.name for found in everything]
        if len(set(names)) < len(names):  # Labels that several models of the file have do not help.
            names = [found.name for found in everything]
        problem = UnknownVariantOfFile(source.name, variant, names).at(None)
        problems.add(problem.suggesting(variant, [*names, *(found.name for found in everything)]))
    return chosen


def compile_file(path: str | Path, **options: object) -> Compiled:
    """`compile_source` for a file. Raises DiagnosticError when the file cannot be read."""
    return compile_source(read(path), **options)  # type: ignore[arg-type]
