"""The project `asking_app`: `release` counts rows, asks whether to ship them, and ships."""

from datetime import timedelta

from orchestrator.sdk import Approval, Flow, task


@task
def count() -> dict[str, object]:
    """Return what is to be shipped."""
    return {"rows": 5, "place": "north"}


@task
def ship(order: dict[str, object]) -> str:
    """Return a report."""
    return f"shipped {order['rows']} rows {order['place']}, as {order['approved_by']} said: {order['reason']}"


with Flow("release", description="Ships what a person approves.") as release:
    ship(Approval("Release", message="Ship these rows?", time_limit=timedelta(hours=2))(parameters=count()))
