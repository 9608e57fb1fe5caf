"""Names that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

_LONGEST = 80
_TOO_MANY_CANDIDATES = 1_500
# A slip in a shorter name is as likely another name.
_SHORTEST_SLIP = 4


def nearest(name: str, candidates: Iterable[str]) -> list[str]:
    """The candidates that a name is a misspelling or an abbreviation of, at most three; none when nothing is near.

    Near is one letter in three: further away, names only share some letters. Of several the nearest are taken.
    """
    if len(name) > _LONGEST:
        return []
    known = set(candidates) - {name}  # there, but not what is needed: nobody means the same again
    if len(known) > _TOO_MANY_CANDIDATES:
        return []
    lower = name.lower()
    if abbreviated := sorted(candidate for candidate in known if lower in _other_spellings(candidate.lower())):
        return abbreviated[:3]
    plain = _plain(name)
    near: list[tuple[int, bool, str]] = []
    most = max(1, len(plain) // 3)
    for candidate in known:
        far = distance(plain, _plain(candidate), most)
        if far <= most and far < len(plain):
            # Few people mistake a first letter.
            near.append((far, candidate[:1].lower() != lower[:1], candidate))
            most = far
    best = sorted(candidate for candidate in near if candidate[0] == most)
    if not best:
        best = sorted((0, False, candidate) for candidate in known if _is_part(lower, candidate.lower()))
    return [candidate for _, _, candidate in best[:3]]


def nearest_file(path: str, candidates: Iterable[str]) -> list[str]:
    """The same for files: what is compared is their names, not the folders and the ending that they share."""
    of = {candidate: _stem(candidate) for candidate in candidates}
    stem = _stem(path)
    near = [stem] if stem in of.values() else nearest(stem, of.values())
    return sorted((candidate for candidate, stem in of.items() if stem in near), key=lambda each: near.index(of[each]))


def _stem(path: str) -> str:
    """The name of a file; `resnet` for `archdsl:resnet.arch`, too."""
    return PurePath(path.rpartition(":")[2]).stem


def distance(name: str, candidate: str, most: int) -> int:
    """The letters that are missing, added, replaced or swapped with their neighbour between two names, counted up to
    `most`; with more of them, `most + 1`."""
    far = most + 1
    if abs(len(name) - len(candidate)) > most or len(set(name) ^ set(candidate)) > 2 * most:
        return far
    before: list[int] = []
    row = list(range(len(candidate) + 1))
    for i, letter in enumerate(name, 1):
        above, row = row, [i]
        for j, other in enumerate(candidate, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == candidate[j - 2] and name[i - 2] == other:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before = above
    return min(row[-1], far)


def is_slip(name: str, candidate: str) -> bool:
    """Whether a name can only be a slip of the pen for a candidate: the same letters in another notation
    (`BatchNorm`), two letters swapped, or one missing, doubled or wrong.

    A digit, another first letter, another letter at the end or one put there, or another word of one letter makes
    another name, not a misspelling: `relu6`, `prelu`, `cellb`, `convt`, `cell_b_small`.
    """
    if _plain(name) == _plain(candidate):
        return True
    name, candidate = name.lower(), candidate.lower()
    if len(candidate) < _SHORTEST_SLIP or name[:1] != candidate[:1] or _digits(name) != _digits(candidate):
        return False
    if distance(name, candidate, 1) != 1 or name[:-1] == candidate[:-1] or _has_other_letter(name, candidate):
        return False
    added = next((i for i in range(len(name)) if name[:i] + name[i + 1 :] == candidate), None)
    return added is None or added < len(name) - 1 or name[-1] == name[-2]


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A help line that names the nearest candidates, or None when nothing is near."""
    return question(nearest(name, candidates))


def question(near: list[str]) -> str | None:
    """`did you mean `a` or `b`?`, or None where there is nothing to mean."""
    return "did you mean " + " or ".join(f"`{candidate}`" for candidate in near) + "?" if near else None


def _plain(name: str) -> str:
    """A name without what notations differ in: `BatchNorm` and `batch_norm` are one."""
    return name.lower().replace("_", "").replace("-", "")


def _has_other_letter(name: str, candidate: str) -> bool:
    """Whether two names of as many words differ in one that is a single letter, `cell_a_small` and `cell_b_small`."""
    words, others = name.split("_"), candidate.split("_")
    pairs = zip(words, others, strict=True) if len(words) == len(others) else ()
    return any(word != other and len(word) == len(other) == 1 for word, other in pairs)


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _is_part(name: str, candidate: str) -> bool:
    """Whether one name is the beginning of the other (`kern`, `kernel_size`), or its last word (`num_classes`)."""
    short, long = sorted((name, candidate), key=len)
    return len(short) >= _SHORTEST_SLIP and (long.startswith(short) or long.endswith(f"_{short}"))


def _other_spellings(candidate: str) -> tuple[str, ...]:
    """What other libraries call such a name: `hardswish` and `hswish` for `hard_swish`, `bn` for `batch_norm`."""
    *first, last = candidate.split("_")
    if not first or not all((*first, last)):
        return (candidate,)
    initials = "".join(part[0] for part in first)
    return candidate, "".join((*first, last)), initials + last, initials + last[0]
