"""Flows written in Python, put into the database. Names with s109... refer to statements of the seed's."""

import importlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.apps import AppConfig, apps
from django.core.management import CommandError, call_command

from orchestrator.engine.registration import (
    BrokenFlows,
    DrawnFlow,
    InvalidFlow,
    UnknownProject,
    discover,
    register_apps,
    register_flow,
)
from orchestrator.models import Flow, FlowVersion, Project, Source
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import Parameter, StartFlowRun, registry, task

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORK = """
from orchestrator.sdk import CronSchedule, Flow, Parameter, task

@task
def work(x=1):
    return x + 1
"""
ONE = f"""{WORK}
with Flow("one") as flow:
    work()
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write the flows.py of an app, as if it was there when this process started."""
    installed: dict[str, AppConfig] = {}
    monkeypatch.setattr(apps, "get_app_configs", lambda: list(installed.values()))
    monkeypatch.setattr(registry, "_flows", {})
    monkeypatch.setattr(registry, "_constructed", {})
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(tmp_path))

    def forget(app: str) -> None:
        for name in (app, f"{app}.flows", f"{app}.views"):
            sys.modules.pop(name, None)

    def put(source: str, app: str = "shop") -> Path:
        path = tmp_path / app / "flows.py"
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(source)
        forget(app)
        registry._flows.clear()
        registry._constructed.clear()
        importlib.invalidate_caches()
        installed[app] = AppConfig.create(app)
        return path

    yield put
    for app in installed:
        forget(app)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(registry, "_flows", {})
    return Project.objects.create(name="shop")


@task
def work(x: int = 1) -> int:
    return x + 1


def built(name: str = "one", x: int = 1, **settings: object) -> WrittenFlow:
    with WrittenFlow(name, **settings) as flow:  # type: ignore[arg-type]
        work(x)
    return flow


def registered() -> list[tuple[str, int, bool]]:
    return [(str(one.flow), one.version.number, one.created) for one in register_apps(now=NOW)]


# A flows.py


def test_the_flows_of_an_app_are_registered_in_a_project_of_its_name(write: Write) -> None:
    write(f"{ONE}\nwith Flow('two', project='other') as flow:\n    work()\n")

    assert registered() == [("shop/one", 1, True), ("other/two", 1, True)]
    assert FlowVersion.objects.get(flow__name="one").graph["tasks"][0]["slug"] == "work-1"
    assert set(Flow.objects.values_list("source", flat=True)) == {Source.CODE}


def test_registering_again_makes_no_version_and_registering_a_change_the_next(write: Write) -> None:
    write(ONE)
    assert registered() == [("shop/one", 1, True)]
    assert registered() == [("shop/one", 1, False)]

    write(ONE.replace("x + 1", "x + 2  # more"))
    assert registered() == [("shop/one", 2, True)]
    write(ONE.replace("x + 1", "x + 2  # the same"))
    assert registered() == [("shop/one", 2, False)]

    flow = Flow.objects.get()
    assert flow.latest_version == flow.versions.get(number=2)


def test_a_flow_made_in_a_loop_or_by_a_function_is_registered_as_well(write: Write) -> None:
    loop = "for name in 'ab':\n    with Flow(name) as flow:\n        work()\n"
    function = "def make():\n    with Flow('made') as flow:\n        work()\nmake()\n"
    write(f"{WORK}\n{loop}{function}")

    assert registered() == [("shop/a", 1, True), ("shop/b", 1, True), ("shop/made", 1, True)]


def test_a_flows_py_that_was_imported_before_is_registered_all_the_same(write: Write) -> None:
    path = write(ONE)
    (path.parent / "views.py").write_text("from shop.flows import flow\n")
    importlib.import_module("shop.views")

    assert registered() == [("shop/one", 1, True)]


def test_flows_are_yielded_once_however_often_they_are_looked_for(write: Write) -> None:
    write(ONE)
    assert [flow.name for flow in discover()] == [flow.name for flow in discover()] == ["one"]


