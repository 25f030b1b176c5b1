"""What people do to random flows of flows, to the engine and to the reference alike."""

from typing import Any, ClassVar

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from orchestrator.core.planner import Ending
from orchestrator.core.states import MARKABLE, State
from orchestrator.engine import answering, limiting, marking
from orchestrator.engine.cancels import cancel_one
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.pauses import pause_one, resume_one
from orchestrator.engine.restarts import restart_one
from orchestrator.engine.steps import Claim, Step
from orchestrator.models import Origin, TagLimit
from tests.faults.holding import Held, Place
from tests.faults.random_flows import KEYS, RESULTS, TAGS, forget_runs, graphs, limits, make_flow, new_project
from tests.faults.reference.rules import ENDED
from tests.faults.reference.runs import Due, Limit
from tests.faults.reference.runs import FlowRun as RunOfReference
from tests.faults.reference.world import World

MARKS = sorted(MARKABLE)
PROJECTS_LIMITS = [None, None, None, 1, 2]


class Peopled(RuleBasedStateMachine):
    """Random flows, and people who start, cancel, restart, pause, answer and mark.

    `steps`: what the engine would carry out right after its transactions, to be filled by the test.
    """

    steps: ClassVar[list[Step]] = []

    @initialize(data=st.data())
    def register(self, data: st.DataObject) -> None:
        forget_runs()
        most = data.draw(st.sampled_from(PROJECTS_LIMITS))
        self.project = project = new_project(most)
        documents: dict[str, dict[str, Any]] = {}
        for level in range(3):
            documents[f"level-{level}"] = data.draw(graphs(project.name, list(documents)))
        of_flows = {name: data.draw(limits()) for name in documents}
        self.flows = {name: make_flow(project, name, document, of_flows[name]) for name, document in documents.items()}
        self.world = World(documents, of_flows, most)
        self.both = Held(self.world, self.steps)
        for tag in data.draw(st.lists(st.sampled_from(TAGS), unique=True)):
            self._limit_tag(tag, 1)
        for name in self.flows:
            self._start(name)

    @rule(data=st.data(), priority=st.sampled_from([0, 0, 5]), key=st.sampled_from([None, None, *KEYS]))
    def start(self, data: st.DataObject, priority: int, key: str | None) -> None:
        self._start(data.draw(st.sampled_from(sorted(self.flows))), priority, key)

    def _start(self, name: str, priority: int = 0, key: str | None = None) -> None:
        started = start_flow_run(
            flow=self.flows[name],
            parameters={},
            now=timezone.now(),
            origin=Origin.COMMAND,
            priority=priority,
            idempotency_key=key,
        )
        run = self.world.start(name, priority=priority, key=key)
        assert started.flow_run_id == self.both.ids.setdefault(run, started.flow_run_id)
        self.both.follow([])

    @precondition(lambda self: self.both.ids)
    @rule(data=st.data(), leave_children=st.booleans())
    def cancel(self, data: st.DataObject, leave_children: bool) -> None:
        run = self._any_run(data)
        step = cancel_one(flow_run_id=self.both.ids[run], leave_children=leave_children)
        self.world.cancel(run, leave_children=leave_children)
        self.both.follow([step])

    @precondition(lambda self: self._runs(*ENDED))
    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        run = self._any_run(data, *ENDED)
        step = restart_one(flow_run_id=self.both.ids[run])
        if self.world.can_restart(run):
            self.world.restart(run)
        self.both.follow([step])

    @precondition(lambda self: self.both.ids)
    @rule(data=st.data())
    def restart_from_a_task(self, data: st.DataObject) -> None:
        run = self._any_run(data)
        slugs = {data.draw(st.sampled_from(sorted(run.tasks)))}
        if self.world.can_restart_from(run, slugs):
            step = restart_one(flow_run_id=self.both.ids[run], from_tasks=slugs)
            self.world.restart_from(run, slugs)
            self.both.follow([step])

    @precondition(lambda self: self._runs(State.PENDING, State.RUNNING))
    @rule(data=st.data(), leave_children=st.booleans())
    def pause(self, data: st.DataObject, leave_children: bool) -> None:
        run = self._any_run(data, State.PENDING, State.RUNNING)
        step = pause_one(flow_run_id=self.both.ids[run], leave_children=leave_children)
        self.world.pause(run, leave_children=leave_children)
        self.both.follow([step])

    @precondition(lambda self: self._runs(State.PAUSED))
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        self._resume(self._any_run(data, State.PAUSED))

    def _resume(self, run: RunOfReference) -> None:
        step = resume_one(flow_run_id=self.both.ids[run])
        self.world.resume(run)
        self.both.follow([step])

    @precondition(lambda self: self._task_runs(State.PAUSED))
    @rule(data=st.data(), approves=st.booleans())
    def answer(self, data: st.DataObject, approves: bool) -> None:
        self._answer(data.draw(st.sampled_from(self._task_runs(State.PAUSED))), approves=approves)

    def _answer(self, place: Place, *, approves: bool) -> None:
        identity = self.both.row(place).pk
        if approves:
            step = answering._approve(identity, None, "", {})
            self.world.approve(*place)
        else:
            step = answering._reject(identity, None, "no")
            self.world.reject(*place)
        self.both.follow([step])

    @precondition(lambda self: self.both.ids)
    @rule(data=st.data(), state=st.sampled_from(MARKS), result=st.sampled_from(RESULTS))
    def mark(self, data: st.DataObject, state: State, result: Any) -> None:
        place = data.draw(st.sampled_from(self._task_runs()))
        if self.world.can_mark(*place, state):
            result = result if state is State.SUCCESS else None
            step = marking._mark_task_run(self.both.row(place).pk, Ending(state, "by hand", result), None)
            self.world.mark(*place, state, result)
            self.both.follow([step])

    @precondition(lambda self: self.both.ids)
    @rule(data=st.data(), state=st.sampled_from(MARKS))
    def mark_flow_run(self, data: st.DataObject, state: State) -> None:
        run = self._any_run(data)
        if self.world.can_mark_run(run, state):
            result = [1, 2] if state is State.SUCCESS else None
            step = marking._mark_flow_run(self.both.ids[run], Ending(state, "by hand", result), None)
            self.world.mark_run(run, state, result)
            self.both.follow([step])

    @rule(data=st.data(), limit=limits())
    def limit_flow(self, data: st.DataObject, limit: Limit) -> None:
        name = data.draw(st.sampled_from(sorted(self.flows)))
        limiting.limit_flow(flow=self.flows[name], max_runs=limit.most, overlap=limit.overlap)
        self.world.limits[name] = limit
        self.both.follow([])

    @rule(most=st.sampled_from(PROJECTS_LIMITS))
    def limit_project(self, most: int | None) -> None:
        self.project.max_runs = self.world.most = most
        self.project.save()
        limiting.heed_limits(project=self.project)
        self.both.follow([])

    @rule(tag=st.sampled_from(TAGS), most=st.sampled_from([None, 1, 1, 2]))
    def limit_tag(self, tag: str, most: int | None) -> None:
        self._limit_tag(tag, most)

    def _limit_tag(self, tag: str, most: int | None) -> None:
        if most is None:
            TagLimit.objects.filter(project=self.project, tag=tag).delete()
            self.world.tag_limits.pop(tag, None)
        else:
            TagLimit.objects.update_or_create(project=self.project, tag=tag, defaults={"max_running": most})
            self.world.tag_limits[tag] = most
        limiting.heed_limits(project=self.project)
        self.both.follow([])

    # What there is to choose from

    def _unended(self) -> list[RunOfReference]:
        return [run for run in self.both.ids if run.state not in ENDED]

    def _runs(self, *states: State) -> list[RunOfReference]:
        return [run for run in self.both.ids if run.state in states]

    def _any_run(self, data: st.DataObject, *states: State) -> RunOfReference:
        return data.draw(st.sampled_from(self._runs(*states) if states else list(self.both.ids)))

    def _task_runs(self, *states: State) -> list[Place]:
        return [place for place in self.both.task_runs() if not states or place[1].state in states]

    def _later(self) -> list[Place]:
        return [place for place in self.both.task_runs() if place[1].due is Due.LATER]

    def _take(self, data: st.DataObject) -> Claim:
        return self.both.held.pop(data.draw(st.integers(0, len(self.both.held) - 1)))
