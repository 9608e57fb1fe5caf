"""The same with a guide: `python -m fuzz.coverage_guided --count 100000` keeps what reaches new lines of the compiler,
and changes that. It needs atheris, of the extra `fuzz`.

It begins with the items of the real files; what it keeps goes to a folder, so that the next run begins with that.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from random import Random
from typing import Any

from fuzz.run import MEMORY, SECONDS

# Most mistakes need few characters.
LONGEST = 1_500


def main(argv: list[str] | None = None) -> None:
    """Never returns: libFuzzer ends the process, with 0 when every input was handled."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.coverage_guided", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="how many inputs (default: 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="for the changes (default: 1)")
    parser.add_argument(
        "--out", type=Path, default=Path(".fuzz"), help="where the corpus and failures go (default: .fuzz)"
    )
    arguments = parser.parse_args(argv)

    import atheris

    with atheris.instrument_imports(include=["archdsl"]):
        import fuzz.exercise
        import fuzz.mutate
        import fuzz.texts
    # Loaded late otherwise, and then not watched.
    with atheris.instrument_imports(include=["archdsl"]):
        from archdsl.diagnostics import github, sarif  # noqa: F401
        from archdsl.language import fixes, mistakes, recovery  # noqa: F401

    corpus = arguments.out / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(fuzz.texts.items()):
        if len(item) <= LONGEST:
            (corpus / f"item{number}").write_text(item, encoding="utf-8")

    def one(data: bytes) -> None:
        outcome = fuzz.exercise.exercise(data.decode("utf-8", "replace"))
        if outcome.slowest > SECONDS:
            raise TimeoutError(f"slow: {outcome.seconds}")

    def changed(data: bytes, most: int, seed: int) -> bytes:
        """Every other change is one of tokens, every other one of bytes."""
        random = Random(seed)
        if random.random() < 0.4:
            return bytes(atheris.Mutate(data, most))
        text = fuzz.mutate.mutated(data.decode("utf-8", "replace"), random)
        return text.encode("utf-8", "replace")[:most]

    options: list[Any] = [
        sys.argv[0],
        f"-runs={arguments.count}",
        f"-seed={arguments.seed}",
        f"-max_len={LONGEST}",
        f"-rss_limit_mb={MEMORY}",
        f"-timeout={int(10 * SECONDS)}",
        f"-artifact_prefix={arguments.out}/",
        "-print_final_stats=1",
        str(corpus),
    ]
    atheris.Setup(options, one, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
