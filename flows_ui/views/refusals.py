"""The page for forms that come without proof that this site gave them out."""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say why the form was refused, and where it can be had anew."""
    origin = request.headers.get("Origin", "")
    match = request.resolver_match
    answer = {
        "has_no_cookie": reason == REASON_NO_CSRF_COOKIE,
        "foreign_origin": origin if reason.startswith("Origin checking failed") else "",
        # A sign-out has no page of its own to load again.
        "again": "" if match and match.url_name == "sign_out" else request.get_full_path(),
    }
    return render(request, "403_csrf.html", answer, status=403)
