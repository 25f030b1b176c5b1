"""A steady stream of flow runs: through the API while web lives, through the engine otherwise."""

import json
import random
import urllib.error
import urllib.request
from collections import Counter
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import Error, connection
from django.utils import timezone

from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.tokens import create_token
from orchestrator.models import FlowRun, Origin
from tests.faults.executions import prepare_executions
from tests.faults.shapes.registered import PROJECT, register_shapes
from tests.processes import Web

MOST_AT_ONCE = 12
SLOWEST_ANSWER_SECONDS = 3.0
CANCELS = 0.05
# Those that fail by themselves, and one whose runs share a child.
NOT_STARTED = {"feeble", "broken", "sharing"}


class Load:
    """Flow runs of random shapes, never too many at once; some are cancelled."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.ways: Counter[str] = Counter()
        self.cancelled: set[UUID] = set()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE orchestrator_flowrun, orchestrator_statechange, orchestrator_logline CASCADE")
        prepare_executions()
        self.flows = register_shapes()
        self.names = sorted(set(self.flows) - NOT_STARTED)
        user, _ = User.objects.get_or_create(username="chaos", is_superuser=True)
        self._token = create_token(user=user, now=timezone.now())

    def start_some(self, web: Web) -> None:
        """Start a flow run, unless many are on their way; whatever fails is tried again with the same key."""
        try:
            if FlowRun.objects.unfinished().roots().count() >= MOST_AT_ONCE:
                return
        except Error:
            connection.close()
            return
        name, key = self.chance.choice(self.names), str(uuid4())
        identity = self._by_api(web, name, key) or self._by_engine(name, key)
        if identity and self.chance.random() < CANCELS:
            self._cancel(identity)

    def _by_api(self, web: Web, name: str, key: str) -> UUID | None:
        body = {"flow": f"{PROJECT}/{name}", "parameters": {}, "idempotency_key": key}
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{web.url}/api/v1/flow-runs/", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=SLOWEST_ANSWER_SECONDS) as answer:
                self.ways["by the API"] += 1
                return UUID(json.load(answer)["id"])
        except urllib.error.HTTPError as error:
            self.ways[f"refused by the API with {error.code}"] += 1
        except (OSError, ValueError):
            self.ways["web did not answer"] += 1
        return None

    def _by_engine(self, name: str, key: str) -> UUID | None:
        try:
            started = start_flow_run(
                flow=self.flows[name], parameters={}, now=timezone.now(), origin=Origin.COMMAND, idempotency_key=key
            )
        except Error:
            connection.close()
            self.ways["PostgreSQL was away"] += 1
            return None
        self.ways["by the engine"] += 1
        return started.flow_run_id

    def _cancel(self, identity: UUID) -> None:
        self.cancelled.add(identity)
        try:
            cancel_flow_run(flow_run_id=identity)
        except Error:
            connection.close()
