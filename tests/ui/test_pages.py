"""What the pages say."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.scheduling import pause_schedule
from orchestrator.models import FlowRun, Origin, Role, Source, TaskRun
from tests.rows import make_flow, make_flow_run, make_project, make_user
from tests.ui.conftest import SUNDAY, client_of, schedule_of


def data_of(page: str) -> dict:
    """Return what the page hands to its island."""
    found = re.search(r'<script id="island-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_home_shows_projects_runs_and_what_starts_next(editor, flow_run, schedule):
    page = text_of(editor, "/")
    for expected in (
        "ours",
        "weekly-figures",
        "Pending",
        str(flow_run.pk),
        "At 09:30 on Monday to Friday, US/Eastern time",
    ):
        assert expected in page


def test_home_of_somebody_without_a_project_says_what_to_do(db):
    assert "Ask an administrator" in text_of(client_of(make_user()), "/")
    assert "manage.py register" in text_of(client_of(make_user(is_superuser=True)), "/")


def test_empty_pages_say_what_to_do_next(editor, project):
    assert "No flows yet" in text_of(editor, "/")
    assert "This project has no flows yet" in text_of(editor, "/projects/ours/")
    assert "Nothing has run yet" in text_of(editor, "/flow-runs/")
    assert "Nothing starts by itself yet" in text_of(editor, "/schedules/")


def test_a_card_shows_six_flows_and_how_many_more(editor, project):
    for number in range(8):
        make_flow(project, f"flow {number}")
    page = text_of(editor, "/")
    assert "flow 5" in page
    assert "flow 6" not in page
    assert ">2 more</a>" in page


def test_a_project_can_be_searched(editor, project):
    make_flow(project, "needle")
    make_flow(project, "straw")
    page = text_of(editor, "/projects/ours/?search=need")
    assert "needle" in page
    assert "straw" not in page
    assert "No flow matches" in text_of(editor, "/projects/ours/?search=nothing")


def test_a_flow_shows_graph_parameters_versions_and_schedules(editor, flow, schedule):
    page = text_of(editor, "/flows/ours/weekly-figures/")
    assert [task["slug"] for task in data_of(page)["graph"]["tasks"]] == ["one", "two"]
    assert 'data-island="graph"' in page
    assert "Default <code>5</code>" in page
    assert "registered from Python" in page
    assert schedule.cron not in page, "people read words"


def test_an_unpublished_flow_cannot_be_run_and_says_why(editor, drawn_flow):
    page = text_of(editor, "/flows/ours/drawn/")
    assert "Not published yet" in page
    assert "run-dialog" not in page
    assert "no published version" in text_of(editor, "/flows/ours/drawn/schedules/new/")


def test_the_run_dialog_has_an_input_for_each_kind_of_parameter(editor, project):
    make_flow(
        project,
        "typed",
        schema={
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "count": {"type": "integer", "default": 5},
                "flag": {"type": "boolean"},
                "choice": {"type": "string", "enum": ["a", "b"]},
                "level": {"enum": [1, None]},
                "columns": {"type": "array", "description": "Which <b>columns</b>"},
            },
            "required": ["text"],
            "additionalProperties": False,
        },
    )
    page = text_of(editor, "/flows/ours/typed/")
    kinds = dict(re.findall(r'name="(\w+)" data-group="parameters" data-kind="(\w+)"', page))
    assert kinds == {
        "text": "string",
        "count": "integer",
        "flag": "json",
        "choice": "string",
        "level": "json",
        "columns": "json",
    }
    assert "Which &lt;b&gt;columns&lt;/b&gt;" in page


def test_the_editor_gets_its_draft_the_palette_and_its_problems(editor, drawn_flow, flow):
    data = data_of(text_of(editor, "/flows/ours/drawn/edit/"))
    assert data["flow"] == {"project": "ours", "name": "drawn", "description": ""}
    assert data["draft"]["revision"] == 1
    assert data["draft"]["problems"], "an empty canvas cannot be published"
    assert [item["name"] for item in data["flows"]] == ["weekly-figures"]
    assert (data["can_edit"], data["can_run"], data["latest_version"]) == (True, True, None)
    assert data["urls"]["schedule"] == "/flows/ours/drawn/schedules/new/"


def test_the_palette_holds_only_flows_that_may_be_run(drawn_flow, flow):
    person = make_user(flow.project, Role.EDITOR)
    seen_only = make_flow(make_project("seen"), "looked at")
    seen_only.project.memberships.create(user=person, role=Role.VIEWER)
    data = data_of(text_of(client_of(person), "/flows/ours/drawn/edit/"))
    assert [item["name"] for item in data["flows"]] == ["weekly-figures"]


def test_a_run_page_has_its_data_and_a_table_for_those_without_scripts(viewer, flow_run):
    page = text_of(viewer, f"/flow-runs/{flow_run.pk}/")
    data = data_of(page)
    assert data["flow_run"]["id"] == str(flow_run.pk)
    assert [task_run["slug"] for task_run in data["flow_run"]["task_runs"]] == ["one", "two"]
    assert len(data["graph"]["tasks"]) == 2
    assert data["can_run"] is False
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    assert table.count('data-state="Pending"') == 2


def test_a_child_run_leads_back_up(viewer, flow, flow_run):
    parent_task_run = TaskRun.objects.filter(flow_run=flow_run).first()
    child = make_flow_run(flow, parent_task_run=parent_task_run, root_run=flow_run, origin=Origin.PARENT)
    data = data_of(text_of(viewer, f"/flow-runs/{child.pk}/"))
    assert [crumb["url"] for crumb in data["breadcrumbs"]] == [f"/flow-runs/{run.pk}/" for run in (flow_run, child)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", {"first", "second"}),
        ("?state=Failed", {"second"}),
        ("?search=fir", {"first"}),
        ("?flow=other", {"second"}),
        ("?flow=other&state=Pending", set()),
        ("?project=ours&children=1", {"first", "second", "child"}),
        ("?project=theirs", set()),
        ("?state=nonsense", set()),
    ],
)
def test_runs_are_narrowed(viewer, flow, asked, expected):
    first = make_flow_run(flow, name="first")
    make_flow_run(make_flow(flow.project, "other"), State.FAILED, name="second")
    make_flow_run(flow, name="child", parent_task_run=first.task_runs.first(), root_run=first)
    page = text_of(viewer, f"/flow-runs/{asked}")
    body = page[page.index('<div id="runs"') :]
    assert {name for name in ("first", "second", "child") if f"{name} · version" in body} == expected


def test_a_run_is_found_by_its_id(viewer, flow):
    wanted, _ = make_flow_run(flow, name="wanted"), make_flow_run(flow, name="unwanted")
    page = text_of(viewer, f"/flow-runs/?search={wanted.pk}")
    assert "wanted · version" in page
    assert "unwanted" not in page


def test_the_list_of_runs_is_paged_and_keeps_its_filters(viewer, flow):
    for _ in range(51):
        make_flow_run(flow)
    first = text_of(viewer, "/flow-runs/?project=ours")
    assert "1\u201350 of 51" in first
    assert "?project=ours&amp;page=2" in first
    assert "51\u201351 of 51" in text_of(viewer, "/flow-runs/?project=ours&page=2")


def test_lists_refresh_themselves_while_something_is_unfinished(viewer, flow):
    make_flow_run(flow, State.SUCCESS)
    assert "data-unfinished" not in text_of(viewer, "/flow-runs/")
    make_flow_run(flow)
    assert "data-unfinished" in text_of(viewer, "/flow-runs/")


def test_what_people_wrote_is_shown_and_not_executed(viewer, flow):
    FlowRun.objects.filter(pk=make_flow_run(flow).pk).update(
        name="<script>alert(1)</script>", message="</script><img src=x>"
    )
    flow_run = FlowRun.objects.get()
    for address in ("/flow-runs/", f"/flow-runs/{flow_run.pk}/"):
        page = text_of(viewer, address)
        assert "<script>alert" not in page
        assert "<img" not in page


def test_schedules_are_read_in_words_with_why_they_are_paused(operator, flow):
    schedule_of(flow)
    pause_schedule(schedule=schedule_of(flow, "0 2 * * *"), reason="the source moves", now=SUNDAY)
    page = text_of(operator, "/schedules/")
    assert page.index("At 09:30 on Monday to Friday") < page.index("At 02:00 every day"), "paused ones come last"
    assert "the source moves" in page
    assert "Resume" in page


def test_the_form_of_a_schedule_holds_what_it_is(operator, flow):
    schedule = schedule_of(flow, parameters={"rows": 7}, day_or=False, catch_up="all")
    page = text_of(operator, f"/schedules/{schedule.pk}/")
    assert 'value="30 9 * * 1-5"' in page
    assert 'value="US/Eastern"' in page
    assert '<option value="false" selected>' in page
    assert '<option value="all" selected>' in page
    assert 'data-kind="integer" value="7"' in page


def test_admin_is_offered_to_staff_only(db):
    assert "/admin/" not in text_of(client_of(make_user()), "/")
    assert "/admin/" in text_of(client_of(make_user(is_staff=True)), "/")


def test_the_flow_a_person_came_from_is_chosen_in_the_form(editor, project):
    make_project("another")
    assert "<option selected>ours</option>" in text_of(editor, "/flows/new/?project=ours")


def grown(project) -> None:
    """Add some of everything to a project."""
    for _ in range(5):
        flow = make_flow(project)
        make_flow_run(flow)
        make_flow_run(flow, State.SUCCESS)
        schedule_of(flow)


def test_the_number_of_queries_does_not_grow_with_what_is_shown(
    project, flow, drawn_flow, flow_run, schedule, django_assert_max_num_queries
):
    """The same pages with five times as much on them need no more queries."""
    client = client_of(make_user(project, Role.EDITOR))
    addresses = [
        "/",
        "/projects/ours/",
        "/flows/ours/weekly-figures/",
        "/flows/ours/drawn/edit/",
        "/flow-runs/",
        f"/flow-runs/{flow_run.pk}/",
        "/schedules/",
        f"/schedules/{schedule.pk}/",
    ]
    grown(project)
    for address in addresses:
        with django_assert_max_num_queries(13):
            client.get(address)
    grown(make_project("second"))
    User.objects.update(is_superuser=True)
    for address in addresses:
        with django_assert_max_num_queries(13):
            client.get(address)


def test_times_are_machine_readable_with_utc_beside(viewer, flow):
    flow_run = make_flow_run(flow)
    moment = timezone.now() - timedelta(hours=1)
    FlowRun.objects.filter(pk=flow_run.pk).update(created_at=moment)
    page = text_of(viewer, "/flow-runs/")
    assert f'datetime="{moment.isoformat(timespec="seconds")}"' in page
    assert f'title="{moment:%Y-%m-%d %H:%M:%S} UTC"' in page


def test_a_run_knows_the_latest_version_and_where_a_drawn_flow_is_edited(editor, operator, flow_run):
    address = f"/flow-runs/{flow_run.pk}/"
    data = data_of(text_of(editor, address))
    assert (data["latest_version"], data["edit_url"]) == (1, None)

    flow_run.flow.source = Source.CANVAS
    flow_run.flow.save()

    assert data_of(text_of(editor, address))["edit_url"] == "/flows/ours/weekly-figures/edit/"
    assert data_of(text_of(operator, address))["edit_url"] is None
