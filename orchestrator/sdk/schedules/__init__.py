"""Schedules as people write them beside their flows: `from orchestrator.sdk.schedules import CronSchedule, clocks`."""

from orchestrator.sdk.missing import refuse_missing
from orchestrator.sdk.schedules import adjustments, clocks, filters
from orchestrator.sdk.schedules.schedule import CronSchedule, IntervalSchedule, Schedule

__all__ = ["CronSchedule", "IntervalSchedule", "Schedule", "adjustments", "clocks", "filters"]

__getattr__ = refuse_missing(
    __name__, {"RRuleSchedule": "write a CronSchedule, an IntervalSchedule or clocks.DatesClock"}
)
