"""Who may be claimed, where limits say how many task runs with a tag there are at once."""

from uuid import UUID

from orchestrator.core.tags import Placed, judge_places


def held(number: int, *tags: str) -> Placed:
    return Placed(UUID(int=number), frozenset(tags), is_held=True)


def claimable(number: int, *tags: str) -> Placed:
    return Placed(UUID(int=number), frozenset(tags), is_claimable=True)


def executed(number: int, *tags: str) -> Placed:
    return Placed(UUID(int=number), frozenset(tags))


def judged(found: list[Placed], **limits: int) -> tuple[list[int], list[int]]:
    answer = judge_places(found, limits)
    return [one.int for one in answer.may_go], [one.int for one in answer.too_many]


def test_the_first_go_as_far_as_there_is_room():
    assert judged([executed(1, "a"), held(2, "a"), held(3, "a")], a=2) == ([2], [])


def test_who_needs_two_tags_needs_room_of_both():
    assert judged([executed(1, "a"), held(2, "a", "b"), held(3, "b")], a=1, b=1) == ([3], [])


def test_who_needs_no_place_goes():
    assert judged([executed(1, "a"), held(2)], a=1) == ([2], [])


def test_the_last_that_nobody_has_claimed_are_too_many_and_what_is_executed_stays():
    assert judged([executed(1, "a"), claimable(2, "a"), claimable(3, "a"), executed(4, "a")], a=3) == ([], [3])
    assert judged([executed(1, "a"), executed(2, "a")], a=1) == ([], [])
