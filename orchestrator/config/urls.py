"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from orchestrator.config.health import livez, readyz

urlpatterns = [
    path("livez", livez),
    path("readyz", readyz),
    path("api/v1/", include("orchestrator.api.urls")),
    # Before the admin panel: signing in to that is the pages' too.
    path("", include("flows_ui.urls")),
    path("admin/", admin.site.urls),
]
