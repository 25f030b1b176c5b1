"""The flows that a process knows."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from orchestrator.core.graph import FlowName
from orchestrator.sdk import Flow, registry, task

NAME = FlowName("examples", "f")


@task
def work() -> int:
    return 1


def built(name: str = "f") -> Flow:
    with Flow(name) as flow:
        work()
    return flow


def test_a_flow_is_found_by_project_and_name() -> None:
    flow = built()
    registry.add(flow, "examples")

    assert registry.find_flow(NAME) is flow
    assert registry.find_flow(FlowName("other", "f")) is None
    assert registry.find_task(NAME, "work-1").name == "work"


def test_two_flows_of_one_name_in_one_project_are_refused_naming_both_places() -> None:
    first, second = Flow("f"), built()
    registry.add(first, "examples")

    with pytest.raises(registry.DuplicateFlow) as refused:
        registry.add(second, "examples")

    assert f"There are two flows examples/f: one at {first.place}, one at {second.place}." in str(refused.value)
    assert first.place != second.place
    assert registry.find_flow(NAME) is first


def test_one_name_in_two_projects_are_two_flows() -> None:
    registry.add(Flow("f"), "examples")
    registry.add(Flow("f"), "other")


def test_code_that_is_run_again_replaces_its_flow_unless_it_is_to_be_the_only_one() -> None:
    first, second = built(), built()
    registry.add(first, "examples")
    registry.add(second, "examples")

    assert registry.find_flow(NAME) is second
    with pytest.raises(registry.DuplicateFlow):
        registry.add(first, "examples", replaces=False)


def test_what_is_not_known_is_looked_for_in_the_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_discover", lambda: registry.add(built(), "examples"))

    assert registry.find_flow(NAME) is not None


def test_a_flow_that_the_code_lacks_says_what_to_check() -> None:
    with pytest.raises(registry.UnknownTask, match=r"has no flow examples/f.*ANABRANCH_APPS"):
        registry.find_task(NAME, "work-1")


def test_a_task_that_the_code_lacks_names_the_place_of_the_flow() -> None:
    flow = built()
    registry.add(flow, "examples")

    with pytest.raises(registry.UnknownTask, match=r"has no task 'gone-1'.*registered again") as refused:
        registry.find_task(NAME, "gone-1")

    assert flow.place in str(refused.value)


def test_registering_outside_django_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"manage\.py register"):
        built().register("examples")
    with pytest.raises(TypeError, match=r"flow.register\('examples'\)"):
        built().register()


def test_registering_hands_the_flow_on_and_makes_it_known() -> None:
    asked: list[tuple[Flow, str]] = []

    def registrar(flow: Flow, project: str) -> int:
        asked.append((flow, project))
        return 7

    registry.connect(registrar=registrar, discover=lambda: None)
    flow = built()

    assert flow.register("examples") == 7
    assert flow.register() == 7
    assert flow.register("other") == 7
    assert asked == [(flow, "examples"), (flow, "examples"), (flow, "other")]
    assert registry.find_flow(NAME) is flow
    assert flow.project == "other"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Path]:
    """A package whose flows.py constructs flows in three ways."""
    package = tmp_path / "shop_of_flows"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "more.py").write_text("from orchestrator.sdk import Flow\nFlow('imported')\n")
    (package / "flows.py").write_text(
        "from orchestrator.sdk import Flow\n"
        "from shop_of_flows import more\n"
        "for name in 'ab':\n"
        "    with Flow(name) as flow: pass\n"
        "def make():\n"
        "    return Flow('made')\n"
        "make()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return package


def test_the_flows_that_importing_a_flows_py_constructs_are_noted_whoever_imports_it(shop: Path) -> None:
    from shop_of_flows import flows  # type: ignore[import-not-found]

    assert [flow.name for flow in registry.constructed_in("shop_of_flows.flows")] == ["imported", "a", "b", "made"]
    flows.make()
    assert len(registry.constructed_in("shop_of_flows.flows")) == 4
    assert registry.constructed_in("shop_of_flows.more") == []

    registry.forget("shop_of_flows.flows")
    assert registry.constructed_in("shop_of_flows.flows") == []
