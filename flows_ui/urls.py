"""The addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path, register_converter

from flows_ui.asked import FlowName, Name
from flows_ui.views import flow_runs, flows, home, schedules, sign_in

register_converter(Name, "name")
register_converter(FlowName, "flow_name")

urlpatterns = [
    path("", home.home, name="home"),
    path("projects/<name:project>/", flows.project, name="project"),
    path("flows/new/", flows.new_flow, name="new_flow"),
    path("flows/<name:project>/<flow_name:name>/edit/", flows.edit_flow, name="edit_flow"),
    path("flows/<name:project>/<flow_name:name>/schedules/new/", schedules.new_schedule, name="new_schedule"),
    path("flows/<name:project>/<flow_name:name>/", flows.flow, name="flow"),
    path("flow-runs/", flow_runs.flow_runs, name="flow_runs"),
    path("flow-runs/<uuid:flow_run_id>/", flow_runs.flow_run, name="flow_run"),
    path("schedules/", schedules.schedules, name="schedules"),
    path("schedules/<int:schedule_id>/", schedules.schedule, name="schedule"),
    path(
        "sign-in/",
        LoginView.as_view(template_name="flows_ui/sign_in.html", redirect_authenticated_user=True),
        name="sign_in",
    ),
    path("sign-in/one-time/<str:token>/", sign_in.one_time_link, name="one_time_link"),
    path("admin/login/", sign_in.admin_panel, name="admin_sign_in"),
    path("sign-out/", LogoutView.as_view(), name="sign_out"),
]
