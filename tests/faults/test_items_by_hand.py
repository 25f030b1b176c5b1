"""What people do to items, in any order while workers end others: the rows stay sound, and every flow run ends."""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from orchestrator.core.planner import Ending
from orchestrator.core.states import MARKABLE, State
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete, start_held
from orchestrator.engine.following import carry_out
from orchestrator.engine.marking import NotMarkable, mark_task_run
from orchestrator.engine.pausing import NotPausable, NotPaused, pause_flow_run, resume_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import NotFinished, restart_flow_run, restart_task_run
from orchestrator.engine.steps import Claim
from orchestrator.engine.versions import load_version
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow, Parameter, task
from tests.engine.conftest import drain, invariants_hold, project, register, start
from tests.engine.flows import child, one_task
from tests.faults.invariants import check_invariants

__all__ = ["drain", "invariants_hold", "project", "register", "start"]

SEEDS = range(int(os.environ.get("ITEM_SEEDS", "6")))
STEPS = 60


@task
def step(x: Any = None, y: Any = None) -> Any:
    return x


def mapped() -> Flow:
    """first -> second, shorter -> third, item by item; all of `second` reduced, and mapped over once more; children."""
    with Flow("mapped") as flow:
        first = step.copy(name="first").map([0, 1, 2])
        second = step.copy(name="second").map(first)
        shorter = step.copy(name="shorter").map(first, y=[1, 2])
        step.copy(name="third", trigger="all_finished").map(second, shorter)
        total = step.copy(name="total", trigger="any_successful")(second)
        step.copy(name="again").map([5, 6], upstream_tasks=[total])
        step.copy(name="last")(child("low", wait=True).map(parameters=[{"x": 1}, {"x": 2}]))
    return flow


class Hands:
    """Workers and people who do one thing after the other, chosen by chance."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.held: list[Claim] = []

    def one(self) -> None:
        deeds: list[Callable[[], None]] = [self.work] * 8 + [self.restart_item, self.mark] * 2
        deeds += [self.restart_run, self.restart_task, self.pause, self.resume, self.resume]
        with suppress(NotFinished, NotMarkable, NotPausable, NotPaused):
            self.chance.choice(deeds)()

    def work(self) -> None:
        self.held += claim(worker="hands", limit=2)
        if not self.held:
            return
        held = self.held.pop(self.chance.randrange(len(self.held)))
        if load_version(held.version_id).graph.tasks[held.slug].is_claimed:
            state = self.chance.choice([State.SUCCESS, State.SUCCESS, State.FAILED])
            carry_out(complete(ended=[(held, Ending(state, "by hand"))]))
        else:
            carry_out([start_held(held=held)])

    def restart_item(self) -> None:
        restart_task_run(task_run_id=self._any(TaskRun.objects.filter(map_index__gte=0)))

    def restart_task(self) -> None:
        restart_task_run(task_run_id=self._any(TaskRun.objects.filter(map_index=-1)))

    def restart_run(self) -> None:
        restart_flow_run(flow_run_id=self._any(FlowRun.objects.all()))

    def mark(self) -> None:
        to = self.chance.choice(sorted(MARKABLE))
        mark_task_run(task_run_id=self._any(TaskRun.objects.all()), state=to, reason="by hand")

    def pause(self) -> None:
        pause_flow_run(flow_run_id=self._any(FlowRun.objects.all()), leave_children=self.chance.random() < 0.3)

    def resume(self) -> None:
        resume_flow_run(flow_run_id=self._any(FlowRun.objects.filter(state=State.PAUSED)))

    def finish(self) -> None:
        """Resume all, and work until nothing is left."""
        for _ in range(2_000):
            recover()
            self.held += claim(worker="hands", limit=20)
            for pk in FlowRun.objects.filter(state=State.PAUSED).values_list("pk", flat=True):
                with suppress(NotPaused):
                    resume_flow_run(flow_run_id=pk)
            if not self.held and not TaskRun.objects.filter(state=State.SUBMITTED).exists():
                return
            while self.held:
                self.work()

    def _any(self, rows: Any) -> Any:
        found = sorted(rows.values_list("pk", flat=True), key=str)
        if not found:
            raise NotPaused("nothing to choose from")
        return self.chance.choice(found)


@pytest.fixture
def hands(request: pytest.FixtureRequest) -> Hands:
    return Hands(random.Random(request.param))


@pytest.mark.parametrize("hands", SEEDS, indirect=True)
def test_whatever_people_do_to_items_the_rows_stay_sound_and_all_ends(hands: Hands, register: Any, start: Any) -> None:
    register(one_task("low", step, x=Parameter("x")))
    start(register(mapped()))
    for _ in range(STEPS):
        hands.one()
        check_invariants()
    hands.finish()
    check_invariants(at_rest=True)

    assert not TaskRun.objects.filter(ended_at=None).exists()
    assert not FlowRun.objects.filter(ended_at=None).exists()
