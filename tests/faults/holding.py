"""The engine and the reference held side by side: which row is which task run, and what is compared."""

import math
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from orchestrator.core.states import State
from orchestrator.core.tags import HELD
from orchestrator.engine import following
from orchestrator.engine.steps import (
    Admit,
    AdmitTagged,
    CancelChild,
    Claim,
    FollowUp,
    HealParent,
    LookAgain,
    PauseChild,
    RestartChild,
    ResumeChild,
    Step,
    TellParent,
)
from orchestrator.models import FlowRun, StateChange, TaskRun
from tests.faults.reference.runs import FlowRun as RunOfReference
from tests.faults.reference.runs import TaskRun as TaskRunOfReference
from tests.faults.reference.world import Debt, World

# What delivering a message does to the reference.
KINDS = {
    TellParent: "tell",
    LookAgain: "tell",
    RestartChild: "restart",
    CancelChild: "cancel",
    PauseChild: "pause",
    ResumeChild: "resume",
    HealParent: "heal",
}

Place = tuple[RunOfReference, TaskRunOfReference]


@dataclass
class Facts:
    """What is compared of a flow run: its columns, and those of its task runs by slug and map index."""

    state: str
    attempt: int
    unfinished: int
    result: Any
    tasks: dict[tuple[str, int], Any] = field(default_factory=dict)


