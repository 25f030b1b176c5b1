"""The project `examples`: a weekday flow of flows, and a family that works on real data."""

import random
import time

import pendulum

from examples import training
from orchestrator.sdk import CronSchedule, Flow, Parameter, StartFlowRun, context, task

# Four flows that different people look after. Each does a little work that one can watch.


@task
def work(seconds: float) -> dict[str, object]:
    """Take some time, say so, and hand on what was done."""
    flow = context().flow
    print(f"{flow} begins")
    time.sleep(seconds)
    print(f"{flow} is done")
    return {"flow": flow, "rows": random.randint(100, 999)}


for name in "ABCD":
    with Flow(name, description=f"Stands for a flow of another team: {name}.") as flow:
        work(Parameter("seconds", default=1.0, type=float, description="How long it works."))

# A flow of flows: B and C after A, D after both, every weekday at 09:30 New York time.

weekday_schedule = CronSchedule("30 9 * * 1-5", start_date=pendulum.now(tz="US/Eastern"))

flow_a, flow_b, flow_c, flow_d = (StartFlowRun(flow_name=name, project_name="examples", wait=True) for name in "ABCD")

with Flow(
    "parent-flow",
    schedule=weekday_schedule,
    description="Runs A, then B and C, then D: every weekday at 09:30 New York time.",
) as flow:
    b = flow_b(upstream_tasks=[flow_a])
    c = flow_c(upstream_tasks=[flow_a])
    d = flow_d(upstream_tasks=[b, c])

# A flow whose parameters come from a task of another one.

with Flow("example", description="Shows the parameter that it was started with.") as flow:

    @task
    def show(value: object) -> object:
        """Print a value and hand it on."""
        print(f"param-key is {value!r}")
        return value

    show(Parameter("param-key", default=None))


@task
def extract_some_data() -> dict[str, str]:
    """Produce the parameters of `example` at run time."""
    return {"param-key": "some-random-piece-of-data"}


with Flow("parametrized-parent", description="Starts `example` with parameters made at run time.") as flow:
    StartFlowRun(flow_name="example", project_name="examples", wait=True)(parameters=extract_some_data)

# A family that does real work: preprocess, train, report. Each stage is a flow of its own.

with Flow("preprocess", description="Splits the iris measurements and scales them.") as flow:
    split = task(training.split)(
        test_share=Parameter("test_share", default=0.3, type=float, description="Share of rows kept for the test."),
        seed=Parameter("seed", default=7, type=int, description="Seed of the split."),
    )

with Flow("train", description="Trains a classifier on preprocessed rows.") as flow:
    trained = task(training.train)(
        rows=Parameter("rows", type=dict, description="What preprocess handed on."),
        neighbours=Parameter("neighbours", default=5, type=int, description="Neighbours that vote."),
    )

with Flow("report", description="Writes down how good the classifier is.") as flow:
    task(training.report)(model=Parameter("model", type=dict, description="What train handed on."))


@task
def rows_of(preprocessed: dict[str, object]) -> dict[str, object]:
    """Make the parameters of `train` from the result of `preprocess`."""
    return {"rows": preprocessed}


@task
def model_of(trained: dict[str, object]) -> dict[str, object]:
    """Make the parameters of `report` from the result of `train`."""
    return {"model": trained}


with Flow(
    "training-day", description="preprocess, then train, then report, each on the result of the one before."
) as flow:
    preprocessed = StartFlowRun(flow_name="preprocess", project_name="examples", wait=True)()
    fitted = StartFlowRun(flow_name="train", project_name="examples", wait=True)(parameters=rows_of(preprocessed))
    StartFlowRun(flow_name="report", project_name="examples", wait=True)(parameters=model_of(fitted))
