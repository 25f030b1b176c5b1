"""Who may be claimed, where limits say how many task runs with a tag there are at once."""

from dataclasses import replace
from uuid import UUID

from orchestrator.core.tags import Placed, judge_places, lines_above, places_taken


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


def waiting(number: int, *tags: str) -> Placed:
    return Placed(UUID(int=number), frozenset(tags), waits=True)


def below(found: Placed, *above: int) -> Placed:
    return replace(found, above=[UUID(int=number) for number in above])


def test_what_waits_lends_its_place_to_one_at_a_time_of_those_below_it():
    waits = waiting(1, "a")
    assert judged([waits, below(held(2, "a"), 1), below(held(3, "a"), 1)], a=1) == ([2], [])
    assert judged([waits, below(executed(2, "a"), 1), below(held(3, "a"), 1)], a=1) == ([], [])
    assert judged([waits, below(executed(2, "a"), 1), below(held(3, "a"), 1)], a=2) == ([3], [])
    assert judged([waits, held(2, "a")], a=1) == ([], [])


def test_what_waits_below_lends_the_place_that_it_was_lent():
    assert judged([waiting(1, "a"), below(waiting(2, "a"), 1), below(held(3, "a"), 2, 1)], a=1) == ([3], [])
    others = [below(executed(3, "a"), 2, 1), below(held(4, "a"), 2, 1), below(held(5, "a"), 1)]
    assert judged([waiting(1, "a"), below(waiting(2, "a"), 1), *others], a=1) == ([], [])


def test_who_can_be_lent_a_place_by_another_leaves_it_to_who_cannot():
    lenders = [waiting(1, "a"), waiting(2, "a")]
    assert judged([*lenders, below(executed(3, "a"), 1, 2), below(held(4, "a"), 1)], a=2) == ([4], [])


def test_places_of_other_tags_are_not_lent():
    assert judged([waiting(1, "a"), below(held(2, "a", "b"), 1), executed(3, "b")], a=1, b=1) == ([], [])
    assert judged([waiting(1, "a"), below(held(2, "a", "b"), 1)], a=1, b=1) == ([2], [])


def test_who_wants_a_place_that_is_not_there_keeps_nothing_that_it_was_lent():
    found = [waiting(1, "a"), executed(2, "b"), below(held(3, "a", "b"), 1), below(held(4, "a"), 1)]
    assert judged(found, a=1, b=1) == ([4], [])


def test_of_those_that_nobody_has_claimed_the_last_below_a_full_limit_are_too_many():
    found = [below(claimable(2, "a"), 1), below(claimable(3, "a"), 1), below(executed(4, "a"), 1), waiting(1, "a")]
    assert judged(found, a=1) == ([], [3, 2])


def test_the_line_above_a_flow_run_begins_with_who_waits_for_it_itself():
    top, middle, beside, leaf = (UUID(int=number) for number in range(10, 14))
    upper, lower, other = (UUID(int=number) for number in range(20, 23))
    waits = [(middle, upper, top), (leaf, lower, middle), (leaf, other, beside)]
    assert lines_above(waits, [leaf, top]) == {leaf: [lower, other, upper], top: []}


def test_what_is_lent_is_not_taken_from_the_room():
    assert places_taken([waiting(1, "a"), below(executed(2, "a"), 1), below(executed(3, "a"), 1)]) == {"a": 2}


def test_below_a_limit_that_was_lowered_no_more_are_executed_than_it_says():
    lenders = [waiting(1, "a"), waiting(2, "a")]
    assert judged([*lenders, below(held(3, "a"), 1), below(held(4, "a"), 2)], a=1) == ([3], [])
    assert judged([*lenders, below(claimable(3, "a"), 1), below(claimable(4, "a"), 2)], a=1) == ([], [4])
    assert judged([*lenders, below(executed(3, "a"), 1), below(held(4, "a"), 2)], a=1) == ([], [])
