"""One execution of a Python function of flow.run(): its result as the next task receives it, or what it raised."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.core.attempts import looped
from orchestrator.core.caching import CacheEntry
from orchestrator.core.graph import Task
from orchestrator.core.planner import Ending
from orchestrator.core.results import to_json
from orchestrator.core.states import State
from orchestrator.sdk.arguments import received
from orchestrator.sdk.caching import entry_of, recall
from orchestrator.sdk.context import context
from orchestrator.sdk.limits import time_limit
from orchestrator.sdk.local_results import keep
from orchestrator.sdk.raised import EXPLAINED, PASSES, told
from orchestrator.sdk.signals import LOOP, SUCCESS, Signal, ending_of

if TYPE_CHECKING:
    from orchestrator.sdk.tasks import Task as WrittenTask


def execute(
    written: WrittenTask, rules: Task, inputs: dict[str, Any], *, flow: str, carried: Mapping[str, Any]
) -> Ending:
    """Return how the function ended, inside the context of its attempt.

    :param flow: the name of its flow
    :param carried: what earlier attempts left for this one
    """
    inside = context()
    entry = entry_of(
        written, rules, project="", flow=flow, index=inside.map_index, inputs=inputs, parameters=inside.parameters
    )
    try:
        if entry is not None and (cached := recall(written, entry, inputs, inside.parameters)):
            return cached
        return _kept(_called(written, rules, inputs, entry), rules.result_serializer, carried)
    except PASSES:
        raise
    except BaseException as error:  # noqa: BLE001 - people's code may raise anything
        if not isinstance(error, (Signal, SystemExit, *EXPLAINED)):
            traceback.print_exc()
        return ending_of(error, told(error), written.retry_on)


def _called(written: WrittenTask, rules: Task, inputs: dict[str, Any], entry: CacheEntry | None) -> Ending:
    try:
        with time_limit(rules.timeout_seconds):
            return Ending(State.SUCCESS, "", written.run(**received(written, inputs)), cache=entry)
    except (SUCCESS, LOOP) as signal:
        return replace(signal.ending(), cache=entry)


def _kept(ending: Ending, serializer: str, carried: Mapping[str, Any]) -> Ending:
    if ending.state is State.SUBMITTED:
        told_next = looped(carried, to_json(ending.result, "result of LOOP"))
        return replace(ending, result=None, carried=told_next, cache=None)
    return replace(ending, result=keep(ending.result, serializer))