def test_an_app_without_flows_py_and_one_without_flows_register_nothing(write: Write) -> None:
    write("")
    (write("", "empty").parent / "flows.py").unlink()

    assert registered() == []


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (
            "x = 1\nimport there_is_no_such_module\n",
            2,
            "ModuleNotFoundError: No module named 'there_is_no_such_module'",
        ),
        ("x = 1\n\ny = x +\n", 3, "invalid syntax"),
        ("def broken():\n    return 1 / 0\n\nbroken()\n", 2, "ZeroDivisionError: division by zero"),
        (f"{WORK}\nwork()\n", 8, "ValueError: No flow was passed or is open"),
    ],
)
def test_a_broken_flows_py_names_its_file_and_line(write: Write, source: str, line: int, message: str) -> None:
    path = write(source)

    with pytest.raises(BrokenFlows) as broken:
        register_apps(now=NOW)

    assert str(broken.value).startswith(f"{path}:{line}: {message}")


def test_a_flows_py_that_breaks_in_another_module_names_its_own_line(write: Write) -> None:
    path = write("import shop.views\n")
    (path.parent / "views.py").write_text("x = 1\n1 / 0\n")

    with pytest.raises(BrokenFlows, match=rf"{path}:1: ZeroDivisionError"):
        register_apps(now=NOW)


def test_a_flows_py_that_was_mended_registers_each_flow_once(write: Write) -> None:
    path = write(f"{ONE}\n1 / 0\n")
    with pytest.raises(BrokenFlows):
        register_apps(now=NOW)

    path.write_text(ONE)
    importlib.invalidate_caches()

    assert registered() == [("shop/one", 1, True)]


@pytest.mark.parametrize("second", ["with Flow('one') as flow:\n    work(2)\n", "with Flow('one'): work()\n"])
def test_s019_two_flows_of_one_name_name_both_places_and_nothing_is_registered(write: Write, second: str) -> None:
    path = write(f"{ONE}\n{second}")

    with pytest.raises(registry.DuplicateFlow) as refused:
        register_apps(now=NOW)

    assert f"two flows shop/one: one at {path}:8, one at {path}:11." in str(refused.value)
    assert not Flow.objects.exists()


def test_two_flows_of_one_name_from_one_line_are_refused_too(write: Write) -> None:
    write(f"{WORK}\nfor x in (1, 2):\n    with Flow('one') as flow:\n        work(x)\n")

    with pytest.raises(registry.DuplicateFlow, match="two flows shop/one"):
        register_apps(now=NOW)


def test_two_apps_may_not_have_one_flow_in_one_project(write: Write) -> None:
    named = ONE.replace('Flow("one"', 'Flow("one", project="shared"')
    write(named)
    write(named, "stock")

    with pytest.raises(registry.DuplicateFlow, match=r"shop/flows\.py:8, one at .*stock/flows\.py:8"):
        register_apps(now=NOW)


def test_one_flow_that_cannot_be_registered_keeps_all_from_being(write: Write) -> None:
    path = write(f"{ONE}\nwith Flow('two'): pass\n")

    with pytest.raises(InvalidFlow) as refused:
        register_apps(now=NOW)

    assert str(refused.value) == f'<Flow: name="two"> at {path}:11 cannot be registered: It has no tasks.'
    assert not Flow.objects.exists()
    assert not Project.objects.exists()


@pytest.mark.parametrize("project", ["a/b", "x" * 101])
def test_a_project_that_cannot_be_made_is_refused(write: Write, project: str) -> None:
    write(ONE.replace('Flow("one"', f'Flow("one", project="{project}"'))

    with pytest.raises(InvalidFlow, match=f"its project '{project}' cannot be made: "):
        register_apps(now=NOW)


# One flow


def test_the_method_registers_in_a_project_and_returns_the_version(shop: Project) -> None:
    flow = built()

    assert flow.register("shop") == 1
    assert flow.register() == 1
    assert built(x=2).register("shop") == 2


def test_s110_the_same_name_in_another_project_is_another_flow(shop: Project) -> None:
    Project.objects.create(name="other")
    flow = built()

    assert (flow.register("shop"), flow.register("other")) == (1, 1)
    assert Flow.objects.count() == 2


