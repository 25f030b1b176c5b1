"""Flow runs believed to be as this process has left them: nobody waits for a lock, the COMMIT brings the answer.

Only where nothing else of a flow run can be under way: who else might change it is a person.
"""

from collections.abc import Callable
from dataclasses import replace

from orchestrator.core.states import State
from orchestrator.engine.ahead import read_ahead
from orchestrator.engine.database import ask
from orchestrator.engine.statements import HOLD_AS_LEFT
from orchestrator.engine.steps import Claim, Left, Ready, Run, Step

Line = list[tuple[Run, Ready]]


def hold_as_left(left: Left) -> tuple[Line, Callable[[], str]]:
    """Return flow runs as they were left, which this transaction holds, and what gives its id when it has committed.

    It fails if anybody has written their rows meanwhile; see `believe`.
    """
    line = [(replace(run, ahead=dict(run.ahead)), ready) for run, ready in left.line]
    answer = ask(HOLD_AS_LEFT, ids=[run.id for run, _ in line], left_by=left.by, count=len(line))
    return line, lambda: str(answer()[0][0])


def leave(step: Step, by: Callable[[], str]) -> Callable[[], None]:
    """Read what the ends of the step's own claims will need; return what notes it with them when that has committed.

    :param by: gives the id of this transaction when it has committed
    """
    lines = {held.task_run_id: line for held in step.claimed if (line := _line(step, held))}
    if not lines:
        return lambda: None
    ends = [line[-1] for line in lines.values()]
    answer = read_ahead((run.id, slug) for run, ready in ends for slug in run.graph.downstreams[ready.slug])

    def note() -> None:
        ahead = answer()
        for run, _ in ends:
            run.ahead = ahead.get(run.id, {})
        step.claimed = [
            replace(held, left=Left(by(), lines[held.task_run_id])) if held.task_run_id in lines else held
            for held in step.claimed
        ]

    return note


def _line(step: Step, held: Claim) -> Line:
    """Return the flow runs that will end with a claim, and the one that goes on, if this process has written them all.

    And if nothing else of them can be under way, so that they can be expected to stay as they are.
    """
    line: Line = []
    run = step.written.get(held.flow_run_id)
    ready = Ready(held.task_run_id, held.slug, held.attempt, State.RUNNING, held.failures)
    while run is not None and run.id in step.written and run.graph.alone.get(ready.slug) == run.unfinished:
        line.append((run, ready))
        if run.unfinished > 1 or run.parent_task_run_id is None:
            return line
        if run.waited_by is None:
            return []
        run, ready = run.waited_by
    return []
