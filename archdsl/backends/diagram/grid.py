"""Where the boxes of a panel of lanes stand: in rows, each below what it reads, with a place for every lane in each."""

from __future__ import annotations

from collections import defaultdict

from archdsl.backends.diagram.figure import Frame, Node, Panel

Grid = list[list[list[Node]]]  # nodes by row and lane


def grid(panel: Panel) -> Grid:
    """What goes on to outputs alone stands in one row, above them; between what a frame holds stands nothing else."""
    rows = _Rows(panel).found()
    lanes = 1 + max(node.lane or 0 for node in panel.nodes)
    places: Grid = [[[] for _ in range(lanes)] for _ in range(1 + max(rows.values()))]
    for node in panel.nodes:
        places[rows[node.key]][node.lane or 0].append(node)
    return places


class _Rows:
    """The rows of nodes, by their keys."""

    def __init__(self, panel: Panel):
        self.nodes = panel.nodes
        self.reads: defaultdict[str, list[str]] = defaultdict(list)
        self.readers: defaultdict[str, list[Node]] = defaultdict(list)
        by_key = {node.key: node for node in panel.nodes}
        for edge in panel.edges:
            self.reads[edge.head].append(edge.tail)
            self.readers[edge.tail].append(by_key[edge.head])
        self.framed: defaultdict[Frame, list[Node]] = defaultdict(list)
        for node in panel.nodes:
            for frame in node.frames:
                self.framed[frame].append(node)
        self.least: defaultdict[str, int] = defaultdict(int)
        self.rows: dict[str, int] = {}

    def found(self) -> dict[str, int]:
        self._place()
        while late := self._between():
            self.least.update(late)
            self._place()
        ends = [node.key for node in self.nodes if node.kind == "end" and self.reads[node.key]]
        last = [
            node.key
            for node in self.nodes
            if node.key not in ends and node.kind == "row" and self.readers[node.key] and not node.frames
            if all(reader.kind == "end" for reader in self.readers[node.key])
        ]
        for keys in (last, ends):
            lowest = max((self._row(key) for key in keys), default=0)
            self.rows.update(dict.fromkeys(keys, lowest))
        return self.rows

    def _row(self, key: str) -> int:
        """The first row that is below all that a node reads."""
        return max([self.least[key], *(self.rows[tail] + 1 for tail in self.reads[key] if tail in self.rows)])

    def _place(self) -> None:
        self.rows = {}
        for node in self.nodes:
            if node.key in self.rows:
                continue
            members = self.framed[node.frames[0]] if node.frames else [node]
            top = max(self._row(member.key) for member in members)
            for member in members:  # those of a frame begin in one row
                self.rows[member.key] = max(top, self._row(member.key))

    def _between(self) -> dict[str, int]:
        """Nodes that stand between those of a frame, with the rows below it."""
        late: dict[str, int] = {}
        for frame, members in self.framed.items():
            rows = [self.rows[member.key] for member in members]
            lanes = [member.lane or 0 for member in members]
            for node in self.nodes:
                in_rows = min(rows) <= self.rows[node.key] <= max(rows)
                in_lanes = min(lanes) <= (node.lane or 0) <= max(lanes)
                if in_rows and in_lanes and frame not in node.frames:
                    late[node.key] = max(rows) + 1
        return late
