"""`archdsl build`: PyTorch source, a diagram and the estimates of each file."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from archdsl.backends.estimate import Estimate, estimates
from archdsl.backends.estimate_text import as_json
from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.cli.arguments import add_force, add_specs, add_variant
from archdsl.cli.exit_codes import FINE
from archdsl.cli.figures import as_file
from archdsl.cli.files import DEFAULT_FOLDER, out_folder, refuse_edited, write_all
from archdsl.cli.names import module_names
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, compile_specs
from archdsl.compiler import Compiled
from archdsl.diagnostics import Diagnostic, DiagnosticError, Note
from archdsl.diagnostics.codes import TOO_LARGE, WRONG_USAGE
from archdsl.diagnostics.render import printable
from archdsl.digests import with_digest


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Write for each file NAME.arch the PyTorch source NAME.py, the diagram NAME.svg and the estimates NAME.json; "
        "a text from standard input is called after its model. "
        "All files are written or, when anything is wrong or one of them was edited, none. "
        "A `require` that does not hold is a warning here, and so is a search space or a file without models beside "
        "files with networks; where there is no network at all, it is an error."
    )
    parser.epilog = "examples:\n  archdsl build specs/v2_l.arch\n  archdsl build specs/*.arch --out codegen"
    add_specs(parser)
    add_variant(parser)
    add_out(parser)


def add_out(parser: ArgumentParser) -> None:
    """The arguments that say where to write and over what; `out_folder` and `refuse_edited` heed them."""
    parser.add_argument("--out", metavar="DIR", help=f"the folder to write to (default: {DEFAULT_FOLDER})")
    add_force(parser)


def run(arguments: Namespace, output: Output) -> int:
    folder = out_folder(arguments.out)
    given = list(dict.fromkeys(str(Path(spec)) for spec in arguments.specs))
    module_names(given)  # before anything takes long
    specs = compile_specs(given, output, variant=arguments.variant, claims=True)
    if specs.exit_code != FINE:
        return specs.exit_code
    made_of = dict(zip(given, specs.compiled, strict=True))
    read = made_of.get(STANDARD_INPUT)
    names = module_names(given, standard_input=_name_within(read) if read and read.architectures else None)
    files: dict[Path, bytes] = {}
    rows: list[list[str]] = []
    for spec, file in made_of.items():
        output.warnings(file.unmet)
        if not file.architectures:
            continue
        counted = estimates(file.architectures)
        made = artefacts(file, counted, folder / names[spec], output)
        files.update(made)
        rows += _rows(counted, list(made))
    if not arguments.force:
        refuse_edited(files)
    write_all(files)
    if rows:
        output.result(aligned(["model", "input", "params", "MACs", "FLOPs", "files"], rows, "<>>>><"))
    return FINE


def artefacts(file: Compiled, counted: Sequence[Estimate], stem: Path, output: Output) -> dict[Path, bytes]:
    """The contents of the files that a build writes, for the networks of a text.

    Where there is too much for a figure, a warning says so, and the others are written without it.
    """
    from archdsl.backends.pytorch import emit

    source = emit(file.architectures, Path(file.source.name).name).encode("utf-8")
    try:
        drawn = {stem.with_suffix(".svg"): figure(file)}
    except DiagnosticError as failure:
        if any(problem.code != TOO_LARGE for problem in failure.diagnostics):
            raise
        note = Note(f"{printable(str(stem.with_suffix('.svg')))} is not written")
        output.warnings([replace(problem, notes=(*problem.notes, note)) for problem in failure.diagnostics])
        drawn = {}
    estimated = with_digest(as_json(counted), '  "digest": "{}",\n', at=1).encode("utf-8")
    return {stem.with_suffix(".py"): source, **drawn, stem.with_suffix(".json"): estimated}


def figure(file: Compiled) -> bytes:
    """The contents of the figure beside a build."""
    from archdsl.backends.diagram import draw, render

    return as_file(render(draw(file.architectures, level="stage"), "svg"), "svg")


def _name_within(file: Compiled) -> str:
    """The name for the outputs of a text that has none itself: that of its model. Raises DiagnosticError for
    several.
    """
    models = list(dict.fromkeys(architecture.model for architecture in file.architectures))
    if len(models) != 1:
        message = f"a text from standard input with {len(models)} models has no name for its outputs"
        raise DiagnosticError([Diagnostic(WRONG_USAGE, message, None, help="save it to a file first")])
    return models[0]


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
