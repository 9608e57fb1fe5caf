"""Problems with measuring."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes


class BusyMachine(Problem):
    """`found` and `bound` are percentages by which runs scatter, and `when` says when, in words."""

    code = codes.BUSY_MACHINE
    message = "the machine is busy: runs scatter by {found:.0f} %, more than {bound:.0f} %, {when}"
    help = "end other programs and repeat; `--max-scatter {enough:.2g}` accepts as much, `--force` anything"
    found: float
    bound: float
    when: str

    @property
    def enough(self) -> float:
        return 1.2 * self.found / 100


class NoCuda(Problem):
    """`alternative` says what to do without it."""

    code = codes.MISSING_TOOL
    message = "there is no CUDA device here, or this torch was built without CUDA"
    help = "{alternative}"
    alternative: str
