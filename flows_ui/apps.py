"""The Django app that holds the pages."""

from django.apps import AppConfig


class FlowsUiConfig(AppConfig):
    name = "flows_ui"
