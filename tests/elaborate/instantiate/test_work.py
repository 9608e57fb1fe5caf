"""How much work a file may be, and how much more there is for what need not be known."""

from __future__ import annotations

from archdsl.elaborate.instantiate.work import Work
from archdsl.limits import limits


def test_half_is_spare_for_networks_and_a_quarter_for_causes() -> None:
    work = Work()
    work.made["key"] = None  # type: ignore[assignment]
    spare = work.spare()
    most = limits().effort
    assert (spare.networks.spent, spare.causes.spent) == (most // 2, most * 3 // 4)
    assert spare.networks.made is spare.causes.made is work.made


def test_work_is_spent_when_it_is_more_than_the_limit() -> None:
    most = limits().effort
    assert not Work(most).is_spent
    assert Work(most + 1).is_spent
