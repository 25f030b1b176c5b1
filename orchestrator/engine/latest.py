"""The latest version of flows that a transaction starts: asked for once, early, and answered when it is needed."""

from collections.abc import Iterable

from orchestrator.core.graph import FlowName
from orchestrator.engine.database import ask
from orchestrator.engine.statements import LATEST_VERSIONS
from orchestrator.engine.steps import Step
from orchestrator.engine.versions import Latest, load_version


def ask_for_versions(step: Step, flows: Iterable[FlowName]) -> None:
    """Send the question for the latest versions of flows that this transaction will perhaps start."""
    wanted = [flow for flow in flows if flow not in step.asked]
    if wanted:
        answer = ask(
            LATEST_VERSIONS,
            overtakes=True,
            projects=[flow.project for flow in wanted],
            names=[flow.name for flow in wanted],
        )
        step.asked |= dict.fromkeys(wanted, answer)


def latest_versions(step: Step, flows: Iterable[FlowName]) -> dict[FlowName, Latest]:
    """Return the latest version of each flow that exists."""
    wanted = set(flows)
    ask_for_versions(step, wanted)
    for answer in {step.asked[flow] for flow in wanted if flow not in step.latest}:
        for project, name, version_id, *limited in answer():
            version = load_version(version_id) if version_id else None
            step.latest[FlowName(project, name)] = Latest(version, *limited)
    return {flow: step.latest[flow] for flow in wanted if flow in step.latest}
