"""Random flows of flows under random faults, step by step against the reference.

Every step is one transaction of the engine on the real PostgreSQL. What follows in others is a message in a bag: to be
delivered, delivered twice, or dropped. After each step all rows are as the reference says.
"""

import os
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orchestrator.core.parameters import empty_schema
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine import following, recovering
from orchestrator.engine.cancels import cancel_one
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete, start_held
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.restarts import restart_one
from orchestrator.engine.returning import give_back
from orchestrator.engine.steps import (
    CancelChild,
    Claim,
    FollowUp,
    HealParent,
    LookAgain,
    RestartChild,
    Step,
    TellParent,
)
from orchestrator.models import Flow, FlowRun, FlowVersion, Origin, Project, TaskRun
from tests.faults.invariants import check_invariants
from tests.faults.reference import ENDED, TRIGGERS, Debt, World
from tests.faults.reference import FlowRun as RunOfReference
from tests.faults.reference import TaskRun as TaskRunOfReference

pytestmark = pytest.mark.timeout(300)

EXAMPLES, STEPS = 10, 40
RANDOM = os.environ.get("RANDOM_FAULTS") == "1"
MOST_TASKS, MOST_ROOTS = 4, 4
OUTCOMES = [State.SUCCESS, State.SUCCESS, State.FAILED, State.SKIPPED]

# What delivering a message does to the reference.
KINDS = {TellParent: "tell", LookAgain: "tell", RestartChild: "restart", CancelChild: "cancel", HealParent: "heal"}

_numbers = count(1)


@st.composite
def graphs(draw: Any, project: str, children: list[str]) -> dict[str, Any]:
    """A random graph whose tasks are functions or start one of the flows `children`."""
    tasks, edges = [], []
    for number in range(draw(st.integers(1, MOST_TASKS))):
        slug = f"t{number}"
        starts = draw(st.sampled_from([None, *children]))
        task = {"slug": slug, "name": slug, "kind": "flow_run" if starts else "function"}
        task |= {"trigger": draw(st.sampled_from(sorted(TRIGGERS))), "skip_on_upstream_skip": draw(st.booleans())}
        task |= {"max_retries": draw(st.integers(0, 1)), "retry_delay_seconds": 0}
        if starts:
            task |= {"flow": {"project": project, "name": starts}, "wait": draw(st.sampled_from([True, True, False]))}
        edges += [{"upstream": one["slug"], "downstream": slug} for one in tasks if draw(st.booleans())]
        tasks.append(task)
    return {"schema": 1, "tasks": tasks, "edges": edges}


@dataclass
class Facts:
    """What is compared of a flow run: its columns, and those of its task runs by slug."""

    state: str
    attempt: int
    unfinished: int
    tasks: dict[str, Any] = field(default_factory=dict)


