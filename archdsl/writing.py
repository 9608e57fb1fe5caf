"""Texts of the language that archdsl writes itself: in canonical form, and looked through as by `archdsl check`."""

from __future__ import annotations

from archdsl.compiler import compile_source
from archdsl.diagnostics import Diagnostic, Source
from archdsl.language.formatter import format_module
from archdsl.language.parser import parse


def canonical(source: Source) -> tuple[str, tuple[Diagnostic, ...]]:
    """A text in canonical form, and what is wrong with it: mistakes and claims that do not hold."""
    module, problems = parse(source)
    if problems:
        return source.text, problems
    made = Source(source.name, format_module(module))
    compiled = compile_source(made)
    return made.text, (*compiled.problems, *compiled.unmet)
