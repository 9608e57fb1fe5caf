"""`archdsl export`: a network as a file that other programs run."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.backends.table import aligned
from archdsl.cli.arguments import add_extern, batch, resolution
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import refuse_standard_output, within
from archdsl.cli.one_network import one_network
from archdsl.cli.output import Output
from archdsl.cli.progress import progress
from archdsl.diagnostics.render import printable
from archdsl.exporting.settings import DTYPES, TARGETS, Settings, facts_of

if TYPE_CHECKING:
    from archdsl.exporting.export import Exported

_DYNAMIC = "dynamic"


def add_arguments(parser: ArgumentParser) -> None:
    targets = "\n".join(f"  {target.name:<12} {target.doc}" for target in TARGETS)
    parser.description = (
        "Write a network for inference elsewhere: folded, and with its weights. The file is opened again, run and "
        "compared with the module; one that puts out something else is not written. What an image needs before the "
        "network takes it, and the names of the classes, are in the file as far as they are known."
    )
    parser.epilog = (
        f"targets:\n{targets}\n\n"
        "examples:\n"
        "  archdsl export specs/resnet.arch --variant 50 --to onnx --weights trained.safetensors\n"
        "  archdsl export net.arch --to openvino --weights run --batch dynamic --resolution dynamic\n"
        "  archdsl export net.arch --to onnx --weights run --int8 --calibration images/val"
    )
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    parser.add_argument(
        "--variant", "--model", metavar="V", help="the network, `b1` or `efficientnet_b1`, where there are several"
    )
    parser.add_argument(
        "--to", required=True, metavar="TARGET", choices=[target.name for target in TARGETS], help="see below"
    )
    add_extern(parser)
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="a .safetensors or .pth, ours or another library's, or the folder of a run (default: fresh ones)",
    )
    parser.add_argument(
        "--batch", type=_batch, default=1, metavar="N|dynamic", help="images at a time, or any number (default: 1)"
    )
    parser.add_argument(
        "--resolution",
        type=_resolution,
        default=(),
        metavar="R|dynamic",
        help="height and width of images, `224` or `224x320`, or any (default: the model's input)",
    )
    parser.add_argument(
        "--dtype", choices=DTYPES, default="float32", help="what it computes in; images stay float32 (default: float32)"
    )
    parser.add_argument("--int8", action="store_true", help="quantize, and say how far outputs are from float32")
    parser.add_argument(
        "--calibration", metavar="DIR", help="images for `--int8`: a folder of them, or of a folder for each class"
    )
    parser.add_argument(
        "--normalization",
        choices=("imagenet", "centered", "unit"),
        help="how the values of images are normalized, for the file to say (default: as in the run)",
    )
    parser.add_argument(
        "--out",
        "--output",
        metavar="FILE",
        help="where to write; NAME with the suffix in a folder (default: in this one)",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument("--output-format", choices=("table", "json"), default="table", help="default: table")


def run(arguments: Namespace, output: Output) -> int:
    architecture, code = one_network(
        arguments.spec, output, variant=arguments.variant, resolution=arguments.resolution or None
    )
    if architecture is None:
        return code
    refuse_standard_output(arguments.out, "an export", "file")
    settings = Settings(
        arguments.to,
        arguments.batch,
        arguments.resolution,
        arguments.dtype,
        arguments.normalization,
        is_int8=arguments.int8,
        calibration=arguments.calibration,
    )
    # Here and not above, for the other commands start without torch.
    from archdsl.api import Network
    from archdsl.exporting.export import before_weights, write
    from archdsl.exporting.subject import subject_of

    network = Network(architecture)
    asked = within(arguments.out, f"{network.name}{facts_of(settings.to).suffix}")
    out = before_weights(network, settings, asked, arguments.weights, force=arguments.force)
    progress("weights")
    subject = subject_of(network, arguments.weights, arguments.normalization)
    progress(f"writing {printable(str(out))}, and comparing it")
    made = write(subject, settings, out, force=arguments.force)
    progress("")
    if arguments.output_format == "json":
        output.result(json.dumps(made.as_json(), indent=2))
    else:
        output.result(_table(made))
        output.remark(_wrote(made))
    if subject.origin is None:
        output.remark("the weights are fresh, nobody trained them; see --weights")
    if "mean" not in subject.preprocessing:
        output.remark("how images are normalized is not known, so the file does not say it; see --normalization")
    return FINE


def _table(made: Exported) -> str:
    rows = [
        (
            one.size,
            f"{one.difference:.1e}",
            "" if one.agreement is None else f"{100 * one.agreement:.0f} %",
        )
        for one in made.compared
    ]
    return aligned(("images", "difference", "same class"), rows, "<>>")


def _wrote(made: Exported) -> str:
    files = " and ".join(printable(str(file)) for file in reversed(made.files))
    size = sum(Path(file).stat().st_size for file in made.files) / 1e6
    said = "".join(f", {name} {text}" for name, text in made.said.items())
    return f"wrote {files} ({size:.1f} MB{said})"


def _batch(text: str) -> int | None:
    return None if text == _DYNAMIC else batch(text)


def _resolution(text: str) -> tuple[int, int] | None:
    if text == _DYNAMIC:
        return None
    try:
        return resolution(text)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{error}; or `dynamic` for any") from None
