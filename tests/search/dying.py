"""Workers that die by SIGKILL at one commit after the other.

`python -m tests.search.dying FOLDER FIRST LAST STEP GRACE`: each is a process of its own that works on the study in the
folder, and is killed as it is about to commit to the storage for the n-th time, for each STEP-th from FIRST to LAST.
What it had committed is there, as after a kill at any moment between the two. A GRACE of 0 is that of the study.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from archdsl.search.evaluation.evaluator import Evaluator
from archdsl.search.study import Study
from archdsl.search.worker import Worker


def work(worker: Worker, commits: int) -> None:
    """Works until so many commits were begun, and then is no more."""
    engine, left = worker.study.storage.engine, commits
    engine.dispose(close=False)  # its connections are the parent's

    def count(connection: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "commit", count)
    worker.run()


def main() -> None:
    folder, (first, last, step, grace) = Path(sys.argv[1]), map(int, sys.argv[2:])
    study = Study.join(folder, None, None)
    if grace:
        study.storage.set_grace(grace)
    worker = Worker(study, Evaluator(study.space, study.objective, study.source, study.texts, study.settings, folder))
    killed = 0
    for commits in range(first, last, step):
        child = os.fork()
        if not child:
            work(worker, commits)
            os._exit(0)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    print(killed)


if __name__ == "__main__":
    main()
