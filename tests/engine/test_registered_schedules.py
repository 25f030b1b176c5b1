"""The schedule that a flow is registered with."""

from datetime import UTC, datetime

import pytest

from orchestrator.engine.scheduling import InvalidSchedule, pause_schedule
from orchestrator.models import Flow, Project, Schedule, Source
from orchestrator.sdk import CronSchedule, Parameter, registry, task
from orchestrator.sdk import Flow as WrittenFlow

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(registry, "_flows", {})
    return Project.objects.create(name="shop")


@task
def work(x: int = 1) -> int:
    return x


def built(schedule: CronSchedule | None = None) -> WrittenFlow:
    with WrittenFlow("one", schedule=schedule) as flow:
        work()
    return flow


def test_the_schedule_of_a_flow_is_created_changed_and_deleted_with_the_code() -> None:
    weekdays = CronSchedule("30 9 * * 1-5", timezone="US/Eastern")
    built(weekdays).register("shop")
    schedule = Schedule.objects.get()
    assert (schedule.cron, schedule.timezone, schedule.source) == ("30 9 * * 1-5", "US/Eastern", Source.CODE)

    built(CronSchedule("0 8 * * *", timezone="UTC")).register("shop")
    assert Schedule.objects.get().cron == "0 8 * * *"

    built().register("shop")
    assert not Schedule.objects.exists()


def test_registering_again_leaves_a_paused_schedule_paused() -> None:
    for start in (datetime(2026, 1, 1), datetime(2026, 1, 2)):
        built(CronSchedule("@daily", start_date=start)).register("shop")
        pause_schedule(schedule=Schedule.objects.get(), reason="", now=NOW)

    assert built(CronSchedule("@daily", start_date=datetime(2026, 1, 3))).register("shop") == 1
    assert not Schedule.objects.get().is_active


def test_a_required_parameter_that_the_schedule_does_not_give_is_refused() -> None:
    def requiring(schedule: CronSchedule) -> WrittenFlow:
        with WrittenFlow("one", schedule=schedule) as flow:
            work(Parameter("x"))
        return flow

    with pytest.raises(InvalidSchedule, match="of shop/one: Parameter 'x' is required"):
        requiring(CronSchedule("@daily")).register("shop")
    assert not Flow.objects.exists()
    assert requiring(CronSchedule("@daily", parameter_defaults={"x": 1})).register("shop") == 1
