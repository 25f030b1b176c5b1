"""The flows that the workloads run: the child does next to nothing, so that what is measured is ours."""

from orchestrator.sdk import Flow, StartFlowRun, task

CHAIN = 50
FAN = 200
LEVELS = 5


@task
def small() -> dict[str, int]:
    """Return a small dict, as the baseline's Celery tasks do."""
    return {"rows": 1}


def child(name: str) -> StartFlowRun:
    return StartFlowRun(flow_name=name, project_name="bench", wait=True)


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
