"""Schedules that are due again and again during the harm, and whether each fire time got its one flow run."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from orchestrator.core.schedules import fire_times_between
from orchestrator.engine.scheduling import create_schedule, delete_schedule
from orchestrator.models import Flow, FlowRun, Origin, Schedule
from orchestrator.models.schedules import CatchUp

DATES_SECONDS = 7
# The runs of a clock are told by their parameters; two schedules with the same ones share their runs.
KINDS: dict[str, dict[str, Any]] = {
    "every second": {"kind": "interval", "interval_seconds": 1, "parameters": {"seconds": 0.01}},
    "every 3 seconds": {"kind": "interval", "interval_seconds": 3, "parameters": {"seconds": 0.02}},
    "every 3 seconds again": {"kind": "interval", "interval_seconds": 3, "parameters": {"seconds": 0.02}},
    "every minute": {"kind": "cron", "cron": "* * * * *", "parameters": {"seconds": 0.03}},
    f"on dates {DATES_SECONDS} seconds apart": {"kind": "dates", "parameters": {"seconds": 0.04}},
}


class Clocks:
    """One schedule of each kind, from now on for so many seconds; what was missed is caught up."""

    def __init__(self, flow: Flow, seconds: float) -> None:
        for old in Schedule.objects.all():
            delete_schedule(schedule=old)
        self.flow = flow
        self.expected: dict[float, list[datetime]] = {}
        now = timezone.now()
        end = now + timedelta(seconds=seconds)
        dates = [now + timedelta(seconds=at) for at in range(DATES_SECONDS, int(seconds), DATES_SECONDS)]
        for fields in KINDS.values():
            span = {"dates": dates} if fields["kind"] == "dates" else {"end_at": end}
            schedule = create_schedule(flow=flow, user=None, now=now, catch_up=CatchUp.ALL, **fields, **span)
            times = fire_times_between(schedule.timing(), now, end)
            self.expected[fields["parameters"]["seconds"]] = [time.utc for time in times if time.utc > now]

    def are_over(self) -> bool:
        """Return whether no fire time is to come any more."""
        return not Schedule.objects.filter(next_fire_at__isnull=False).exists()

    def judge(self) -> list[str]:
        """Print how many fire times there were; return those that have no run, or two, or should not have been."""
        runs = FlowRun.objects.filter(flow=self.flow, origin=Origin.SCHEDULE)
        found = Counter(runs.values_list("parameters__seconds", "scheduled_for"))
        due = {(seconds, time) for seconds, times in self.expected.items() for time in times}
        wrong = {
            "without a run": due - found.keys(),
            "with two runs": {one for one, count in found.items() if count > 1},
            "that should not have been": found.keys() - due,
        }
        latest = max((run.created_at - run.scheduled_for for run in runs if run.scheduled_for), default=timedelta())
        counts = ", ".join(f"{what} {len(times)}" for what, times in wrong.items())
        print(f"schedules: {len(KINDS)}, fire times {len(due)}: {counts}; {latest.total_seconds():.1f} s late at most")
        return [f"fire time {what}: {time}" for what, times in wrong.items() for time in sorted(times)]
