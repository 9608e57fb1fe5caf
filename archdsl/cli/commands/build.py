"""`archdsl build`: PyTorch source, a diagram and the estimates of each file."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from archdsl.backends.estimate import Estimate
from archdsl.backends.table import aligned
from archdsl.backends.targets import BUILT, TARGETS, Request, Target, named
from archdsl.backends.units import human
from archdsl.cli.arguments import add_force, add_specs, add_variant
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import DEFAULT_FOLDER, out_folder, refuse_edited, write_all
from archdsl.cli.names import module_names
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, compile_specs
from archdsl.compiler import Compiled
from archdsl.diagnostics import DiagnosticError, Note
from archdsl.diagnostics.codes import TOO_LARGE
from archdsl.diagnostics.render import printable
from archdsl.passes import INFERENCE
from archdsl.passes import run as run_passes


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Write for each file NAME.arch the PyTorch source NAME.py, the diagram NAME.svg and the estimates NAME.json; "
        "a text from standard input is called after its model. "
        "All files are written or, when anything is wrong or one of them was edited, none. "
        "A `require` that does not hold is a warning here, and so is a search space or a file without models beside "
        "files with networks; where there is no network at all, it is an error."
    )
    parser.epilog = (
        "examples:\n  archdsl build specs/v2_l.arch\n  archdsl build specs/*.arch --out codegen\n"
        "  archdsl build specs/resnet.arch --variant 50 --inference --target pytorch"
    )
    add_specs(parser)
    add_variant(parser)
    parser.add_argument(
        "--target",
        action="append",
        metavar="T",
        choices=[target.name for target in TARGETS],
        help="what to write, once or more: "
        f"{', '.join(target.name for target in TARGETS)} (default: {', '.join(target.name for target in BUILT)})",
    )
    parser.add_argument(
        "--inference",
        action="store_true",
        help="fold what only training needs, merge parallel branches, and write NAME_inference.py and so on",
    )
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
    targets = [named(name) for name in dict.fromkeys(arguments.target)] if arguments.target else list(BUILT)
    files: dict[Path, bytes] = {}
    kept: dict[Path, bytes] = {}
    rows: list[list[str]] = []
    for spec, file in made_of.items():
        output.warnings(file.unmet)
        if not file.architectures:
            continue
        request, name = request_of(file, inference=arguments.inference), names[spec]
        made = artefacts(request, targets, folder / (f"{name}_inference" if arguments.inference else name), output)
        files |= {path: data for path, (_, data) in made.items()}
        kept |= {path: data for path, (target, data) in made.items() if target.keeps_edits}
        rows += _rows(request.estimates, list(made))
    if not arguments.force:
        refuse_edited(kept)
    write_all(files)
    if rows:
        output.result(aligned(["model", "input", "params", "MACs", "FLOPs", "files"], rows, "<>>>><"))
    return FINE


def request_of(file: Compiled, *, inference: bool = False) -> Request:
    """The networks of a text, for inference after the passes that this allows."""
    architectures, name = file.architectures, Path(file.source.name).name
    if inference:
        architectures = tuple(run_passes(architecture, INFERENCE) for architecture in architectures)
        name = f"{name} for inference"
    return Request(architectures, name)


def artefacts(
    request: Request, targets: Sequence[Target], stem: Path, output: Output
) -> dict[Path, tuple[Target, bytes]]:
    """The files that a build writes, each with what it is and its contents.

    Where there is too much for a figure, a warning says so, and the others are written without it.
    """
    made: dict[Path, tuple[Target, bytes]] = {}
    for target in targets:
        path = stem.with_suffix(target.suffix)
        try:
            made[path] = target, target.as_file(target.emit(request).data)
        except DiagnosticError as failure:
            if not target.is_figure or any(problem.code != TOO_LARGE for problem in failure.diagnostics):
                raise
            note = Note(f"{printable(str(path))} is not written")
            output.warnings([replace(problem, notes=(*problem.notes, note)) for problem in failure.diagnostics])
    return made


def _name_within(file: Compiled) -> str:
    """The name for the outputs of a text that has none itself: that of its model. Raises DiagnosticError for
    several."""
    models = list(dict.fromkeys(architecture.model for architecture in file.architectures))
    if len(models) != 1:
        from archdsl.cli.commands.errors import UnnamedOutputs

        raise UnnamedOutputs(len(models)).error()
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
