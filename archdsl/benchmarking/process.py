"""The process of one network: `python -m archdsl.benchmarking.process` takes a request and then words, a line each.

What was compiled or quantized in a process changes what is compiled after it, and its memory cannot be told from that
of others: so each network has a process. On `run SECONDS` it runs for about so long and answers with the seconds of
each run; on `end` with its peak of memory. It answers in JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

_LONGEST_REASON = 300
_WARM = 3  # runs before those that count
# Runs that are waited for at once: a GPU computes one while the next is launched.
_WAITED_FOR = {"cpu": 1, "cuda": 10}


def main() -> None:
    # Libraries print; answers go where nobody else writes.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def answer(**found: Any) -> None:
        answers.write(json.dumps(found) + "\n")
        answers.flush()

    # Before the request is read: several processes import at once while one is asked after the other.
    from safetensors.torch import save_file

    from archdsl.benchmarking.prepare import prepare
    from archdsl.benchmarking.request import Request
    from archdsl.quiet import quiet

    request = Request.from_json(sys.stdin.readline())

    before = _forget_peak()
    try:
        with quiet():
            prepared, seconds, processor = prepare(request)
    except Exception as error:  # any library, on any network
        answer(failed=" ".join((str(error) or type(error).__name__).split())[:_LONGEST_REASON])
        return
    save_file({str(number): one.contiguous() for number, one in enumerate(prepared.outputs)}, request.outputs)
    for _ in range(_WARM):
        prepared.run()
    answer(seconds=seconds, processor=processor)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "end":
            answer(peak=_peak(request.device, before))
            return
        taken: list[float] = []
        until = time.perf_counter() + float(rest[0])
        while not taken or time.perf_counter() < until:
            taken.append(_seconds(prepared.run, request.device))
        answer(taken=taken)


def _seconds(run: Callable[[], object], device: str) -> float:
    """Of one run."""
    runs = _WAITED_FOR[device]
    start = time.perf_counter()
    for _ in range(runs):
        run()
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
    return (time.perf_counter() - start) / runs


def _forget_peak() -> int:
    """Has the kernel count the peak of memory anew; what is in use now, in bytes."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass
    return _status("VmRSS")


def _peak(device: str, before: int) -> int | None:
    """The peak of memory since then in bytes, so far as it can be known."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated()
    found = _status("VmHWM")
    return found - before if found else None


def _status(name: str) -> int:
    try:
        with open("/proc/self/status") as file:
            lines = [line for line in file if line.startswith(name)]
    except OSError:  # no Linux
        return 0
    return int(lines[0].split()[1]) * 1024 if lines else 0


if __name__ == "__main__":
    main()
