"""`archdsl weights`: trained weights from other libraries, and ours for them."""

from __future__ import annotations

import json
from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.cli.arguments import add_extern, resolution
from archdsl.cli.commands.errors import NotPeer
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import write
from archdsl.cli.formats import chosen
from archdsl.cli.one_network import one_network
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT
from archdsl.diagnostics.render import printable

if TYPE_CHECKING:
    from archdsl.api import Network
    from archdsl.weights import KeyMap, MappedWeights, MismatchError

_MODELS = "timm:NAME, torchvision:NAME or pytorchcv:NAME"
_EXTENSIONS = {".safetensors": "safetensors", ".pth": "pth", ".pt": "pth"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Carry weights between a network and a model of another library. What each tensor is called there is found by "
        "what the two modules do with their weights, and proven: on equal random weights, both have the same outputs."
    )
    parser.epilog = (
        "examples:\n  archdsl weights map specs/v2_l.arch --from timm:NAME                  prints the map of keys\n"
        "  archdsl weights map specs/v2_l.arch --from timm:NAME --weights trained.pth --out ours.safetensors\n"
        "  archdsl weights export specs/v2_l.arch ours.safetensors --to timm:NAME --out theirs.safetensors"
    )
    directions = parser.add_subparsers(dest="direction", metavar="map|export", required=True)
    for name, summary, add in (
        ("map", "weights of another library under our keys", _add_map),
        ("export", "our weights under the keys of another library", _add_export),
    ):
        add(directions.add_parser(name, help=summary, formatter_class=parser.formatter_class, allow_abbrev=False))


def _add_map(parser: ArgumentParser) -> None:
    parser.description = (
        "Match the tensors of a foreign model or file to those of the network that a spec describes, print which is "
        "which, and write them under the keys of `archdsl.load(SPEC).build()`. What does not match is "
        "printed as a table. Of a .pth only tensors are loaded; no code in it runs."
    )
    parser.epilog = (
        "A file alone has no code to run: its map rests on names, shapes and order, is not proven, and is refused "
        "where it could be another. Say which model it belongs to, and it is proven: --from timm:NAME --weights FILE."
    )
    _add_common(parser)
    parser.add_argument(
        "--from", dest="origin", required=True, metavar="MODEL|FILE", help=f"{_MODELS}, a .safetensors or a .pth"
    )
    parser.add_argument(
        "--weights", metavar="FILE", help="a checkpoint of that MODEL: the numbers (default: fresh ones)"
    )
    parser.add_argument(
        "--pretrained", action="store_true", help="the numbers that the library has; it may download them"
    )
    parser.add_argument(
        "--part",
        action="append",
        default=[],
        metavar="PATH",
        help="only what is below this path of ours or of theirs: `stages.0..2`, `features.*.conv`; again for more",
    )
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="PATH",
        help="not what is below this path, which stays as the network makes it: `classifier`; again for more",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="write the tensors, a .safetensors or a .pth; - for standard output",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="write them although outputs differ on equal weights (ARC702), for debugging; the exit code stays 1",
    )


def _add_export(parser: ArgumentParser) -> None:
    parser.description = (
        "Write weights of the network that a spec describes so that a model of another library loads them."
    )
    _add_common(parser)
    parser.add_argument(
        "file", metavar="OURS", help="a .safetensors or .pth under the keys of `archdsl.load(SPEC).build()`"
    )
    parser.add_argument("--to", dest="origin", required=True, metavar="MODEL", help=_MODELS)
    parser.add_argument("--out", required=True, metavar="FILE", help="a .safetensors or a .pth, - for standard output")


