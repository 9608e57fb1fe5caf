"""`archdsl build`: PyTorch source, a diagram and the estimates of each file."""

from __future__ import annotations

import keyword
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from archdsl.backends.estimate import Estimate, estimates
from archdsl.backends.estimate_text import as_json
from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.cli.arguments import add_specs, add_variant
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import write_all
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, compile_specs
from archdsl.compiler import Compiled
from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import WRONG_USAGE
from archdsl.diagnostics.render import printable


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Write for each file NAME.arch the PyTorch source NAME.py, the diagram NAME.svg and the estimates NAME.json. "
        "All files are written or, when anything is wrong, none. A `require` that does not hold is a warning here."
    )
    parser.epilog = "examples:\n  archdsl build specs/v2_l.arch\n  archdsl build specs/*.arch --out codegen"
    add_specs(parser)
    add_variant(parser)
    parser.add_argument("--out", metavar="DIR", default="codegen", help="the folder to write to (default: codegen)")


def run(arguments: Namespace, output: Output) -> int:
    folder = Path(arguments.out)
    names = module_names(arguments.specs)
    specs = compile_specs(list(names), output, variant=arguments.variant, claims=True)
    if specs.exit_code != FINE:
        return specs.exit_code
    files: dict[Path, bytes] = {}
    rows: list[list[str]] = []
    for file in specs.compiled:
        output.warnings(file.unmet)
        if not file.architectures:
            continue
        counted = estimates(file.architectures)
        made = artefacts(file, counted, folder / names[file.source.name])
        files.update(made)
        rows += _rows(counted, list(made))
    write_all(files)
    if rows:
        output.result(aligned(["model", "input", "params", "MACs", "FLOPs", "files"], rows, "<>>>><"))
    return FINE


def artefacts(file: Compiled, counted: Sequence[Estimate], stem: Path) -> dict[Path, bytes]:
    """The contents of the files that a build writes, for the networks of a text."""
    from archdsl.backends.diagram import draw, render
    from archdsl.backends.pytorch import emit

    return {
        stem.with_suffix(".py"): emit(file.architectures, Path(file.source.name).name).encode("utf-8"),
        stem.with_suffix(".svg"): render(draw(file.architectures, level="stage"), "svg"),
        stem.with_suffix(".json"): as_json(counted).encode("utf-8"),
    }


def _rows(counted: Sequence[Estimate], files: Sequence[Path]) -> list[list[str]]:
    """A row for each model; those of one file share its files, which the first row names."""
    return [
        [
            made.name,
            str(made.input),
            human(made.cost.params),
            human(made.cost.macs),
            human(made.cost.flops),
            "" if index else " ".join(printable(str(path)) for path in files),
        ]
        for index, made in enumerate(counted)
    ]


# Names of files ------------------------------------------------------------------------------------------------------


def module_names(specs: Sequence[str], *, importable: bool = True) -> dict[str, str]:
    """Each file, once, with the name that it gives its outputs. Raises Failure where no module can have that name.

    Figures alone need not be `importable`.
    """
    names: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for path in dict.fromkeys(str(Path(spec)) for spec in specs):
        name = Path(path).stem
        other = next((other for other, taken in names.items() if taken == name), None)
        names[path] = name
        if path == STANDARD_INPUT:
            message = "a text from standard input has no name for its outputs"
            problems.append(Diagnostic(WRONG_USAGE, message, None, help="save it to a file first"))
        elif other is not None:
            message = f"{other} and {path} would both write {name}.{'py' if importable else 'svg'}"
            problems.append(Diagnostic(WRONG_USAGE, message, None, help="build one of them with another `--out`"))
        elif importable and not _is_module_name(name):
            message = f"{path} cannot be built: Python could not import {name}.py"
            help_line = f"rename it to {_module_name(name)}.arch"
            problems.append(Diagnostic(WRONG_USAGE, message, None, help=help_line))
    if problems:
        raise Failure(problems)
    return names


def _is_module_name(name: str) -> bool:
    """Whether `import NAME` can work; `torch` would hide the torch that the emitted file imports."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name != "torch"


def _module_name(name: str) -> str:
    """A module name close to a name that is none."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return plain if _is_module_name(plain) else f"model_{plain}".rstrip("_")
