"""Names that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable

NEAR = 0.61
_LONGEST = 80
_MOST_CANDIDATES = 500
_TOO_MANY_CANDIDATES = 1_500
_NEARER = 0.08


def nearest(name: str, candidates: Iterable[str], *, cutoff: float = NEAR) -> list[str]:
    """The candidates that are most like a name, or that it abbreviates; none when nothing is near."""
    if len(name) > _LONGEST:
        return []
    known = set(candidates) - {name}  # there, but not what is needed: nobody means the same again
    if len(known) > _TOO_MANY_CANDIDATES:
        return []
    from difflib import get_close_matches  # late: most texts have no mistake

    lower = name.lower()
    if abbreviated := sorted(candidate for candidate in known if lower in _other_spellings(candidate.lower())):
        return abbreviated[:3]
    # Names of very different lengths are never near, and few people mistake a first letter: this keeps the search
    # short in a file with many names. Among thousands it would still be long.
    plausible = [candidate for candidate in known if abs(len(candidate) - len(name)) <= 2 + len(name) // 2]
    ordered = sorted(plausible, key=lambda candidate: (candidate[:1] != name[:1], candidate))
    near = get_close_matches(name, ordered[:_MOST_CANDIDATES], n=3, cutoff=cutoff)
    if not near:
        return []
    best = likeness(name, near[0])
    # One that is much nearer than the others stands alone.
    return [other for other in near if best - likeness(name, other) < _NEARER]


def likeness(name: str, candidate: str) -> float:
    """From 0, nothing in common, to 1, the same but for capitals."""
    from difflib import SequenceMatcher

    return SequenceMatcher(None, candidate.lower(), name.lower()).ratio()


def did_you_mean(name: str, candidates: Iterable[str], *, cutoff: float = NEAR) -> str | None:
    """A help line that names the nearest candidates, or None when nothing is near."""
    return question(nearest(name, candidates, cutoff=cutoff))


def question(near: list[str]) -> str | None:
    """`did you mean `a` or `b`?`, or None where there is nothing to mean."""
    return "did you mean " + " or ".join(f"`{candidate}`" for candidate in near) + "?" if near else None


def _other_spellings(candidate: str) -> tuple[str, ...]:
    """What other libraries call such a name: `hardswish` and `hswish` for `hard_swish`, `bn` for `batch_norm`."""
    *first, last = candidate.split("_")
    if not first or not all((*first, last)):
        return (candidate,)
    initials = "".join(part[0] for part in first)
    return candidate, "".join((*first, last)), initials + last, initials + last[0]