def _add_common(parser: ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    parser.add_argument(
        "--variant", metavar="V", help="the network, `b1` or `efficientnet_b1`, where there are several"
    )
    parser.add_argument(
        "--resolution",
        type=resolution,
        metavar="R",
        help="largest height and width of the images of the proof, `224` or `224x320` (default: the model's input)",
    )
    add_extern(parser)
    parser.add_argument(
        "--state",
        metavar="NAME",
        help="which of several sets of weights of a file: `model_ema`, . for all as one network",
    )
    parser.add_argument("--output-format", choices=("table", "json"), default="table", help="default: table")
    parser.add_argument("--color", choices=("auto", "always", "never"), default=SUPPRESS, help="colour of diagnostics")


def run(arguments: Namespace, output: Output) -> int:
    style = chosen("--out", arguments.out, None, _EXTENSIONS, "safetensors")
    architecture, code = one_network(arguments.spec, output, variant=arguments.variant, resolution=arguments.resolution)
    if architecture is None:
        return code
    # Here and not above, for the other commands start without torch.
    from archdsl.api import Network
    from archdsl.weights import MismatchError

    network = Network(architecture)
    try:
        (_map if arguments.direction == "map" else _export)(network, arguments, style, output)
    except MismatchError as mismatch:
        is_forced = arguments.direction == "map" and arguments.force and mismatch.refused is not None
        if arguments.out != STANDARD_INPUT and not is_forced:
            _print_mismatch(mismatch, network, arguments, output)
        raise
    return FINE


def _map(network: Network, arguments: Namespace, style: str, output: Output) -> None:
    from archdsl.weights import as_file, map_weights

    mapped = map_weights(
        network,
        arguments.origin,
        weights=arguments.weights,
        pretrained=arguments.pretrained,
        state=arguments.state,
        parts=arguments.part,
        skips=arguments.skip,
        force=arguments.force,
    )
    data = as_file(mapped.ours, style) if arguments.out else b""
    file = arguments.weights or arguments.origin
    for name, what in mapped.others.items():
        output.remark(f"{printable(file)}: `{printable(name)}` is not read: {what}")
    for key, how in mapped.adapted.items():
        output.remark(f"`{printable(key)}` is adapted from {how}, as timm does it")
    if arguments.out and mapped.are_fresh:
        output.remark(
            f"the weights of {arguments.origin} are fresh, nobody trained them; see --weights and --pretrained"
        )
    _finish(mapped.key_map, data, arguments, output, mapped)
    if mapped.refusal is not None:
        raise mapped.refusal
    if mapped.is_partial:
        output.remark("a part of the weights: load it with `load_state_dict(weights, strict=False)`")


def _export(network: Network, arguments: Namespace, style: str, output: Output) -> None:
    from archdsl.weights import as_file, map_weights, read_checkpoint, scoped
    from archdsl.weights.peers import is_peer

    if not is_peer(arguments.origin):
        raise NotPeer(printable(arguments.origin), _MODELS).error()
    ours = scoped(read_checkpoint(arguments.file, arguments.state), network.build().state_dict().keys())
    key_map = map_weights(network, arguments.origin).key_map
    if key_map.left_out:
        from archdsl.weights.errors import UnusedByTheirs

        raise UnusedByTheirs(arguments.origin, network.name, key_map.left_out).error()
    unused = [*ours.others, *ours.aside, *sorted(ours.tensors.keys() - {pair.ours for pair in key_map.pairs})]
    if unused:
        output.remark(f"{printable(arguments.file)}: not exported: {', '.join(map(printable, unused))}")
    _finish(key_map, as_file(key_map.to_theirs(ours.tensors), style), arguments, output)


def _finish(
    key_map: KeyMap, data: bytes, arguments: Namespace, output: Output, mapped: MappedWeights | None = None
) -> None:
    """Prints the map, and writes the file where that was asked for."""
    from archdsl.weights.text import map_as_table

    if key_map.caveat:
        output.remark(f"{key_map.origin}: {key_map.caveat}")
    if arguments.out == STANDARD_INPUT:
        output.data(data)
        return
    as_json = arguments.output_format == "json"
    if as_json:
        output.result(json.dumps((mapped or key_map).as_json(), indent=2))
    else:
        output.result(map_as_table(key_map, mapped))
    if arguments.out:
        write(Path(arguments.out), data)
        output.remark(f"wrote {printable(arguments.out)}")


def _print_mismatch(mismatch: MismatchError, network: Network, arguments: Namespace, output: Output) -> None:
    from archdsl.weights.text import mismatch_as_table

    sides = mismatch.sides or (network.name, arguments.origin)
    if arguments.output_format == "json":
        output.result(json.dumps(mismatch.as_json(*sides), indent=2))
    elif mismatch.rows:
        output.result(mismatch_as_table(mismatch.rows, *sides))