class Faults(RuleBasedStateMachine):
    """What workers, messages and people do, to the engine and to the reference alike.

    `known`: debts of the reference whose messages are in the bag, or were dropped.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[RunOfReference, UUID] = {}
        self.held: list[Claim] = []
        self.lost: list[Claim] = []
        self.old: list[Claim] = []
        self.bag: list[FollowUp] = []
        self.known: set[Debt] = set()

    @initialize(data=st.data())
    def register(self, data: st.DataObject) -> None:
        forget_runs()
        project = Project.objects.create(name=f"random-{next(_numbers)}")
        documents: dict[str, dict[str, Any]] = {}
        for level in range(3):
            name = f"level-{level}"
            documents[name] = data.draw(graphs(project.name, list(documents)))
        self.flows = {name: make_flow(project, name, document) for name, document in documents.items()}
        self.world = World(documents)
        for name in self.flows:
            self._start(name)

    # What people do

    @precondition(lambda self: sum(run.parent is None for run in self.ids) < MOST_ROOTS)
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        self._start(data.draw(st.sampled_from(sorted(self.flows))))

    def _start(self, name: str) -> None:
        started = start_flow_run(flow=self.flows[name], parameters={}, now=timezone.now(), origin=Origin.COMMAND)
        self.ids[self.world.start(name)] = started.flow_run_id
        self._follow([])

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        run = self._any_run(data)
        step = cancel_one(flow_run_id=self.ids[run])
        self.world.cancel(run)
        self._follow([step])

    @precondition(lambda self: any(run.state in ENDED for run in self.ids))
    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        run = self._any_run(data, ended=True)
        step = restart_one(flow_run_id=self.ids[run])
        if run.state is not State.SUCCESS:
            self.world.restart(run)
        self._follow([step])

    # What workers do

    @precondition(lambda self: any(one.state is State.SUBMITTED for _, _, one in self._task_runs()))
    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        for held in claim(worker="w", limit=limit):
            self.world.claim(*self._place(held))
            self.held.append(held)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def complete(self, data: st.DataObject, outcome: State) -> None:
        held = self._take(data)
        run, slug = self._place(held)
        if run.tasks[slug].task["kind"] == "flow_run":
            steps = [start_held(held=held)]
            self.world.start_child(run, slug)
        else:
            steps = complete(ended=[(held, Ending(outcome))])
            self.world.end(run, slug, outcome)
        self.old.append(held)
        self._follow(steps)

    @precondition(lambda self: self.old)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def complete_too_late(self, data: st.DataObject, outcome: State) -> None:
        held = data.draw(st.sampled_from(self.old))
        steps = complete(ended=[(held, Ending(outcome))])
        assert [debt for step in steps for debt in step.follow_ups] == []

    @precondition(lambda self: self.held)
    @rule(data=st.data(), started=st.booleans())
    def give_back(self, data: st.DataObject, started: bool) -> None:
        held = self._take(data)
        give_back(claims=[held], message="told to stop", started=started)
        self.world.give_back(*self._place(held), started=started)
        if started:
            self.old.append(held)
        self._follow([])

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """A worker dies, and its lease ends."""
        held = self._take(data)
        past = timezone.now() - timedelta(seconds=1)
        TaskRun.objects.filter(pk=held.task_run_id).update(lease_until=past)
        run, slug = self._place(held)
        run.tasks[slug].is_lost = True
        self.lost.append(held)

    # What becomes of messages

    @precondition(lambda self: self.bag)
    @rule(data=st.data(), again=st.booleans())
    def deliver(self, data: st.DataObject, again: bool) -> None:
        message = data.draw(st.sampled_from(self.bag))
        if not again:
            self.bag.remove(message)
        steps = following._follow([message] if isinstance(message, TellParent) else message, "", 0)
        self.world.do(Debt(KINDS[type(message)], self._run(message.child), getattr(message, "attempt", 0)))
        self._follow(steps)

    @precondition(lambda self: self.bag)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        self.bag.remove(data.draw(st.sampled_from(self.bag)))

    @rule()
    def recover(self) -> None:
        recovering.recover()
        while recovering._settle_debts():
            pass
        for run, slug, task_run in self._task_runs():
            if task_run.is_lost:
                self.world.lose(run, slug, most=recovering.MAX_LOST)
        for run, slug, task_run in self._task_runs():
            if task_run.state is State.RETRYING:
                self.world.due(run, slug)
        self.old += self.lost
        self.lost.clear()
        self.world.settle_debts()
        self._learn()

    # What is compared

    @invariant()
    def everything_is_as_the_reference_says(self) -> None:
        assert self._found() == self._expected()

    def teardown(self) -> None:
        """Whatever happened, everything can still come to its end."""
        if not self.ids:
            return
        while self.held or any(run.state not in ENDED for run in self.ids):
            self.recover()
            self.claim(limit=100)
            while self.held:
                held = self.held.pop()
                run, slug = self._place(held)
                if run.tasks[slug].task["kind"] == "flow_run":
                    steps = [start_held(held=held)]
                    self.world.start_child(run, slug)
                else:
                    steps = complete(ended=[(held, Ending(State.SUCCESS))])
                    self.world.end(run, slug, State.SUCCESS)
                self._follow(steps)
            self.everything_is_as_the_reference_says()
            check_invariants()
        self.recover()
        check_invariants(at_rest=True)

    # How the two are held together

    def _follow(self, steps: list[Step]) -> None:
        """Put what steps owe into the bag. What else the reference owes newly, the engine has done on its way."""
        self._learn()
        messages = [message for step in steps for message in step.follow_ups]
        self.bag += messages
        self.known &= set(self.world.owed())
        while fresh := set(self.world.owed()) - self.known:
            for debt in fresh:
                # Only parents are told on the way; what no message says besides is for `recover` to find.
                if debt.kind != "tell" or any(self._is(message, debt) for message in messages):
                    self.known.add(debt)
                else:
                    self.world.do(debt)
            self._learn()

    def _is(self, message: FollowUp, debt: Debt) -> bool:
        return KINDS[type(message)] == debt.kind and message.child == self.ids.get(debt.child)

    def _learn(self) -> None:
        """Find the ids of children that are new."""
        while unknown := [
            (run, slug, one.child) for run, slug, one in self._task_runs() if one.child and one.child not in self.ids
        ]:
            for run, slug, child in unknown:
                found = TaskRun.objects.get(flow_run=self.ids[run], slug=slug).child_flow_run_id
                assert found is not None, f"{slug} of {run.flow} has no child"
                self.ids[child] = found

    def _found(self) -> dict[UUID, Facts]:
        runs = {run.pk: Facts(run.state, run.attempt, run.unfinished) for run in FlowRun.objects.all()}
        for one in TaskRun.objects.all():
            is_held = one.lease_until is not None
            waiting_on = one.waiting_on if one.ended_at is None else None
            facts = (one.state, one.attempt, one.failures, one.lost, is_held, waiting_on)
            runs[one.flow_run_id].tasks[one.slug] = facts
        return runs

    def _expected(self) -> dict[UUID, Facts]:
        return {
            identity: Facts(
                run.state,
                run.attempt,
                sum(one.state not in ENDED for one in run.tasks.values()),
                {
                    slug: (one.state, one.attempt, one.failures, one.lost, one.held, run.waiting_on(slug))
                    for slug, one in run.tasks.items()
                },
            )
            for run, identity in self.ids.items()
        }

    def _task_runs(self) -> list[tuple[RunOfReference, str, TaskRunOfReference]]:
        return [(run, slug, one) for run in list(self.ids) for slug, one in run.tasks.items()]

    def _run(self, identity: UUID) -> RunOfReference:
        return next(run for run, known in self.ids.items() if known == identity)

    def _place(self, held: Claim) -> tuple[RunOfReference, str]:
        return self._run(held.flow_run_id), held.slug

    def _take(self, data: st.DataObject) -> Claim:
        return self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    def _any_run(self, data: st.DataObject, *, ended: bool = False) -> RunOfReference:
        return data.draw(st.sampled_from([run for run in self.ids if not ended or run.state in ENDED]))


def make_flow(project: Project, name: str, document: dict[str, Any]) -> Flow:
    flow = Flow.objects.create(project=project, name=name)
    flow.latest_version = FlowVersion.objects.create(
        flow=flow,
        number=1,
        graph=document,
        parameter_schema=empty_schema(),
        fingerprint=f"{next(_numbers):064}",
        source="code",
    )
    flow.save()
    return flow


def forget_runs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orchestrator_flowrun, orchestrator_statechange CASCADE")


@pytest.mark.usefixtures("transactional_db")
def test_whatever_befalls_random_flows_of_flows_they_are_as_the_reference_says() -> None:
    run_state_machine_as_test(
        Faults,
        settings=settings(
            max_examples=EXAMPLES * (10 if RANDOM else 1),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            # The same examples every time; RANDOM_FAULTS=1 looks further. Making one smaller would take minutes.
            derandomize=not RANDOM,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
