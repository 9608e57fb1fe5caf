"""`archdsl plan`: a training phase by phase, before anything runs."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from archdsl.backends.latency import Profile, profile
from archdsl.cli.arguments import add_force, batch, count, memory_size
from archdsl.cli.commands.errors import BatchOverData, UnsharedBatch
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import refuse_edited_file, write
from archdsl.cli.formats import chosen
from archdsl.cli.output import Output
from archdsl.cli.specs import open_spec
from archdsl.diagnostics.render import printable
from archdsl.planning.plan import Plan, plan
from archdsl.planning.text import as_json, as_table
from archdsl.trainings import Training, open_recipe

# What is planned for where nothing says how many images there are: the training set of ImageNet-1k.
_IMAGENET = 1_281_167
_PICTURES = {".svg": "svg", ".png": "png"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Show what a recipe does, phase by phase: epochs, resolution, batch, regularization and learning rate; the "
        "predicted peak of memory, and with a device the time of a step and of the whole. Nothing is trained."
    )
    parser.epilog = (
        "examples:\n  archdsl plan archdsl:recipes/efficientnetv2.arch --recipe v2_s --device a100 --devices 8\n"
        "  archdsl plan mine.arch --data pictures/ --device profile.json --plot plan.svg\n"
        "  archdsl plan mine.arch --images 50000 --set epochs=30 --fits 16GB"
    )
    parser.add_argument("spec", metavar="SPEC", help="an .arch file with a recipe, or - for standard input")
    add_recipe(parser)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--data", metavar="DATA", help="the data, whose images to learn from are counted")
    size.add_argument("--images", type=_images, metavar="N", help="images of the training data (default: ImageNet's)")
    parser.add_argument("--batch", type=batch, metavar="N", help="images of a step (default: the recipe's)")
    parser.add_argument("--devices", type=count, default=1, metavar="N", help="devices that share a step (default: 1)")
    parser.add_argument("--device", metavar="NAME|FILE", help="a device that ships or a profile of `archdsl calibrate`")
    parser.add_argument("--fits", type=memory_size, metavar="SIZE", help="memory of a device: 16GB (default: its own)")
    parser.add_argument("--plot", metavar="FILE", help="draw the phases into an .svg or .png file")
    add_force(parser)
    parser.add_argument("--output-format", choices=("table", "json"), default="table", help="default: table")


def add_recipe(parser: ArgumentParser) -> None:
    """The arguments that choose a recipe and a network of a SPEC."""
    parser.add_argument("--recipe", metavar="NAME", help="which recipe (default: the only one of the file)")
    parser.add_argument("--variant", metavar="V", help="which network of a family, `b1` or `efficientnet_b1`")
    help = "replace a setting of the recipe: `epochs=30`, `'optimizer = sgd(0.1)'`, `progressive=none`"
    parser.add_argument("--set", action="append", default=[], metavar="S=V", help=help)


def open_training(arguments: Namespace) -> Training:
    """The recipe and network that the arguments choose. Raises DiagnosticError."""
    source = open_spec(arguments.spec)
    return open_recipe(source, arguments.recipe, variant=arguments.variant, settings=arguments.set)


def run(arguments: Namespace, output: Output) -> int:
    picture = chosen("--plot", arguments.plot, None, _PICTURES, "svg")
    training = open_training(arguments)
    device = profile(arguments.device) if arguments.device is not None else None
    found = plan(
        training.recipe,
        training.architecture,
        training.at,
        images=_count(arguments, output),
        batch=arguments.batch,
        devices=arguments.devices,
        device=device,
        budget=_budget(arguments.fits, device),
    )
    _refuse_uneven(found)
    drawn = _drawn(found, picture, arguments)
    output.result(as_json(found) if arguments.output_format == "json" else as_table(found))
    if drawn is not None:
        write(Path(arguments.plot), drawn)
        output.remark(f"wrote {printable(arguments.plot)}")
    return FINE


def _drawn(found: Plan, picture: str, arguments: Namespace) -> bytes | None:
    if arguments.plot is None:
        return None
    from archdsl.planning.plot import plot

    drawn = plot(found, picture)
    if picture == "svg" and not arguments.force:
        refuse_edited_file(Path(arguments.plot), drawn, "--plot FILE")
    return drawn


def _count(arguments: Namespace, output: Output) -> int:
    if arguments.images is not None:
        count: int = arguments.images
        return count
    if arguments.data is not None:
        from archdsl.training.data.opening import open_data
        from archdsl.training.settings import HOLDOUT

        return len(open_data(arguments.data, "train", holdout=HOLDOUT))
    output.remark(f"neither `--data` nor `--images`: planned for the {_IMAGENET:,} images of ImageNet-1k")
    return _IMAGENET


def _budget(asked: int | None, device: Profile | None) -> int | None:
    if asked is not None:
        return asked
    return int(device.capacity.value) if device is not None and device.capacity is not None else None


def _refuse_uneven(found: Plan) -> None:
    """Raises DiagnosticError for a batch that cannot be shared, or that is larger than the data."""
    if found.batch % found.devices:
        raise UnsharedBatch(found.batch, found.devices).error()
    if found.batch > found.images:
        raise BatchOverData(found.batch, found.images).error()


def _images(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10**12:
        raise ArgumentTypeError(f"{text!r} is not a number of images")
    return int(text)
