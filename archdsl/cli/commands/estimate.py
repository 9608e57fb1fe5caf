"""`archdsl estimate`: parameters, MACs, FLOPs, activations; memory and, with a device, latency."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import suppress

from archdsl.backends.estimate import LEVELS, Estimate, estimates
from archdsl.backends.estimate_text import as_csv, as_json, as_table
from archdsl.cli.arguments import add_specs, add_variant, batch, resolution
from archdsl.cli.commands import estimate_latency, estimate_memory
from archdsl.cli.output import Output
from archdsl.cli.specs import compile_specs
from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.render import printable
from archdsl.ir.architecture import Architecture


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Count what a network costs: parameters; multiply-accumulates of convolutions and linear layers (MACs) and "
        "twice that (FLOPs); activations, the elements that those layers put out."
    )
    parser.epilog = (
        "examples:\n  archdsl estimate specs/v2_l.arch\n"
        "  archdsl estimate specs/efficientnet.arch --per model\n"
        "  archdsl estimate specs/efficientnet.arch --variant b1 --resolution 320 --batch 32 --output-format json\n"
        "  archdsl estimate specs/ablations.arch --per model --device v100 --training --batch 64"
    )
    add_specs(parser)
    add_variant(parser)
    parser.add_argument(
        "--resolution",
        type=resolution,
        metavar="R",
        help="height and width of the input, `224` or `224x320` (default: the model's)",
    )
    parser.add_argument("--batch", type=batch, default=1, metavar="N", help="images at a time (default: 1)")
    parser.add_argument("--per", choices=LEVELS, default="stage", help="what to count one by one (default: stage)")
    parser.add_argument("--output-format", choices=("table", "json", "csv"), default="table", help="default: table")
    parser.add_argument(
        "--receptive-field",
        action="store_true",
        help="by stage: what each position sees of the image, and how many pixels lie between two (JSON always says)",
    )
    parser.add_argument("--training", action="store_true", help="of a training step: forward, backward and the update")
    parser.add_argument(
        "--dtype",
        metavar="T",
        help="of memory or latency: float32, bfloat16, float16 (default: float32, or the profile's)",
    )
    estimate_memory.add_arguments(parser)
    estimate_latency.add_arguments(parser)


def run(arguments: Namespace, output: Output) -> int:
    specs = compile_specs(arguments.specs, output, variant=arguments.variant, resolution=arguments.resolution)
    level = arguments.per
    made = [one for file in specs.compiled for one in _estimates(file.architectures, arguments)]
    _refuse(arguments)
    if arguments.memory:
        estimate_memory.report(made, specs.architectures, arguments, output)
        return specs.exit_code
    if arguments.device is not None:
        estimate_latency.report(made, specs.architectures, arguments, output)
        return specs.exit_code
    match arguments.output_format:
        case "json":
            output.result(as_json(made).rstrip("\n"))
        case "csv":
            output.result(as_csv(made, level).rstrip("\n"))
        case _ if made:
            output.result(as_table(made, level))
    return specs.exit_code


def _refuse(arguments: Namespace) -> None:
    """Raises DiagnosticError where options do not go together."""
    if arguments.memory and arguments.device is not None:
        from archdsl.cli.commands.errors import MemoryAndLatency

        specs = " ".join(map(printable, arguments.specs[:3]))
        raise MemoryAndLatency(specs, printable(arguments.device)).error()
    if not arguments.memory:
        estimate_memory.refuse_without_memory(arguments)
    if arguments.device is None:
        estimate_latency.refuse_without_device(arguments)
    if arguments.receptive_field:
        _refuse_receptive_field(arguments)
    for name in ("training", "dtype"):
        if getattr(arguments, name) and not arguments.memory and arguments.device is None:
            from archdsl.cli.errors import OptionAlone

            raise OptionAlone(name, "memory or latency", "add `--memory` or `--device NAME`").error()


def _refuse_receptive_field(arguments: Namespace) -> None:
    """Raises DiagnosticError where `--receptive-field` would be without effect: the table by stage has it, and JSON
    always."""
    if arguments.output_format == "json":
        return
    for is_given, remedy in (
        (arguments.output_format == "csv", "leave out `--output-format csv`; JSON has them, too"),
        (arguments.per != "stage", f"leave out `--per {arguments.per}`; JSON has them, too"),
        (arguments.memory, "leave out `--memory`; JSON has both"),
        (arguments.device is not None, "leave out `--device`; JSON has both"),
    ):
        if is_given:
            from archdsl.cli.commands.errors import ReceptiveFieldAlone

            raise ReceptiveFieldAlone(remedy).error()


def _estimates(architectures: Sequence[Architecture], arguments: Namespace) -> list[Estimate]:
    """The estimates of the networks of a file. JSON has receptive fields, too, unless that is too much to follow.

    Memory needs every operator as well, so what is too much for the one is too much for the other.
    """
    batch, level = arguments.batch, arguments.per
    if arguments.receptive_field or arguments.memory:
        return estimates(architectures, batch=batch, level=level, receptive_fields=True)
    if arguments.output_format == "json":
        with suppress(DiagnosticError):
            return estimates(architectures, batch=batch, level=level, receptive_fields=True)
    return estimates(architectures, batch=batch, level=level)
