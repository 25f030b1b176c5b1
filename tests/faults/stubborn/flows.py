"""Flows that do not stop when they are told to."""

import time

from orchestrator.sdk import Flow, task


@task
def never_stops() -> None:
    """Swallow whatever is raised inside, for ever."""
    while True:
        try:
            time.sleep(60)
        except BaseException:  # noqa: BLE001 - the point of it
            print("not me")


with Flow("stubborn") as flow:
    never_stops()


with Flow("overdue") as overdue:
    never_stops.copy(name="overdue", timeout_seconds=0.2)()
