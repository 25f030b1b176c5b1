"""The entry of the cache that a task's execution would use, and the cache of flow.run(), in memory."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orchestrator.core.caching import CacheEntry, key_of
from orchestrator.core.graph import Task
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.sdk.cache_validators import Remembered, Validator, never_use
from orchestrator.sdk.local_results import opened
from orchestrator.sdk.raised import PASSES, ValidatorFailed, named
from orchestrator.sdk.signals import Signal

if TYPE_CHECKING:
    from orchestrator.sdk.tasks import Task as WrittenTask

log = logging.getLogger(__name__)


def entry_of(
    task: WrittenTask,
    rules: Task,
    *,
    project: str,
    flow: str,
    index: int,
    inputs: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> CacheEntry | None:
    """Return the entry for an execution of a task, None if its results are not cached.

    Without a `cache_key` it is that of this task of this flow, as its code is now; with one, that of all tasks of the
    project that have the same.

    :param index: which item of a mapped task it is, -1 for none
    """
    if rules.cache_for_seconds is None or task.cache_validator is never_use:
        return None
    owner = ["key", task.cache_key] if task.cache_key else ["task", flow, rules.slug, rules.digest, index]
    if isinstance(task.cache_validator, Validator):
        values = task.cache_validator.values(inputs, parameters)
        return CacheEntry(key_of(project, owner, task.cache_validator.name, values), rules.cache_for_seconds)
    key = key_of(project, owner, "custom")
    return CacheEntry(key, rules.cache_for_seconds, _shown(inputs), _shown(parameters))


def holds(task: WrittenTask, cached: Remembered, inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    """Return whether what was found under an entry's key may be used: people's own validators are asked.

    :raises ValidatorFailed: one of them raised an exception
    """
    validator = task.cache_validator
    if isinstance(validator, Validator):
        return True
    try:
        return bool(validator(cached, inputs, parameters))
    except (*PASSES, Signal):
        raise
    except BaseException as error:
        name = getattr(validator, "__name__", repr(validator))
        log.exception("The cache validator %s raised an exception.", name)
        raise ValidatorFailed(f"Cache validator {name} raised {named(error)}") from error


def _shown(values: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(dict(values), default=repr))


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    remembered: Remembered


_memory: dict[str, _Kept] = {}


def recall(
    task: WrittenTask, entry: CacheEntry, inputs: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Ending | None:
    """Return how a task of flow.run() ends whose result is in this process's memory and still holds."""
    kept = _memory.get(entry.key)
    if kept is None or kept.until < time.monotonic():
        return None
    shown = replace(kept.remembered, result=opened(kept.remembered.result))
    if not holds(task, shown, inputs, parameters):
        return None
    return Ending(State.CACHED, "Cached by an earlier run in this process.", kept.remembered.result)


def remember(entry: CacheEntry, result: Any) -> None:
    """Keep a result of flow.run() in this process's memory."""
    _memory[entry.key] = _Kept(time.monotonic() + entry.seconds, Remembered(result, entry.inputs, entry.parameters))
