"""Which flow run may start next where limits say how many are under way."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from orchestrator.core.admission import Overlap, Queued, next_verdict

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def queued(number: int, **more) -> Queued:
    given = {
        "priority": 0,
        "waits_since": NOON + timedelta(minutes=number),
        "is_nested": False,
        "under_way": 0,
        "limit": None,
        "overlap": Overlap.QUEUE,
    }
    return Queued(flow_run_id=UUID(int=number), flow_id=number, **(given | more))


def chosen(found: list[Queued], limit: int | None = None, under_way: int = 0) -> tuple[int, Overlap | None] | None:
    verdict = next_verdict(found, limit=limit, under_way=under_way)
    return verdict and (verdict.queued.flow_id, verdict.action)


def test_the_older_is_first_but_higher_priority_before_it():
    assert chosen([queued(2), queued(1)]) == (1, None)
    assert chosen([queued(2, priority=1), queued(1)]) == (2, None)


def test_a_flow_at_its_limit_lets_others_of_the_project_pass():
    assert chosen([queued(1, limit=1, under_way=1), queued(2)]) == (2, None)
    assert chosen([queued(1, limit=2, under_way=1), queued(2)]) == (1, None)


def test_a_project_at_its_limit_lets_only_those_pass_that_its_own_runs_started():
    assert chosen([queued(1)], limit=3, under_way=3) is None
    assert chosen([queued(1), queued(2, is_nested=True)], limit=3, under_way=3) == (2, None)
    assert chosen([queued(1)], limit=3, under_way=2) == (1, None)


def test_a_flow_says_what_becomes_of_one_too_many():
    assert chosen([queued(1, limit=1, under_way=1)]) is None
    assert chosen([queued(1, limit=1, under_way=1, overlap=Overlap.SKIP)]) == (1, Overlap.SKIP)
    assert chosen([queued(1, limit=1, under_way=1, overlap=Overlap.CANCEL_OLDER)]) == (1, Overlap.CANCEL_OLDER)


def test_who_waits_for_older_ones_that_are_being_cancelled_lets_others_pass():
    waits = queued(1, limit=1, under_way=1, ending=1, overlap=Overlap.CANCEL_OLDER)
    assert chosen([waits]) is None
    assert chosen([waits, queued(2)]) == (2, None)


def test_nobody_waits_where_nobody_is_queued():
    assert chosen([]) is None
