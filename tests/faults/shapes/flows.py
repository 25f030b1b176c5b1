"""Flows of different shapes in the project `shapes`: children, retries that heal, failures, triggers, nesting.

How a run of each ends does not depend on how often its functions are executed: what fails for ever fails for ever, and
what fails once may be tried again.
"""

import time

from orchestrator.sdk import Flow, Parameter, StartFlowRun, task
from tests.faults.executions import record_execution


class Broken(Exception):
    """Raised on purpose."""


@task
def works(seconds: float = 0.0) -> dict[str, int]:
    record_execution()
    time.sleep(seconds)
    return {"rows": 1}


@task
def fails_once() -> dict[str, int]:
    if record_execution() == 0:
        raise Broken("the first time")
    return {"rows": 2}


@task(max_retries=1, retry_delay=0)
def breaks() -> None:
    record_execution()
    raise Broken("every time")


def child(name: str, **more: object) -> StartFlowRun:
    return StartFlowRun(flow_name=name, project_name="shapes", wait=True, **more)


with Flow("steady") as flow:
    works(upstream_tasks=[works(Parameter("seconds", default=0.02, type=float))])

with Flow("shaky") as flow:
    works(upstream_tasks=[fails_once.copy(max_retries=1, retry_delay_seconds=0.0)])

with Flow("feeble") as flow:
    fails_once()

with Flow("broken") as flow:
    breaks()

with Flow("diamond") as flow:
    a = child("steady")()
    b, c = child("shaky")(upstream_tasks=[a]), child("steady")(upstream_tasks=[a])
    child("steady")(upstream_tasks=[b, c])

with Flow("healing") as flow:
    works(upstream_tasks=[child("feeble", max_retries=1, retry_delay=0)()])

with Flow("doomed") as flow:
    a = child("broken")()
    works(upstream_tasks=[a])
    after = works.copy(name="after all", trigger="any_failed")(upstream_tasks=[a])
    child("steady", trigger="all_finished")(upstream_tasks=[after])

with Flow("fan") as flow:
    first = works()
    children = [child("steady")(upstream_tasks=[first]) for _ in range(8)]
    works(upstream_tasks=children)

with Flow("nested") as flow:
    child("healing")(upstream_tasks=[child("diamond")()])

with Flow("launching") as flow:
    works(upstream_tasks=[StartFlowRun(flow_name="steady", project_name="shapes", wait=False)()])

with Flow("sharing") as flow:
    child("steady")(idempotency_key="shared")
