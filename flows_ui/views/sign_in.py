"""Signing in by a one-time link. Signing in by password and signing out are Django's own views."""

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods


@never_cache
@require_http_methods(["GET", "POST"])
def one_time_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in whom the link belongs to, once.

    Opening the address changes nothing: the page posts, so that whatever looks links up in advance (a chat's preview,
    a virus scanner) does not use it up.
    """
    if request.method == "GET":
        return render(request, "flows_ui/one_time_link.html")
    person = authenticate(request, sign_in_token=token)
    if person is None:
        return render(request, "flows_ui/one_time_link.html", {"refused": True}, status=403)
    login(request, person)
    return redirect(settings.LOGIN_REDIRECT_URL)


@never_cache
def admin_panel(request: HttpRequest) -> HttpResponse:
    """Send who opens the admin panel to the one page that people sign in on.

    :raises PermissionDenied: somebody is signed in already, who may not open it
    """
    if not request.user.is_authenticated:
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))
    if not request.user.is_staff:
        raise PermissionDenied
    return redirect("admin:index")