def test_s109_registering_a_name_again_makes_the_next_version_of_the_same_flow(shop: Project) -> None:
    built(x=1).register("shop")
    built(x=2).register("shop")

    flow = Flow.objects.get()
    assert [version.number for version in flow.versions.order_by("number")] == [1, 2]
    assert flow.latest_version == flow.versions.get(number=2)


def test_a_project_that_is_not_there_is_not_made_by_the_method(shop: Project) -> None:
    with pytest.raises(UnknownProject, match="There is no project 'other'; there are: shop"):
        built().register("other")


def test_a_child_flow_run_without_project_is_looked_for_where_the_flow_is_registered(shop: Project) -> None:
    Project.objects.create(name="other")
    with WrittenFlow("parent") as flow:
        StartFlowRun("child")()

    for project in ("shop", "other"):
        flow.register(project)
        graph = FlowVersion.objects.get(flow__project__name=project).graph
        assert graph["tasks"][0]["flow"] == {"project": project, "name": "child"}


def test_a_flow_drawn_on_the_canvas_is_not_overwritten(shop: Project) -> None:
    Flow.objects.create(project=shop, name="one", source=Source.CANVAS)

    with pytest.raises(DrawnFlow, match=r"shop/one was drawn on the canvas; give the one at .*test_registration\.py"):
        built().register("shop")


def cyclic(flow: WrittenFlow) -> None:
    first, second = work.copy(), work.copy()
    flow.chain(first, second, first)


def tried_too_often(flow: WrittenFlow) -> None:
    flow.add_task(work.copy(max_retries=5_000))


def nested_too_deep(flow: WrittenFlow) -> None:
    value: object = flow.add_task(work.copy())
    for _ in range(50):
        value = [value]
    work(value, flow=flow)


def wrong_default(flow: WrittenFlow) -> None:
    work(Parameter("x", default="one", type=int), flow=flow)


def wrong_schema(flow: WrittenFlow) -> None:
    work(Parameter("x", schema={"type": "whole"}), flow=flow)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (cyclic, "has a cycle"),
        (tried_too_often, "a whole number from 0 to 1000, but is 5000"),
        (nested_too_deep, "is nested deeper than 40 levels"),
        (wrong_default, "As its default: Parameter 'x' must be of type integer"),
        (wrong_schema, "The parameter schema is not JSON Schema"),
    ],
)
def test_a_flow_that_the_engine_could_not_run_is_refused_with_its_place(
    shop: Project, build: Callable[[WrittenFlow], None], message: str
) -> None:
    flow = WrittenFlow("one")
    build(flow)

    with pytest.raises(InvalidFlow) as refused:
        register_flow(flow=flow, project="shop", now=NOW)

    assert str(refused.value).startswith(f'<Flow: name="one"> at {flow.place} cannot be registered: ')
    assert message in str(refused.value)
    assert not Flow.objects.exists()


# The command


def said() -> str:
    out = StringIO()
    call_command("register", stdout=out)
    return out.getvalue()


def test_the_command_says_what_was_registered_and_what_is_unchanged(write: Write) -> None:
    write(ONE)

    assert said() == "shop/one: version 1 (registered)\n"
    assert "unchanged" in said()


def test_the_command_says_what_to_do_where_there_are_no_flows(write: Write) -> None:
    assert said() == "No flows found: write some in the flows.py of an app that ANABRANCH_APPS names.\n"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0\n", r"A flows.py cannot be read, nothing was registered\. .*flows\.py:1: ZeroDivisionError"),
        (f"{ONE}\nwith Flow('one'): work()\n", r"Nothing was registered\. There are two flows shop/one"),
        ("from orchestrator.sdk import Flow\nFlow('empty')\n", r"Nothing was registered\. .*It has no tasks"),
    ],
)
def test_the_command_fails_with_the_reason_and_registers_nothing(write: Write, source: str, message: str) -> None:
    write(source)

    with pytest.raises(CommandError, match=message):
        said()
    assert not Flow.objects.exists()
