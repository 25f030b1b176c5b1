"""Flows of one's own for engine tests, registered and run by a drain in the test's own process or by real workers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from orchestrator.engine import latest
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.draining import Drain
from orchestrator.engine.executing import Log, execute
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.following import carry_out
from orchestrator.engine.recovering import recover
from orchestrator.engine.registration import register_flow
from orchestrator.models import Flow, FlowRun, Origin, Project, TaskRun
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import registry
from tests.engine.mapped import BAD, DONE
from tests.faults.invariants import check_invariants


@pytest.fixture(autouse=True)
def invariants_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that uses the database, its rows are as the engine promises at any committed moment."""
    uses_database = bool({"db", "transactional_db"} & set(request.fixturenames))
    if uses_database:
        request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
    yield
    if uses_database:
        check_invariants()


@pytest.fixture(autouse=True)
def nothing_is_known_of_flows() -> None:
    """Whatever the test before read of flows is forgotten; every test's database has others of the same names."""
    latest._known.clear()


@pytest.fixture(autouse=True)
def no_item_is_bad() -> None:
    """`picky` refuses nothing that the test before made it refuse, and was executed for nothing yet."""
    BAD.clear()
    DONE.clear()


@pytest.fixture
def project(transactional_db: None) -> Project:
    """The project that the tests' flows are registered in."""
    return Project.objects.create(name="tests")


@pytest.fixture
def register(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[[WrittenFlow], Flow]:
    """Register a written flow in the project `tests`, known to this process alone."""
    monkeypatch.setattr(registry, "_flows", {})
    monkeypatch.setattr(registry, "_discover", lambda: None)

    def put(flow: WrittenFlow) -> Flow:
        flow.project = project.name
        registry.add(flow, project.name)
        return register_flow(flow=flow, project=project.name, now=timezone.now()).flow

    return put


@pytest.fixture
def start() -> Callable[..., FlowRun]:
    """Start a run of a registered flow."""

    def begin(flow: Flow, **parameters: Any) -> FlowRun:
        started = start_flow_run(flow=flow, parameters=parameters, now=timezone.now(), origin=Origin.COMMAND)
        return FlowRun.objects.get(pk=started.flow_run_id)

    return begin


@pytest.fixture(name="execute")
def run_to_its_end(
    register: Callable[[WrittenFlow], Flow], start: Callable[..., FlowRun], drain: Callable[[], None]
) -> Callable[..., FlowRun]:
    """Run a written flow to its end."""

    def run(flow: WrittenFlow, **parameters: Any) -> FlowRun:
        started = start(register(flow), **parameters)
        drain()
        started.refresh_from_db()
        return started

    return run


@pytest.fixture
def drain() -> Callable[[], None]:
    """Do all that can be done, in this process, as one worker with one slot would."""

    def work() -> None:
        while Drain().run() or recover().owed:
            pass

    return work


def states(run: FlowRun) -> dict[str, str]:
    """Return slug -> state of a run's task runs."""
    return dict(TaskRun.objects.filter(flow_run=run).values_list("slug", "state"))


def state(run: FlowRun) -> str:
    """Return a run's state as it is now."""
    return FlowRun.objects.values_list("state", flat=True).get(pk=run.pk)


def of(run: FlowRun, slug: str) -> TaskRun:
    """Return a run's task run of this slug as it is now."""
    return TaskRun.objects.select_related("stored_result").get(flow_run=run, slug=slug)


def end_one() -> None:
    """Execute one submitted task run and carry out all that follows from its end."""
    (held,) = claim(worker="one", limit=1)
    carry_out(complete(ended=[(held, execute(held, Log(held), lambda function: function()))], worker="one"))
