"""`archdsl estimate --memory`: how much memory inference or a step of training takes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from archdsl.backends.estimate import Estimate
from archdsl.cli.arguments import count, memory_size
from archdsl.cli.output import Output
from archdsl.ir.architecture import Architecture

_DTYPES = ("float32", "bfloat16", "float16")
_OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop", "rmsprop_momentum")


def add_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("memory")
    group.add_argument(
        "--memory", action="store_true", help="weights, what is kept for the way back, and the peak, in MB (10^6 bytes)"
    )
    group.add_argument("--optimizer", choices=_OPTIMIZERS, help="with --training (default: momentum)")
    group.add_argument("--ema", action="store_true", help="with --training: a running mean of the weights as well")
    group.add_argument(
        "--checkpoint",
        choices=("none", "block", "stage"),
        help="with --training: the parts that keep only their input and are computed once more (default: none)",
    )
    group.add_argument("--on", choices=("cpu", "cuda"), help="whose kernels and allocator (default: cpu)")
    group.add_argument(
        "--isa",
        choices=("avx512", "avx2"),
        help="on a CPU: the vectors of its kernels, which decide what convolutions copy (default: this machine's)",
    )
    group.add_argument(
        "--threads",
        type=count,
        metavar="N",
        help="on a CPU: 1 says that PyTorch computes small pointwise convolutions itself (default: 2)",
    )
    group.add_argument(
        "--fits", type=memory_size, metavar="SIZE", help="the largest batch within 16GB (10^9 bytes) or 16GiB (2^30)"
    )


def refuse_without_memory(arguments: Namespace) -> None:
    """Raises DiagnosticError where an argument is about memory and that was not asked for."""
    for name in ("optimizer", "ema", "checkpoint", "on", "isa", "threads", "fits"):
        if getattr(arguments, name):
            from archdsl.cli.errors import OptionAlone

            raise OptionAlone(name, "memory", "add `--memory`").error()


def report(
    estimates: Sequence[Estimate], architectures: Sequence[Architecture], arguments: Namespace, output: Output
) -> None:
    """Prints the estimates with their memory."""
    from archdsl.backends.estimate_text import as_csv, as_document, document_text
    from archdsl.backends.memory import Setting, isa_of_this_machine, largest_batch, memory
    from archdsl.backends.memory.report import Fit, Report, add_to_document, add_to_rows, as_table

    _refuse(arguments)
    setting = Setting(
        batch=arguments.batch,
        dtype=arguments.dtype or "float32",
        training=arguments.training,
        optimizer=arguments.optimizer or "momentum",
        ema=arguments.ema,
        checkpoint=arguments.checkpoint or "none",
        on=arguments.on or "cpu",
        isa=arguments.isa or isa_of_this_machine(),
        threads=arguments.threads or 2,
    )
    budget = arguments.fits
    found = [
        Report(
            made,
            memory(architecture, setting),
            Fit(largest_batch(architecture, setting, budget), budget) if budget is not None else None,
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
            output.result(as_table(found, arguments.per))


def _refuse(arguments: Namespace) -> None:
    from archdsl.cli.commands.errors import MemoryByPart
    from archdsl.cli.errors import OptionAlone, UnestimatedType

    if arguments.per not in ("model", "stage"):
        raise MemoryByPart().error()
    if arguments.dtype not in (None, *_DTYPES):
        raise UnestimatedType(list(_DTYPES), arguments.dtype).error()
    for name in ("isa", "threads"):
        if getattr(arguments, name) and arguments.on == "cuda":
            raise OptionAlone(name, "a CPU", "use `--on cpu`").error()
    for name in ("optimizer", "ema", "checkpoint"):
        if getattr(arguments, name) and not arguments.training:
            raise OptionAlone(name, "training", "add `--training`").error()
