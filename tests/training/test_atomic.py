"""Files that several write at once are whole, and each writer succeeds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from archdsl.training import atomic


def test_several_write_a_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "best.arch"
    texts = [bytes([number]) * 10_000 for number in range(8)]

    def writes(data: bytes) -> None:
        for _ in range(25):
            atomic.write(path, data)

    with ThreadPoolExecutor(len(texts)) as workers:
        for done in [workers.submit(writes, data) for data in texts]:
            done.result()
    assert path.read_bytes() in texts
    assert [*tmp_path.iterdir()] == [path]
