"""`archdsl estimate`: parameters, MACs, FLOPs, activations and, with a device, latency."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from archdsl.backends.estimate import LEVELS, estimate
from archdsl.backends.estimate_text import as_csv, as_json, as_table
from archdsl.cli.arguments import add_specs, add_variant, batch, resolution
from archdsl.cli.commands import estimate_latency
from archdsl.cli.output import Output
from archdsl.cli.specs import compile_specs


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
    estimate_latency.add_arguments(parser)


def run(arguments: Namespace, output: Output) -> int:
    specs = compile_specs(arguments.specs, output, variant=arguments.variant, resolution=arguments.resolution)
    level = arguments.per
    estimates = [estimate(architecture, batch=arguments.batch, level=level) for architecture in specs.architectures]
    if arguments.device is not None:
        estimate_latency.report(estimates, specs.architectures, arguments, output)
        return specs.exit_code
    estimate_latency.refuse_without_device(arguments)
    match arguments.output_format:
        case "json":
            output.result(as_json(estimates).rstrip("\n"))
        case "csv":
            output.result(as_csv(estimates, level).rstrip("\n"))
        case _ if estimates:
            output.result(as_table(estimates, level))
    return specs.exit_code
