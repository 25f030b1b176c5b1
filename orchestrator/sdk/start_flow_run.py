"""The task that starts a run of another flow, and can wait for it."""

import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from orchestrator.core.graph import OnRetry
from orchestrator.sdk.collections import holds_task
from orchestrator.sdk.tasks import Task

_SHORTEST_POLL = timedelta(seconds=3)


class StartFlowRun(Task):
    """Starts a run of a flow's latest version; with `wait`, ends as that child flow run ends, and with its result.

    Waiting holds no worker. Without `wait` the result is the child flow run's id. Retries find the same child again.

    :param flow_name: the flow to start
    :param project_name: the project to find it in; that of the flow around it unless given
    :param parameters: what the child is given; values known only at run time are passed when the task is called
    :param wait: whether to wait for the child and mirror its state
    :param run_name: the child flow run's name
    :param scheduled_start_time: when the child is to start; at once unless given
    :param poll_interval: accepted so that older code runs; nothing polls here
    :param on_retry: what a retry does with a child that failed: "restart" it from what failed, start a "new_run",
        or only "mirror" it again
    :param attributes: what every `Task` takes: retries, trigger, time limit, ...
    :raises TypeError: a task among the parameters
    :raises ValueError: a poll interval under three seconds, an unknown `on_retry`
    """

    def __init__(
        self,
        flow_name: str | None = None,
        project_name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        wait: bool = False,
        run_name: str | None = None,
        scheduled_start_time: datetime | None = None,
        poll_interval: timedelta | None = None,
        *,
        on_retry: OnRetry | str = OnRetry.RESTART,
        name: str | None = None,
        **attributes: Any,
    ) -> None:
        if parameters is not None and holds_task(dict(parameters)):
            raise TypeError(
                "The parameters of a StartFlowRun's constructor cannot hold tasks; pass them when it is called in the"
                " flow: start(parameters={...})."
            )
        if attributes.get("cache_for") is not None:
            raise ValueError("A StartFlowRun has no cache; cache what the tasks of its flow make.")
        _check_poll(poll_interval)
        self.flow_name = flow_name
        self.project_name = project_name
        self.parameters = dict(parameters) if parameters is not None else None
        self.wait = wait
        self.run_name = run_name
        self.scheduled_start_time = scheduled_start_time
        self.on_retry = _on_retry(on_retry)
        super().__init__(name or (f"Flow {flow_name}" if flow_name else None), **attributes)

    def run(
        self,
        flow_name: str | None = None,
        project_name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        run_name: str | None = None,
        scheduled_start_time: Any = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Say what may be passed when the task is called in a flow; the engine starts the child, not this method."""
        raise RuntimeError("A StartFlowRun starts its child as part of a flow run; call it inside a flow.")


def _check_poll(poll_interval: timedelta | None) -> None:
    if poll_interval is None:
        return
    if poll_interval < _SHORTEST_POLL:
        raise ValueError(f"poll_interval must be at least three seconds, not {poll_interval}.")
    warnings.warn("poll_interval has no effect: a waiting StartFlowRun hears of its child's end at once.", stacklevel=3)


def _on_retry(on_retry: OnRetry | str) -> OnRetry:
    try:
        return OnRetry(on_retry)
    except ValueError:
        raise ValueError(f"There is no on_retry {on_retry!r}; there are {', '.join(OnRetry)}.") from None
