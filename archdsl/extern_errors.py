"""Problems with the modules that the caller of a network brings."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes
from archdsl.ir.base import Place


def reason(error: Exception) -> str:
    """What Python says of an error, in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


class ExternNotGiven(Problem):
    code = codes.WRONG_USAGE
    message = "`{network}` needs the module `{module}`, which its text only declares"
    help = (
        'bring it: `build(extern={{"{module}": ...}})` in Python, `--extern {module}=package.module:Class` in commands '
        "that have the option"
    )
    network: str
    module: str


class UnknownExtern(Problem):
    code = codes.WRONG_USAGE
    message = "`{network}` has no extern block `{module}`"
    network: str
    module: str


class ExternNotImported(Problem):
    code = codes.WRONG_USAGE
    message = "the module `{path}` cannot be imported: {reason}"
    help = "write package.module:Class, what Python imports and what is in it; the current folder is searched last"
    path: str
    reason: str


class ExternFails(Problem):
    code = codes.WRONG_USAGE
    message = "the module `{call}` cannot be constructed: {reason}"
    help = "what constructs it is given the input's channels and the block's `channels`, and all else by name"
    call: str
    reason: str


class ExternCannotRun(Problem):
    code = codes.WRONG_USAGE
    message = "the module `{call}` fails on {inputs}: {reason}"
    help = "its `forward` is given the input, and then the further tensors of the block, each with an axis of images"
    call: str
    inputs: str
    reason: str


class NotModule(Problem):
    code = codes.WRONG_USAGE
    message = "`{call}` gives no module, but one `{found}`"
    help = "give a class of modules, or a function that returns an `nn.Module`"
    call: str
    found: str


class NotTensor(Problem):
    code = codes.WRONG_USAGE
    message = "the module `{call}` puts out no tensor, but one `{found}`"
    help = "an extern block has one output; put a module around it that returns that"
    call: str
    found: str


class OtherParameters(Problem):
    code = codes.WRONG_USAGE
    message = "the module `{call}` has {found:,} parameters, and the text declares {declared:,} ({place})"
    help = "bring the module that is meant, or declare its `params`; buffers do not count"
    call: str
    found: int
    declared: int
    place: Place


class OtherShape(Problem):
    code = codes.WRONG_USAGE
    message = "the module `{call}` puts out {found} of an input of {input}, and the text declares {declared} ({place})"
    help = "bring the module that is meant, or declare its `out`"
    call: str
    found: str
    declared: str
    input: str
    place: Place
