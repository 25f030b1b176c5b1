"""The flows that the workloads run: the child does next to nothing, so that what is measured is ours."""

import time

from orchestrator.sdk import Flow, Parameter, StartFlowRun, task

CHAIN = 50
FAN = 200
LEVELS = 5
INDEPENDENT = 2_000
PARENTS_AT_ONCE = 500
CHANGES = 600
ITEMS = 10_000


@task
def small() -> dict[str, int]:
    """Return a small dict, as the baseline's Celery tasks do."""
    return {"rows": 1}


@task
def hand_out() -> list[dict[str, int]]:
    """Return the parameters of as many children as a mapped task is made for."""
    return [{} for _ in range(ITEMS)]


@task
def nap() -> None:
    """Leave the page the time to show that it began."""
    time.sleep(0.2)


@task
def doze() -> None:
    """Take so long that two slots end about 200 a second."""
    time.sleep(0.01)


def child(name: str, *, wait: bool = True) -> StartFlowRun:
    return StartFlowRun(flow_name=name, project_name="bench", wait=wait)


with Flow("child") as flow:
    small()

with Flow("W1") as flow:
    child("child")()

with Flow("W2") as flow:
    first = child("child")()
    branches = [child("child")(upstream_tasks=[first]) for _ in range(2)]
    child("child")(upstream_tasks=branches)

with Flow("W3") as flow:
    last = child("child")()
    for _ in range(CHAIN - 1):
        last = child("child")(upstream_tasks=[last])

with Flow("W4") as flow:
    first = child("child")()
    middle = [child("child")(upstream_tasks=[first]) for _ in range(FAN)]
    child("child")(upstream_tasks=middle)

inner = "child"
for level in range(2, LEVELS):
    with Flow(f"level-{level}") as flow:
        child(inner)()
    inner = f"level-{level}"
with Flow("W5") as flow:
    child(inner)()

with Flow("W9") as flow:
    child("child").map(parameters=hand_out())

# Two schedules of a flow that give the same parameters at the same time start one run.
with Flow("timed") as flow:
    small(upstream_tasks=[Parameter("number", default=0)])

# Parents whose child is not due for long: they wait, and hold nothing.
with Flow("waiting") as flow:
    child("child")(scheduled_start_time="2199-01-01T00:00:00Z")

with Flow("waiting-parents") as flow:
    for _ in range(PARENTS_AT_ONCE):
        child("waiting", wait=False)()

with Flow("watched") as flow:
    last = nap()
    for _ in range(19):
        last = nap(upstream_tasks=[last])

with Flow("watched-busy") as flow:
    for _ in range(CHANGES):
        doze()
