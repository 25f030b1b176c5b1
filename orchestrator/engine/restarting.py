"""Run tasks again, in the same flow run: what succeeded before them keeps its results."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.engine.following import carry_out
from orchestrator.engine.item_restarts import restart_item
from orchestrator.engine.restarts import NotFinished, NothingToRestart, UnknownTask, restart_one
from orchestrator.engine.steps import UnknownTaskRun
from orchestrator.models import TaskRun

__all__ = ["NotFinished", "NothingToRestart", "UnknownTask", "restart_flow_run", "restart_task_run"]


def restart_flow_run(
    *,
    flow_run_id: UUID,
    user: AbstractBaseUser | None = None,
    from_tasks: Collection[str] = (),
    parameters: Mapping[str, Any] | None = None,
) -> None:
    """Restart a flow run from what did not succeed, or from `from_tasks`: those task runs and all after them.

    The flow run keeps its id and its version; what runs again is told `parameters` in place of those of the same name.
    From what failed, children that failed restart likewise and children that succeeded do not run again; from tasks
    that are named everything runs again, a task whose child succeeded with a new one. A flow run in which everything
    succeeded is left as it is unless tasks are named. Where a person restarts a child, the task runs above it that
    ended by its failure wait for it again, and the flow runs above go on.

    A flow run that has not ended can be restarted only from tasks that have, while nothing after them is under way.

    :raises UnknownFlowRun: there is none of that id
    :raises UnknownTask: a task named is none of the flow's
    :raises NotFinished: it, or what is to run again, has not ended
    :raises NothingToRestart: parameters were given, but everything succeeded and no task is named
    :raises InvalidParameters: with a problem for each wrong parameter
    """
    carry_out([restart_one(flow_run_id=flow_run_id, user=user, from_tasks=from_tasks, parameters=parameters)])


def restart_task_run(
    *, task_run_id: UUID, user: AbstractBaseUser | None = None, parameters: Mapping[str, Any] | None = None
) -> None:
    """Run a task and everything after it again, whatever their states; of a mapped task's item, that item alone.

    What follows an item item by item runs again for that item, and all that waits for its task when that has ended; the
    other items keep their ends. An item whose child succeeded starts a new child, one whose child failed restarts it.

    :raises UnknownTaskRun: there is none of that id
    :raises NotFinished: it, or what is to run again, has not ended, or its task has no such item any more
    :raises InvalidParameters: with a problem for each wrong parameter
    """
    found = TaskRun.objects.filter(pk=task_run_id).values_list("flow_run_id", "slug", "map_index").first()
    if found is None:
        raise UnknownTaskRun(f"There is no task run {task_run_id}.")
    flow_run_id, slug, index = found
    if index < 0:
        restart_flow_run(flow_run_id=flow_run_id, user=user, from_tasks=[slug], parameters=parameters)
    else:
        carry_out([restart_item(task_run_id=task_run_id, user=user, parameters=parameters)])
