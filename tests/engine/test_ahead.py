"""What is read together with a lock is acted on as if it had been asked for afterwards."""

import pytest

from orchestrator.core.states import State
from orchestrator.engine.ahead import FEW_UPSTREAMS
from orchestrator.sdk import Flow
from orchestrator.sdk.triggers import any_failed
from tests.engine.conftest import state, states
from tests.engine.flows import child, fails, one_task, works


@pytest.mark.parametrize("upstreams", [1, 2, FEW_UPSTREAMS, FEW_UPSTREAMS + 1])
@pytest.mark.parametrize("is_child", [False, True])
def test_what_joins_is_judged_by_all_its_upstreams(register, start, drain, upstreams: int, is_child: bool):
    register(one_task("good"))
    register(one_task("bad", fails))
    with Flow("joins") as flow:
        first = child("bad", wait=True)() if is_child else fails()
        others = [child("good", wait=True)() if is_child else works() for _ in range(upstreams - 1)]
        works.copy(name="joins", trigger=any_failed).bind(upstream_tasks=[first, *others])
    run = start(register(flow))

    drain()

    assert sorted(states(run).values()) == [State.FAILED] + [State.SUCCESS] * upstreams
    assert state(run) == State.SUCCESS
