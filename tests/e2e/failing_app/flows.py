"""The project `failing_app`: `nightly` loads a file with `load`, then reports with `tell`; `parts` loads many files."""

from pathlib import Path

from orchestrator.sdk import Flow, Parameter, StartFlowRun, task


@task
def read(path: str) -> str:
    """Return what the file holds."""
    print(f"reading {path}")
    return Path(path).read_text()


@task
def tell() -> str:
    """Return a greeting."""
    return "all is loaded"


path = Parameter("path", type=str, description="The file to read.")

with Flow("load", description="Reads a file.") as load:
    read(path)

with Flow("tell", description="Says that all is loaded.") as flow:
    tell()

with Flow("nightly", description="Loads, then tells.") as nightly:
    loaded = StartFlowRun(flow_name="load", project_name="failing_app", wait=True)(
        parameters={"path": Parameter("path", type=str)}
    )
    StartFlowRun(flow_name="tell", project_name="failing_app", wait=True)(upstream_tasks=[loaded])

with Flow("parts", description="Reads files.") as parts:
    read.map(Parameter("paths", type=list[str]))
