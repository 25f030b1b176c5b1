"""Flows that would start each other without end."""

from collections import deque
from collections.abc import Iterable, Mapping

from orchestrator.core.graph import FlowName


def find_circle(
    flow: FlowName, first: Iterable[FlowName], starts: Mapping[FlowName, Iterable[FlowName]]
) -> list[FlowName]:
    """Return the shortest way from `flow` back to itself, both ends named; empty if there is none.

    :param first: the flows that `flow` starts
    :param starts: flow -> the flows that it starts, at least for all that `first` leads to
    """
    came_from: dict[FlowName, FlowName] = dict.fromkeys(first, flow)
    ahead = deque(came_from)
    while ahead:
        reached = ahead.popleft()
        if reached == flow:
            return _way_to(flow, came_from)
        for following in starts.get(reached, ()):
            if following not in came_from:
                came_from[following] = reached
                ahead.append(following)
    return []


def _way_to(flow: FlowName, came_from: Mapping[FlowName, FlowName]) -> list[FlowName]:
    way = [flow, came_from[flow]]
    while way[-1] != flow:
        way.append(came_from[way[-1]])
    return way[::-1]
