"""Problems with networks that are timed side by side."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes


class NotThisWay(Problem):
    code = codes.WRONG_USAGE
    message = "`{target}` does not {what}"
    help = "leave it out; there are {others}"
    target: str
    what: str
    others: str


class MissingOfBench(Problem):
    """`packages` are named as pip has them."""

    code = codes.MISSING_TOOL
    message = "`{target}` needs {packages}"
    help = "install them with `pip install 'archdsl[export]'`"
    target: str
    packages: str


class UnknownLibrary(Problem):
    code = codes.WRONG_USAGE
    message = "`{against}` is no network of another library"
    help = "name one as `timm:resnet50`, `torchvision:resnet50` or `pytorchcv:resnet50`"
    against: str


class ContenderDiffers(Problem):
    """What is not equal is not worth timing; `difference` is relative to the output."""

    code = codes.EXPORT_DIFFERS
    message = "{network} by `{target}` puts out something else than our module, by {difference} of the output"
    help = "leave out `{target}`, or report it as a bug"
    network: str
    target: str
    difference: str


class ContenderFails(Problem):
    """`reason` is in the words of what fails."""

    code = codes.NOT_EXPORTED
    message = "{network} cannot be timed by `{target}`: {reason}"
    help = "choose other `--targets`, another `--batch` or another `--resolution`"
    network: str
    target: str
    reason: str


class Scatters(Problem):
    code = codes.BUSY_MACHINE
    message = "times scatter by {scatter}: the ratios may be off by as much"
    help = "run it again when the machine is quiet, or with more `--rounds`"
    scatter: str