class Held:
    """Both worlds.

    `held`, `lost`, `old`: claims of workers that live, that died unnoticed, and those that are nobody's any more.
    `bag`: messages on their way. `known`: debts of the reference whose messages are in the bag, or were dropped.
    `steps`: what the engine would carry out right after its transactions; here it goes into the bag.
    """

    def __init__(self, world: World, steps: list[Step]) -> None:
        self.world = world
        self.steps = steps
        world.waits_since, world.born, world.in_line = self._waits_since, self._born, self._in_line
        self.ids: dict[RunOfReference, UUID] = {}
        self.held: list[Claim] = []
        self.lost: list[Claim] = []
        self.old: list[Claim] = []
        self.bag: list[FollowUp] = []
        self.known: set[Debt] = set()
        self.is_room_known = self.are_places_known = False

    def follow(self, steps: list[Step]) -> list[FollowUp]:
        """Put what steps owe into the bag, and return it, with what others left to be carried out after them.

        What else the reference owes newly, the engine has done on its way.
        """
        self.learn()
        steps, self.steps[:] = [*steps, *self.steps], []
        messages = [message for step in steps for message in step.follow_ups]
        self.bag += messages
        self.known &= set(self.world.owed())
        while fresh := set(self.world.owed()) - self.known:
            for debt in fresh:
                # Only parents are told on the way; what no message says besides is for `recover` to find.
                is_said = any(self.is_of(message, debt) for message in messages)
                if debt.kind != "tell" or (is_said and not self._is_told(debt)):
                    self.known.add(debt)
                else:
                    self.world.do(debt)
            self.learn()
        for step in steps:
            for claim in step.claimed:
                self.world.claim(*self.place(claim))
                self.held.append(claim)
        self.let_go()
        self._heed_room(messages)
        return messages

    def deliver(self, message: FollowUp, worker: str = "", claims: int = 0) -> None:
        """Have the engine and the reference do what a message says."""
        if isinstance(message, AdmitTagged):
            # As long as the rows still say who stands where in line.
            self.world.admit_tagged()
        steps = following._follow([message] if isinstance(message, TellParent) else message, worker, claims)
        match message:
            case Admit():
                self.world.admit(may_share=message.may_share)
            case AdmitTagged():
                pass  # it is done
            case _:
                parent = getattr(message, "parent", None)
                told = self.run(parent) if parent else None
                self.world.do(Debt(KINDS[type(message)], self.run(message.child), getattr(message, "attempt", 0), told))
        self.follow(steps)

    def _heed_room(self, messages: list[FollowUp]) -> None:
        """Whoever makes room, or wants some that is there, has it looked; not only `recover` does."""
        is_room = self.world.next_admitted(sharing=False) is not None
        assert not is_room or self.is_room_known or any(isinstance(message, Admit) for message in messages)
        self.is_room_known = is_room
        are_places = self._are_places()
        assert not are_places or self.are_places_known or any(isinstance(message, AdmitTagged) for message in messages)
        self.are_places_known = are_places

    def note_places(self) -> None:
        """Accept that `recover` alone finds what may be let go now, because of its tags."""
        self.are_places_known = self._are_places()

    def _are_places(self) -> bool:
        """Return whether there are places for who waits for some; a limit of before is no matter here."""
        return any(not one.tags.isdisjoint(self.world.tag_limits) for one in self.world.those_let_go())

    def let_go(self) -> None:
        """Give up the claims of which somebody else has made something."""
        for claims in (self.held, self.lost):
            for claim in list(claims):
                task_run = self.place(claim)[1]
                if not task_run.held or task_run.attempt != claim.attempt:
                    claims.remove(claim)
                    self.old.append(claim)

    def learn(self) -> None:
        """Find the ids of children that are new, and who was the first to ask for them."""
        new = []
        while unknown := [(run, one) for run, one in self.task_runs() if one.child and one.child not in self.ids]:
            for run, one in unknown:
                found = TaskRun.objects.get(flow_run=self.ids[run], slug=one.slug, map_index=one.index)
                assert one.child is not None
                assert found.child_flow_run_id is not None, f"{one.slug} of {run.flow} has no child"
                self.ids[one.child] = found.child_flow_run_id
                new.append(one.child)
        for child in new:
            first = FlowRun.objects.get(pk=self.ids[child]).parent_task_run
            if first is not None:
                child.parent = self.run(first.flow_run_id)
                child.starter = self.task_run(child.parent, first.slug, first.map_index)

    def _waits_since(self, run: RunOfReference) -> tuple[Any, float]:
        """Return since when a flow run has waited for room; of several since the same moment any may be the first."""
        self.learn()
        changes = StateChange.objects.filter(flow_run=self.ids[run], task_run=None).order_by("-pk")
        queued = changes.filter(after=State.QUEUED).first()
        left = changes.filter(before=State.QUEUED, pk__gt=queued.pk if queued else 0).first()
        since = queued.at if queued else FlowRun.objects.get(pk=self.ids[run]).created_at
        return since, left.pk if left else math.inf

    def _born(self, run: RunOfReference) -> tuple[Any, UUID]:
        self.learn()
        return FlowRun.objects.get(pk=self.ids[run]).created_at, self.ids[run]

    def _in_line(self, run: RunOfReference, task_run: TaskRunOfReference) -> tuple[Any, ...]:
        row = self.row((run, task_run))
        return -row.priority, row.submitted_at is None, row.submitted_at

    def task_runs(self) -> list[Place]:
        return [(run, one) for run in list(self.ids) for one in run.everything()]

    def run(self, identity: UUID) -> RunOfReference:
        return next(run for run, known in self.ids.items() if known == identity)

    def place(self, held: Claim) -> Place:
        run = self.run(held.flow_run_id)
        return run, self.task_run(run, held.slug, held.map_index)

    def task_run(self, run: RunOfReference, slug: str, index: int) -> TaskRunOfReference:
        return run.tasks[slug] if index < 0 else run.tasks[slug].rows[index]

    def row(self, place: Place) -> TaskRun:
        run, one = place
        return TaskRun.objects.get(flow_run=self.ids[run], slug=one.slug, map_index=one.index)

    def found(self) -> dict[UUID, Facts]:
        """Return what the rows say."""
        runs = {run.pk: Facts(run.state, run.attempt, run.unfinished, run.result) for run in FlowRun.objects.all()}
        rows = list(TaskRun.objects.order_by("map_index"))
        items = {(row.flow_run_id, row.slug): row.items for row in rows if row.map_index < 0}
        for one in rows:
            if one.map_index >= (items[one.flow_run_id, one.slug] or 0):
                continue  # from before a restart that made the list shorter
            is_held = one.lease_until is not None
            waiting_on = one.waiting_on if one.ended_at is None else None
            runs[one.flow_run_id].tasks[one.slug, one.map_index] = (
                *(one.state, one.attempt, one.failures, one.lost, is_held, waiting_on),
                *(one.result, one.child_flow_run_id, one.state == State.SUBMITTED and one.queue.startswith(HELD)),
            )
        return runs

    def expected(self) -> dict[UUID, Facts]:
        """Return what the reference says."""
        return {
            identity: Facts(
                run.state,
                run.attempt,
                sum(not one.has_ended for one in run.tasks.values()),
                self._written(run.result),
                {
                    (one.slug, one.index): (
                        *(one.state, one.attempt, one.failures, one.lost, one.held, run.waiting_on(one)),
                        *(self._written(one.result), self.ids[one.child] if one.child else None),
                        one.state is State.SUBMITTED and one.kept,
                    )
                    for one in run.everything()
                },
            )
            for run, identity in self.ids.items()
        }

    def is_of(self, message: FollowUp, debt: Debt) -> bool:
        if KINDS.get(type(message)) != debt.kind or getattr(message, "child", None) != self.ids.get(debt.child):
            return False
        parent = getattr(message, "parent", None)
        return parent is None or debt.parent is None or parent == self.ids[debt.parent]

    def _is_told(self, debt: Debt) -> bool:
        """Return whether who is to be told has been already: of several, the one that started the child on the way."""
        assert debt.parent is not None
        assert debt.task_run is not None
        return self.row((debt.parent, debt.task_run)).state != State.RUNNING

    def _written(self, result: Any) -> Any:
        """Return a result as rows have it: a child flow run by its id."""
        match result:
            case RunOfReference():
                return str(self.ids[result])
            case dict():
                return {name: self._written(value) for name, value in result.items()}
            case list():
                return [self._written(value) for value in result]
        return result


def differences(found: dict[UUID, Facts], expected: dict[UUID, Facts]) -> list[str]:
    """Return a line for each row that is not as the reference says."""
    lines = []
    for identity in found.keys() | expected.keys():
        one, other = found.get(identity), expected.get(identity)
        if one is None or other is None:
            lines.append(f"{identity}: found {one}, expected {other}")
            continue
        flow_run = [(each.state, each.attempt, each.unfinished, each.result) for each in (one, other)]
        if flow_run[0] != flow_run[1]:
            lines.append(f"{identity}: found {flow_run[0]}, expected {flow_run[1]}")
        lines += [
            f"{identity} {key}: found {one.tasks.get(key)}, expected {other.tasks.get(key)}"
            for key in one.tasks.keys() | other.tasks.keys()
            if one.tasks.get(key) != other.tasks.get(key)
        ]
    return lines
