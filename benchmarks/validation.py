"""What pydantic's validation would add to a process that elaborates a text: `python -m benchmarks.validation`.

An operator's validator is built when it is first asked for, and with the first one pydantic looks for plugins among the
installed packages. Each figure is the least of a number of processes, in milliseconds of processor time.
"""

from __future__ import annotations

import subprocess
import sys

_PROCESSES = 9
_SETUP = "import time; from archdsl.ir.operators import PRIMITIVES; start = time.process_time()\n"
_KINDS = ("conv", "depthwise", "batch_norm", "silu", "sigmoid", "global_avg_pool", "linear", "drop_path", "dropout")
_CASES = {
    "pydantic itself": "PRIMITIVES['conv'].model_rebuild()",
    "the operators of an EfficientNet": f"[PRIMITIVES[kind].model_rebuild() for kind in {_KINDS}]",
}


def main() -> None:
    for name, code in _CASES.items():
        script = f"{_SETUP}{code}\nprint(1e3 * (time.process_time() - start))"
        runs = [
            subprocess.run([sys.executable, "-c", script], capture_output=True, check=True) for _ in range(_PROCESSES)
        ]
        sys.stdout.write(f"{name}: {min(float(run.stdout) for run in runs):.1f} ms\n")


if __name__ == "__main__":
    main()
