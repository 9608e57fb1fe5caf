"""`archdsl estimate --device`: how long inference or a training step takes there."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from archdsl.backends.estimate import Estimate
from archdsl.cli.output import Output
from archdsl.ir.architecture import Architecture


def add_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("latency")
    group.add_argument(
        "--device",
        metavar="NAME|FILE",
        help="a device that ships (a100, h100, h200, phone, v100, ...) or a profile that `archdsl calibrate` wrote",
    )
    group.add_argument(
        "--explain", action="store_true", help="what bounds each part: arithmetic, memory or launches, and why"
    )


def refuse_without_device(arguments: Namespace) -> None:
    """Raises DiagnosticError where an argument of latency has no device to go with."""
    if arguments.explain:
        from archdsl.cli.commands.errors import ExplainWithoutDevice

        raise ExplainWithoutDevice().error()


def report(
    estimates: Sequence[Estimate], architectures: Sequence[Architecture], arguments: Namespace, output: Output
) -> None:
    """Prints the estimates with their latency."""
    from archdsl.backends.estimate_text import as_csv, as_document, document_text
    from archdsl.backends.latency import Latencies, profile
    from archdsl.backends.latency.report import add_to_document, add_to_rows, as_table, timed

    device = profile(arguments.device)
    found = [
        timed(
            made,
            Latencies(architecture, device, batch=made.batch, training=arguments.training, dtype=arguments.dtype),
        )
        for made, architecture in zip(estimates, architectures, strict=True)
    ]
    match arguments.output_format:
        case "json":
            document = as_document(estimates)
            add_to_document(document, found)
            output.result(document_text(document).rstrip("\n"))
        case "csv":
            output.result(add_to_rows(as_csv(estimates, arguments.per), found, arguments.per).rstrip("\n"))
        case _ if found:
            output.result(as_table(found, arguments.per, explain=arguments.explain))
