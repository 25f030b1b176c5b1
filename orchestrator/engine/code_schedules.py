"""The schedules that a flow's code writes: one row for each of its clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from orchestrator.core.parameters import check_parameters
from orchestrator.core.problems import Problem
from orchestrator.core.schedules import describe, read_timing
from orchestrator.engine.scheduling import InvalidSchedule, change, create_schedule, delete_schedule
from orchestrator.models import Flow, Schedule, Source

Clock = Mapping[str, Any]


@transaction.atomic
def sync_code_schedules(*, flow: Flow, clocks: Sequence[Clock] | None, now: datetime) -> list[Schedule]:
    """Make the schedules that a flow's code writes exist, change or go; return them.

    A clock that is written as before is left as it is, with whatever people did to its row: a start date alone is no
    change (`start_date=now()` differs each time), a paused row stays paused. A clock that changed takes over the row
    of one that is gone. Schedules made in the browser are left alone.

    :raises InvalidSchedule: a clock does not give a parameter that the flow requires, or gives one that does not fit
    """
    wanted = list(clocks or [])
    known = list(Schedule.objects.select_for_update().filter(flow=flow, source=Source.CODE).order_by("pk"))
    kept = _take_unchanged(known, wanted)
    _check(flow, [(schedule.written or {}, schedule.parameters) for schedule in kept])
    _check(flow, [(clock, clock["parameters"]) for clock in wanted])
    for schedule in known[len(wanted) :]:
        delete_schedule(schedule=schedule)
    changed = [change(schedule, _fields(clock), now) for schedule, clock in zip(known, wanted, strict=False)]
    added = [
        create_schedule(flow=flow, user=None, now=now, source=Source.CODE, **_fields(clock))
        for clock in wanted[len(known) :]
    ]
    return [*kept, *changed, *added]


def _take_unchanged(known: list[Schedule], wanted: list[Clock]) -> list[Schedule]:
    """Take the rows and clocks that belong together out of both lists; return these rows."""
    kept = []
    for clock in list(wanted):
        same = next((schedule for schedule in known if schedule.written == _definition(clock)), None)
        if same:
            known.remove(same)
            wanted.remove(clock)
            kept.append(same)
    return kept


def _definition(clock: Clock) -> dict[str, Any]:
    return {name: value for name, value in clock.items() if name != "start_at"}


def _fields(clock: Clock) -> dict[str, Any]:
    blank = Schedule()
    timing = {name: clock.get(name, getattr(blank, name)) for name in Schedule.TIMING}
    for name in ("start_at", "end_at"):
        timing[name] = timing[name] and datetime.fromisoformat(timing[name])
    timing["dates"] = [datetime.fromisoformat(date) for date in timing["dates"]]
    return {**timing, "parameters": clock["parameters"], "written": _definition(clock)}


def _check(flow: Flow, clocks: list[tuple[Clock, Mapping[str, Any]]]) -> None:
    """Accept clocks whose parameters a run of the flow's latest version may start with.

    :raises InvalidSchedule: naming the clock and the parameter
    """
    version = flow.latest_version
    schema = version.parameter_schema if version else {}
    problems = []
    for clock, parameters in clocks:
        for problem in check_parameters(schema, parameters):
            missing = problem.code == "missing_parameter"
            hint = " Add it to the clock's parameter_defaults, or give the parameter a default." if missing else ""
            said = f"The clock “{_words(clock)}” of {flow}: {problem.message}{hint}"
            problems.append(Problem(problem.code, said, field=f"parameters.{problem.field}"))
    if problems:
        raise InvalidSchedule(problems)


def _words(clock: Clock) -> str:
    return describe(read_timing({name: value for name, value in clock.items() if name != "parameters"}))
