"""Spans, diagnostics with stable codes, and how they are shown."""

from archdsl.diagnostics.collected import Problems
from archdsl.diagnostics.diagnostic import ArchWarning, Diagnostic, Edit, Fix, Note
from archdsl.diagnostics.error import DiagnosticError, Failure
from archdsl.diagnostics.nearest import did_you_mean
from archdsl.diagnostics.problem import OverBound, Problem
from archdsl.diagnostics.source import Source, Span

__all__ = [
    "ArchWarning",
    "Diagnostic",
    "DiagnosticError",
    "Edit",
    "Failure",
    "Fix",
    "Note",
    "OverBound",
    "Problem",
    "Problems",
    "Source",
    "Span",
    "did_you_mean",
]
