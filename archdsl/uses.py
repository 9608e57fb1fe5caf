"""A text with everything that it uses, linked: the files of its `use` lines, and the standard library."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from archdsl.diagnostics import Diagnostic, DiagnosticError, Problems, Source, Span
from archdsl.elaborate.problems import LIBRARY as LIBRARY_NAME
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.linking import link
from archdsl.elaborate.resolve.overlay import overlay
from archdsl.file_errors import (
    AbsolutePath,
    NotPath,
    OutsideProject,
    TooManyUses,
    UseInLibrary,
    UseNotArch,
    UseNotFile,
    UsesItself,
    UseUnreadable,
)
from archdsl.folders import library_folder, shipped, shipped_beside, shipped_files, shipped_name
from archdsl.language import tree
from archdsl.language.parser import parse
from archdsl.limits import limits
from archdsl.sources import ON_DISK, Files, UnreadableError


@cache
def library() -> Environment:
    """The standard library, parsed once."""
    environment: Environment | None = None
    problems = Problems()
    for path in sorted(path for path in library_folder().iterdir() if path.suffix == ".arch"):
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


def environment_of(source: Source, problems: Problems, files: Files = ON_DISK) -> Environment:
    """A text with everything that it uses. Files are named relative to the one that uses them."""
    return _Uses(problems).environment(source, (), files)


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
            others = files.beside(path, item.path) if own is None else shipped_beside(item.path)
            return problem.suggesting_file(item.path, others)
        if resolved.suffix != ".arch":
            # A diagnostic shows lines: those of a file that holds a secret are no mistakes of this language.
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
