"""Problems of runs that are used: evaluated, or asked what is in a picture."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes


class NoWeightsYet(Problem):
    code = codes.CANNOT_READ
    message = "the run in {folder} has no weights yet"
    help = "go on with it: `archdsl train --resume --out {folder}`"
    folder: str


class NoTestImages(Problem):
    code = codes.WRONG_USAGE
    message = "{data} has no images to test on"
    help = "give images that were not trained on, with `--data`"
    data: str


class BadPicture(Problem):
    code = codes.CANNOT_READ
    message = "cannot read the image {path}: {reason}"
    path: str
    reason: str
