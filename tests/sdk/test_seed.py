"""The four code blocks of the page that the product grows from, read from that page and run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.sdk import Flow, Parameter, StartFlowRun, registry, task

SEED = Path(__file__).resolve().parents[3] / "shared" / "seed" / "running-dependent-flows.md"

pytestmark = pytest.mark.skipif(not SEED.exists(), reason="this clone has no ../shared beside it to read the page from")

DIAMOND = {
    ("Flow A", "Flow B", None),
    ("Flow A", "Flow C", None),
    ("Flow B", "Flow D", None),
    ("Flow C", "Flow D", None),
}


def blocks() -> list[str]:
    """Return the page's code blocks, their typing errors mended and their imports changed, nothing else."""
    found = re.findall(r"```python\n(.*?)```", SEED.read_text(), flags=re.DOTALL)
    mended = []
    for block in found:
        block = block.replace("class ExtractSomeData(Task)\n", "class ExtractSomeData(Task):\n")
        block = re.sub(r"from prefect(\.\w+)* import", "from orchestrator.sdk import", block)
        mended.append("import pendulum\n" + block)
    return mended


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The registered flows A to D and `example`, and what was run of them, in order."""
    monkeypatch.setattr(registry, "_flows", {})
    monkeypatch.setattr(registry, "_discover", None)
    ran: list[str] = []

    def note(name: str) -> Any:
        return task(lambda value=None: ran.append(f"{name}({value})" if value else name), name=name)

    for name in "ABCD":
        with Flow(name) as flow:
            note(name)()
        registry.add(flow, "examples")
    with Flow("example") as flow:
        note("example")(value=Parameter("param-key"))
    registry.add(flow, "examples")
    return ran


def built(block: str) -> Flow:
    space: dict[str, Any] = {}
    exec(compile(block, str(SEED), "exec"), space)
    return space["flow"]


def edges(flow: Flow) -> set[tuple[str, str, str | None]]:
    return {(edge.upstream_task.name, edge.downstream_task.name, edge.key) for edge in flow.edges}


def test_the_page_has_four_blocks():
    assert len(blocks()) == 4


@pytest.mark.parametrize("number", [0, 1])
def test_a_flow_is_started_with_parameters_made_at_run_time(known, number):
    flow = built(blocks()[number])

    assert edges(flow) == {("extract_some_data", "Flow example", "parameters")}
    state = flow.run()

    assert state.is_successful(), state.message
    assert known == ["example(some-random-piece-of-data)"]


@pytest.mark.parametrize("number", [2, 3])
def test_a_flow_of_flows_runs_its_diamond(known, number):
    flow = built(blocks()[number])

    assert edges(flow) == DIAMOND
    assert {item.slug for item in flow.tasks} == {"Flow A-1", "Flow B-1", "Flow C-1", "Flow D-1"}
    assert all(isinstance(item, StartFlowRun) and item.wait for item in flow.tasks)
    state = flow.run()

    assert state.is_successful(), state.message
    assert known == ["A", "B", "C", "D"]


def test_both_styles_give_the_same_graph(known):
    functional, imperative = (built(blocks()[number]).serialize() for number in (2, 3))
    assert functional["graph"] == imperative["graph"]


def test_the_schedule_is_half_past_nine_in_new_york_on_weekdays(known):
    schedule = built(blocks()[2]).schedule
    times = schedule.next(5)
    assert [(moment.hour, moment.minute) for moment in times] == [(9, 30)] * 5
    assert all(moment.weekday() < 5 for moment in times)
    assert [clock["timezone"] for clock in schedule.document()] == ["US/Eastern"]


def test_building_the_same_flow_again_gives_the_same_fingerprint(known):
    first, second = (built(blocks()[2]).serialized_hash() for _ in range(2))
    assert first == second
