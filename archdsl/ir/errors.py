"""Problems with architectures as a whole: too large to be followed operator by operator, or of several inputs."""

from __future__ import annotations

from archdsl.diagnostics import OverBound, Problem, codes
from archdsl.diagnostics.wording import quoted
from archdsl.ir.description import Description


class TooManySteps(OverBound):
    message = "`{name}` unfolds to more than {most:,} steps"
    bound = "steps"
    instead = "look at its stages or its blocks instead"
    name: str


class OneInputAlone(Problem):
    """`what` is done with networks of one input, and `instead` what to do about one of several."""

    code = codes.WRONG_USAGE
    message = "{what} takes networks of one input, and `{name}` has several: {inputs}"
    help = "{instead}"
    what: str
    name: str
    inputs: str
    instead: str


# What is done with such a network that no command does.
OF_SEVERAL_INPUTS = "write that in PyTorch: `archdsl.load(FILE).build()` is the module"


def refuse_several_inputs(architecture: Description, what: str, instead: str) -> None:
    """Raises DiagnosticError for a network of several inputs."""
    if architecture.inputs:
        raise OneInputAlone(what, architecture.name, quoted(architecture.inputs), instead).error()
