"""Arguments of Prefect 1 that mean nothing here: refused with what to use instead, unless they ask for what is so."""

from collections.abc import Mapping
from typing import Any

_QUEUE = "where something is executed is decided by its queue: Flow(queue=...)"

FOREIGN = {
    "run_config": _QUEUE,
    "labels": _QUEUE,
    "executor": f"workers execute side by side what can be; {_QUEUE}",
    "storage": "workers load the flows of the apps that ANABRANCH_APPS names",
    "new_flow_context": "hand values to the child as parameters",
    "context": "hand values to the child as parameters",
    "log_stdout": "what a function prints is always kept",
    "checkpoint": "results are always kept",
    "result": "results are always kept; how, a task says by result_serializer",
    "target": "cache_for lets later runs use a result again",
    "build": "nothing is built",
    "no_url": "no address is printed",
    "set_schedule_active": "a schedule is paused in the browser, and stays so",
    "version_group_id": "the versions of a flow are those of its name in its project",
    "task_run_name": "a task run is called by its task's name and its item",
}
_SO_ANYWAY: dict[str, tuple[bool, ...]] = {
    "log_stdout": (True,),
    "checkpoint": (True,),
    "build": (True, False),
    "no_url": (True, False),
    "set_schedule_active": (True,),
}


def refuse_foreign(whose: object, given: Mapping[str, Any]) -> None:
    """Accept arguments that are None, or ask for what is so anyway.

    :raises TypeError: one asks for something else, or is no argument of Prefect 1 either
    """
    for name, value in given.items():
        if name not in FOREIGN:
            raise TypeError(f"{whose!r} takes no argument {name!r}.")
        if value is not None and value not in _SO_ANYWAY.get(name, ()):
            raise TypeError(f"{whose!r} has no {name} here: {FOREIGN[name]}.")
