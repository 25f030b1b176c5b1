"""Small flows and tasks that the engine's tests are made of."""

from typing import Any

from orchestrator.sdk import Flow, StartFlowRun, Task, task

WORKS = {"ok": True}


@task
def works() -> dict[str, bool]:
    return WORKS


@task
def fails() -> None:
    raise ValueError("broken on purpose")


def failing_once() -> Task:
    """Return a task named `once` that fails the first time it is executed."""
    calls: list[int] = []

    @task
    def once() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first time")

    return once


def one_task(name: str, body: Task = works, **parameters: Any) -> Flow:
    """Return a flow of one task."""
    with Flow(name) as flow:
        body(**parameters)
    return flow


def child(name: str, **more: Any) -> StartFlowRun:
    """Return a task that starts a flow of the tests' project."""
    return StartFlowRun(flow_name=name, project_name="tests", **more)


def wide(name: str, size: int) -> Flow:
    """Return a flow of that many tasks that wait for nothing."""
    with Flow(name) as flow:
        for _ in range(size):
            works()
    return flow
