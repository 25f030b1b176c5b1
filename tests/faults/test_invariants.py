"""Each invariant finds the rows that break it: a check that cannot fail protects nothing."""

import pytest
from django.db import connection, transaction

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.following import carry_out
from orchestrator.models import FlowRun
from orchestrator.sdk import Flow
from tests.engine.flows import child, one_task
from tests.faults.invariants import ALWAYS, AT_REST, broken_invariants, check_invariants

T, R, C = "orchestrator_taskrun", "orchestrator_flowrun", "orchestrator_statechange"

BREAKS = {
    "waiting_on counts the upstream task runs that have not ended": f"UPDATE {T} SET waiting_on = waiting_on + 1 "
    "WHERE slug = 'Flow D-1'",
    "a mapped task runs until its items have ended, and counts those that have not": f"UPDATE {T} SET items = 2 "
    "WHERE slug = 'Flow D-1'",
    "unfinished counts the task runs that have not ended": f"UPDATE {R} SET unfinished = 1 WHERE depth = 0",
    "a flow run has ended exactly when all its task runs have": f"UPDATE {R} SET state = 'Success', ended_at = now() "
    "WHERE depth = 0",
    "only a running task run has a lease": f"UPDATE {T} SET lease_until = now() WHERE state = 'Submitted'",
    "a submitted task run has its place in the queue, a retrying one its due time": f"UPDATE {T} "
    "SET submitted_at = NULL WHERE state = 'Submitted'",
    "nothing of a flow run that has not begun, or waits for room, is executed": f"UPDATE {R} SET state = 'Queued' "
    "WHERE depth = 0",
    "a child flow run is linked from the task run that started it": f"UPDATE {T} SET child_flow_run_id = NULL "
    "WHERE slug = 'Flow A-1'",
    "a task run has one child, unless each attempt or a person's restart of it may start a new one": f"UPDATE {R} c "
    f"SET parent_task_run_id = t.id FROM {T} t WHERE c.depth = 1 AND t.slug = 'Flow B-1'",
    "a child flow run is below its parent, in the same tree": f"UPDATE {R} SET depth = 5 WHERE depth = 1",
    "the history of a task run has no gaps and ends in its state": f"DELETE FROM {C} WHERE task_run_id IS NOT NULL "
    f"AND after = 'Success' AND id = (SELECT max(id) FROM {C} WHERE after = 'Success' AND task_run_id IS NOT NULL)",
    "the history of a flow run has no gaps and ends in its state": f"DELETE FROM {C} WHERE task_run_id IS NULL "
    "AND after = 'Success'",
    "nothing is left to be done": "SELECT 1",
    "no parent waits for a child that has ended": f"UPDATE {R} SET state = 'Success', ended_at = now() WHERE depth = 1",
    "no child runs on under a parent that is being cancelled": f"UPDATE {R} SET state = 'Cancelling' WHERE depth = 0",
}


@pytest.fixture
def half_done(register, start) -> FlowRun:
    """A diamond whose A has ended; B and C wait for children of one submitted task run each."""
    for name in "ABCD":
        register(one_task(name))
    with Flow("diamond") as flow:
        a = child("A", wait=True)()
        b, c = (child(name, wait=True)(upstream_tasks=[a]) for name in "BC")
        child("D", wait=True)(upstream_tasks=[b, c])
    run = start(register(flow))
    (held,) = claim(worker="test", limit=1)
    carry_out(complete(ended=[(held, Ending(State.SUCCESS))]))
    return run


def test_a_healthy_run_breaks_nothing_on_its_way_nor_at_its_end(half_done, drain):
    check_invariants()

    drain()

    check_invariants(at_rest=True)


@pytest.mark.parametrize("invariant", ALWAYS | AT_REST)
def test_an_invariant_finds_what_breaks_it(half_done, invariant):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(BREAKS[invariant])
        found = [broken.invariant for broken in broken_invariants(at_rest=True)]
        transaction.set_rollback(True)

    assert invariant in found
