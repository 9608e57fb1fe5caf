"""From a keystroke in a file to its diagnostics: a real server process, asked over its standard input and output."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from time import perf_counter, sleep
from typing import Any

from archdsl.backends.table import aligned
from benchmarks.measure import ROOT, progress, row, write_results

REQUIRED_MS = 100
SPEC = ROOT / "specs" / "efficientnet.arch"
WARM_UP = 10
# From key to key, as a quick typist types; a server has things to do in between, too.
PACE_S = 0.15
# Behind what something is typed, and the keys; `\b` takes one back. A comment changes no network, a digit in the table
# changes all of them, and a line that is begun cannot be read.
TYPED = {
    "a comment": ("  act       = silu", "  # smooth everywhere"),
    "a digit of a cell, and back": ("| 192      | 4", "0\b1\b2\b3\b4\b5\b6\b7\b8\b9\b"),
    "a line of the model": ("  act       = silu", "\n  padding   = same"),
}


class Client:
    """As little of the protocol as an editor needs to type."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "archdsl", "lsp"]
        self.server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.version, self.typed = 0, 0.0
        self.uri = SPEC.as_uri()
        self._request("initialize", {"processId": None, "rootUri": ROOT.as_uri(), "capabilities": {}})
        self._notify("initialized", {})

    def open(self, text: str) -> list[Any]:
        document = {"uri": self.uri, "languageId": "arch", "version": self.version, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})
        return self._diagnostics()

    def type(self, text: str) -> tuple[float, list[Any]]:
        """Sends a new text; how long its diagnostics take to arrive, and what they are."""
        sleep(max(0, self.typed + PACE_S - perf_counter()))
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        start = self.typed = perf_counter()
        self._notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        found = self._diagnostics()
        return perf_counter() - start, found

    def close(self) -> None:
        self._request("shutdown", None)
        self._notify("exit", None)
        self.server.wait(10)

    def _diagnostics(self) -> list[Any]:
        while True:
            message = self._receive()
            given = message.get("params")
            if message.get("method") == "textDocument/publishDiagnostics" and given["version"] == self.version:
                found: list[Any] = given["diagnostics"]
                return found

    def _request(self, method: str, given: object) -> None:
        self._send({"id": method, "method": method, "params": given})
        while self._receive().get("id") != method:
            pass

    def _notify(self, method: str, given: object) -> None:
        self._send({"method": method, "params": given})

    def _send(self, message: dict[str, object]) -> None:
        assert self.server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.server.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.server.stdout is not None
        length = 0
        while line := self.server.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self.server.stdout.read(length))
        return message


def keystrokes(text: str, where: str, typed: str) -> Iterator[str]:
    """The texts that come about while something is typed behind a place."""
    before, found, after = text.partition(where)
    before, written = before + found, ""
    for key in typed:
        written = written[:-1] if key == "\b" else written + key
        yield before + written + after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often to type each (default: 5)")
    rounds = parser.parse_args().rounds

    text = SPEC.read_text(encoding="utf-8")
    client = Client()
    if found := client.open(text):
        sys.exit(f"{SPEC.name} should have no diagnostics, and has {found}")
    for _ in range(WARM_UP):
        client.type(text)
    taken: dict[str, list[float]] = {name: [] for name in TYPED}
    broken = dict.fromkeys(TYPED, 0)
    for turn in range(rounds):
        for name, (where, typed) in TYPED.items():
            progress(f"round {turn + 1} of {rounds}: {name}")
            for version in keystrokes(text, where, typed):
                seconds, found = client.type(version)
                taken[name].append(seconds)
                broken[name] += bool(found)
            if client.type(text)[1]:
                sys.exit("the file should be whole again")
    progress("")
    client.close()

    everything = [seconds for times in taken.values() for seconds in times]
    taken["all keystrokes"] = everything
    broken["all keystrokes"] = sum(broken.values())
    rows = [
        row(name, times, everything, with_diagnostics=f"{broken[name]} of {len(times)}")
        for name, times in taken.items()
    ]
    middle, slowest = rows[-1]["median_ms"], max(entry["median_ms"] for entry in rows)
    requirement = {
        "text": f"under {REQUIRED_MS} ms from a keystroke to its diagnostics at the median, on a warm server",
        "found": f"{middle:.0f} ms over all keystrokes, {slowest:.0f} ms for the slowest kind",
        "met": slowest < REQUIRED_MS,
    }
    name = str(SPEC.relative_to(ROOT))
    results = {"file": name, "pace_ms": 1000 * PACE_S, "requirement": requirement, "rows": rows}
    write_results("lsp_keystroke", results)
    cells = [[entry["name"], f"{entry['median_ms']:.1f} ms", f"{entry['most_ms']:.0f} ms"] for entry in rows]
    print(aligned(["typed", "median", "most"], cells, "<>>"))
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")


if __name__ == "__main__":
    main()
