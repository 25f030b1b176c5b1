"""All that follows within one flow run: tasks whose upstreams have ended begin or end, at last the flow run."""

from collections.abc import Mapping
from typing import Any

from orchestrator.core.states import State
from tests.faults.reference.rules import BAD, ENDED, GOOD, RETRIED, Written, judged, last_state, together
from tests.faults.reference.runs import Due, FlowRun, Limit, TaskRun


class Settling:
    """Flow runs, and what happens in each by itself.

    :param flows: name -> graph document; tasks that start a flow name it
    :param limits: name -> how many runs of a flow are under way at once; a flow that is not named has no limit
    :param most: how many flow runs without a parent are; None: any number

    `tag_limits`: tag -> how many task runs with it are executed at once.
    """

    def __init__(
        self, flows: Mapping[str, Written], limits: Mapping[str, Limit] | None = None, most: int | None = None
    ) -> None:
        self.flows = flows
        self.limits = dict.fromkeys(flows, Limit()) | dict(limits or {})
        self.most = most
        self.runs: list[FlowRun] = []
        self.tag_limits: dict[str, int] = {}
        self.of_keys: dict[tuple[str, str], FlowRun] = {}

    def start(self, flow: str, *, parent: FlowRun | None = None, priority: int = 0, key: str | None = None) -> FlowRun:
        """Return a new flow run, or the one of that key; where a limit counts it, it waits to be admitted."""
        if key is not None and (flow, key) in self.of_keys:
            return self.of_keys[flow, key]
        graph = self.flows[flow]
        run = FlowRun(flow, graph, parent, tasks={task["slug"]: TaskRun(task) for task in graph["tasks"]})
        run.priority = parent.priority if parent else priority
        for task_run in run.tasks.values():
            task_run.kept = self._is_tag_limited(task_run)
        if key is not None:
            self.of_keys[flow, key] = run
        if self._is_limited(run):
            run.state = State.QUEUED
        # What no worker has to begin begins with the flow run.
        elif any(not run.upstreams(slug) and not self._is_for_workers(one) for slug, one in run.tasks.items()):
            run.state = State.RUNNING
        self.runs.append(run)
        self._settle(run)
        return run

    def _is_limited(self, run: FlowRun) -> bool:
        return self.limits[run.flow].most is not None or (self.most is not None and run.parent is None)

    def _is_tag_limited(self, task_run: TaskRun) -> bool:
        return not task_run.tags.isdisjoint(self.tag_limits)

    def _put_back(self, task_run: TaskRun, *, anew: bool) -> None:
        """Let it run again; what a limit names waits for its places again."""
        task_run.put_back(anew=anew)
        task_run.kept = self._is_tag_limited(task_run)

    def _settle(self, run: FlowRun) -> None:
        if run.state is State.QUEUED:
            return
        for task_run in run.everything():
            if not self._is_free(run, task_run):
                task_run.may_start = False
        while self._begin_some(run) or self._end_mapped(run):
            pass
        if run.state not in ENDED and all(one.has_ended for one in run.tasks.values()):
            ends = [run.tasks[slug].state for slug in run.reference_tasks()]
            run.state = last_state(ends, is_cancelled=run.state is State.CANCELLING)
            run.result = run.own_result() if run.state is State.SUCCESS else None

    def _begin_some(self, run: FlowRun) -> bool:
        free = [one for one in run.everything() if self._is_free(run, one) and not one.may_start]
        for task_run in free:
            self._judge(run, task_run)
        if run.state is State.PAUSED:
            return bool(free)
        able = [one for one in run.everything() if one.state is State.PENDING and one.may_start]
        for task_run in able:
            self._begin(run, task_run)
        return bool(free or able)

    def _end_mapped(self, run: FlowRun) -> bool:
        over = [
            one
            for one in run.tasks.values()
            if one.items is not None and one.state is State.RUNNING and all(item.has_ended for item in one.items)
        ]
        for task_run in over:
            task_run.state = together([item.state for item in task_run.items or ()])
        return bool(over)

    def _is_free(self, run: FlowRun, task_run: TaskRun) -> bool:
        return task_run.state is State.PENDING and not run.waits_for(task_run)

    def _is_for_workers(self, task_run: TaskRun) -> bool:
        return task_run.is_claimed and not task_run.is_mapped and judged(task_run.task, []) is None

    def _judge(self, run: FlowRun, task_run: TaskRun) -> None:
        if task_run.is_mapped:
            verdict = self._judge_mapped(run, task_run)
        elif task_run.index >= 0 and task_run.task.get("trigger") == "manual_only":
            # What a person approved is approved for all items.
            verdict = judged({**task_run.task, "trigger": "all_finished"}, run.ends_before(task_run))
        else:
            verdict = judged(task_run.task, run.ends_before(task_run))
        task_run.may_start = verdict is None
        if verdict is not None:
            task_run.state = verdict
        if verdict is State.PAUSED:
            self._runs(run)

    def _judge_mapped(self, run: FlowRun, task_run: TaskRun) -> State | None:
        """Return how a mapped task ends, or pauses, without items: having nothing to be mapped over, or by its trigger.

        What is skipped beats both. Where items follow others, each is judged by itself.
        """
        if task_run.items is not None:
            return None
        ends = run.ends_before(task_run)
        if State.SKIPPED in ends and task_run.task.get("skip_on_upstream_skip", True):
            return State.SKIPPED
        for binding in task_run.task["inputs"].values():
            of = binding.get("of", {})
            if of.get("kind") == "upstream":
                source = run.tasks[of["task"]]
                if source.items is None and source.state not in GOOD:
                    return State.FAILED
        if run.followed(task_run.slug) and task_run.task.get("trigger") != "manual_only":
            return None
        return judged(task_run.task, ends)

    def _begin(self, run: FlowRun, task_run: TaskRun) -> None:
        task_run.may_start = False
        if task_run.is_mapped:
            self._expand(run, task_run)
            return
        if task_run.is_claimed or self._is_tag_limited(task_run):
            task_run.state = State.SUBMITTED
            return
        match task_run.task["kind"]:
            case "flow_run":
                self._begin_child(run, task_run)
            case "approval":
                task_run.state, task_run.result = State.PAUSED, {}
                task_run.due = Due.LATER if task_run.task.get("timeout_seconds") else None
                self._runs(run)
            case "case":
                inputs = task_run.task["inputs"]
                is_so = run.value(inputs["condition"]) == inputs["value"]["value"]
                task_run.state = State.SUCCESS if is_so else State.SKIPPED
            case "merge":
                task_run.state, task_run.result = State.SUCCESS, self._merged(run, task_run)

    def _merged(self, run: FlowRun, task_run: TaskRun) -> Any:
        branches = task_run.task["inputs"]["branches"]["items"]
        return next((value for branch in branches if (value := run.value(branch)) is not None), None)

    def _expand(self, run: FlowRun, task_run: TaskRun) -> None:
        """Give a mapped task its items, or let those run again that did not succeed of the ones it kept."""
        self._runs(run)
        task_run.state = State.RUNNING
        anew = task_run.child_attempt == 0
        is_paired = run.is_paired(task_run.slug)
        if task_run.items is not None:
            again = [item for item in task_run.items if item.state not in GOOD or run.waits_for(item)]
        else:
            bindings = [one["of"] for one in task_run.task["inputs"].values() if one["kind"] == "item"]
            lists = [run.value(binding) for binding in bindings]
            if not all(isinstance(found, list) for found in lists):
                task_run.state = State.FAILED
                return
            number = min(map(len, lists + [one.items for one in run.followed(task_run.slug)]))
            again = task_run.rows[:number]
            kept = self._is_tag_limited(task_run)
            numbers = range(len(again), number)
            new = [TaskRun(task_run.task, index, may_start=not is_paired, kept=kept) for index in numbers]
            task_run.rows += new
            task_run.items = task_run.rows[:number]
        task_run.child_attempt, task_run.has_started = 1, True
        for item in again:
            self._put_back(item, anew=anew)
            item.may_start = not is_paired

    def _begin_child(self, run: FlowRun, task_run: TaskRun) -> None:
        waits = task_run.task.get("wait", True)
        on_retry = "mirror" if task_run.heals and not task_run.failures else task_run.task.get("on_retry", "restart")
        child = task_run.child
        if child is None or task_run.child_attempt == 0 or on_retry == "new_run":
            if task_run.index >= 0 and run.lacks_its_value(task_run):
                self._find(run, task_run, State.FAILED)
                return
            key = task_run.task.get("inputs", {}).get("idempotency_key", {}).get("value")
            child = task_run.child = self.start(task_run.task["flow"]["name"], parent=run, key=key)
            task_run.child_attempt = child.attempt
        elif waits:
            again = child.state in BAD | {State.CANCELLED} and on_retry == "restart"
            task_run.child_attempt = child.attempt + again
        if waits:
            task_run.state, task_run.has_started = State.RUNNING, True
            task_run.due = Due.LATER if task_run.task.get("timeout_seconds") else None
            self._runs(run)
        else:
            self._find(run, task_run, State.SUCCESS, child)

    def _runs(self, run: FlowRun) -> None:
        if run.state is State.PENDING:
            run.state = State.RUNNING

    def _find(self, run: FlowRun, task_run: TaskRun, state: State, result: Any = None) -> None:
        """End what no worker executed. People's code around it hears of that first, from a worker that claims it."""
        if task_run.is_judged and run.state is not State.CANCELLING:
            task_run.take(State.SUBMITTED)
            task_run.attempt, task_run.has_started, task_run.told = task_run.attempt + 1, False, (state, result)
        else:
            self._end(run, task_run, state, result)

    def _end(self, run: FlowRun, task_run: TaskRun, state: State, result: Any = None, *, later: bool = False) -> None:
        """End one execution: it is the last one, or the next follows, or a pause.

        :param later: whether a pause ends by itself
        """
        is_cancelled = run.state is State.CANCELLING
        task_run.failures += state in RETRIED
        if state in RETRIED and task_run.failures <= task_run.task.get("max_retries", 0) and not is_cancelled:
            state = State.RETRYING
        if is_cancelled and state not in ENDED:
            state = State.CANCELLED
        task_run.take(state, result if state is State.SUCCESS else None)
        task_run.has_started &= state in ENDED
        match state:
            case State.RETRYING:
                task_run.due = Due.LATER if task_run.retries_are_later else Due.NOW
            case State.PAUSED:
                task_run.attempt += 1
                task_run.due = Due.LATER if later else None
            case State.SUBMITTED:
                task_run.attempt, task_run.failures = task_run.attempt + 1, 0
