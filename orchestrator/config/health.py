"""Whether this process lives, and whether it can do its work: for load balancers and supervisors.

Both are open to everybody and say nothing that is not for everybody. Their addresses are exact, and outside the API.
"""

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

_PATIENCE_SECONDS = 2


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the process answers at all."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database can be reached, else 503.

    The broker is reported only: without it runs start late, but pages, API and what is recorded all work.
    """
    database, broker = _database_answers(), _broker_answers()
    body = {"database": _word(answers=database), "broker": _word(answers=broker)}
    return JsonResponse(body, status=200 if database else 503)


def _word(*, answers: bool) -> str:
    return "ok" if answers else "unreachable"


def _database_answers() -> bool:
    # A connection of its own: the one this thread keeps has no limit on waiting for a server that hangs.
    wanted = {**connection.get_connection_params(), "connect_timeout": _PATIENCE_SECONDS}
    try:
        with psycopg.connect(**wanted) as fresh:
            fresh.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def _broker_answers() -> bool:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=_PATIENCE_SECONDS, socket_timeout=_PATIENCE_SECONDS, retry=None
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
