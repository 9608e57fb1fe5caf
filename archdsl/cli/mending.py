"""`archdsl check --fix`: files with the safe fixes of their diagnostics applied."""

from __future__ import annotations

from archdsl.cli.files import write
from archdsl.cli.specs import open_spec, own_file
from archdsl.compiler import compile_source
from archdsl.diagnostics.diagnostic import Diagnostic
from archdsl.diagnostics.mending import mend
from archdsl.limits import limits

# A syntax error hides the next one in its item, so a file takes several rounds; none that a person wrote takes as many.
# Nor does a large file: what all rounds read together is bounded, and the next call goes on where this one ends.
_MOST_ROUNDS = 100


def mend_file(spec: str) -> list[Diagnostic]:
    """Applies safe fixes until none is left, writes the file once, and returns the diagnostics that had them.

    Raises DiagnosticError when the file cannot be read or written; it is then as it was.
    """
    source = open_spec(spec)
    applied: list[Diagnostic] = []
    seen = {source.original}
    for _ in range(min(_MOST_ROUNDS, 2 * limits().characters // max(1, len(source.text)))):
        file = compile_source(source)
        safe = [problem for problem in file.problems if problem.fix is not None and problem.fix.is_safe]
        source, fixed = mend(source, safe)
        if source.original in seen:
            break
        seen.add(source.original)
        applied += fixed
    if applied:
        write(own_file(spec), (source.mark + source.original).encode("utf-8"))
    return applied
