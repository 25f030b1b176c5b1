"""The restart of one item of a mapped task, in one transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.core.mapping import label
from orchestrator.core.states import SUCCESSFUL, TERMINAL, State
from orchestrator.engine.database import retried
from orchestrator.engine.item_reopening import Link, chain_of, reopen_item, settle_reopened
from orchestrator.engine.reopening import go_on, states_of
from orchestrator.engine.restarts import NotFinished, check_restartable, restarted
from orchestrator.engine.steps import HealParent, Ready, Run, Step, lock_task_run, one_step


@retried
def restart_item(
    *, task_run_id: UUID, user: AbstractBaseUser | None = None, parameters: Mapping[str, Any] | None = None
) -> Step:
    """Restart one item and what follows it; its child, and the parent of its flow run, are owed.

    :raises UnknownTaskRun: there is none of that id
    """
    with one_step(user_id=user.pk if user else None) as step:
        run, item = lock_task_run(task_run_id)
        states = states_of(run)
        chain = chain_of(run, item.slug, item.map_index)
        _check(run, item, chain, states, parameters)
        why = restarted(run, user, label(run.graph.called[item.slug], item.map_index), parameters)
        was_over = run.state in TERMINAL
        anew = {slug for slug, state in states.items() if state in SUCCESSFUL}
        reopened = reopen_item(
            step,
            run,
            item.slug,
            item.map_index,
            seeds={item.slug},
            states=states,
            why=why,
            anew=anew,
            items_anew=True,
        )
        if not was_over or go_on(step, run, why=why):
            settle_reopened(step, run, reopened)
        if was_over and run.parent_task_run_id is not None:
            step.follow_ups.append(HealParent(run.id))
    return step


def _check(
    run: Run,
    item: Ready,
    chain: Mapping[str, Link],
    states: Mapping[str, State],
    parameters: Mapping[str, Any] | None,
) -> None:
    """Accept a restart that can be carried out.

    :raises NotFinished: the item, or something after it, has not ended
    """
    if not chain:
        raise NotFinished(f"{item.slug} has no item {item.map_index} any more; restart from {item.slug} itself.")
    # Of the tasks in the chain only this one item counts; its own task may run on with others.
    known = {**states, **{slug: link.state or State.PENDING for slug, link in chain.items()}}
    if chain[item.slug].parent.before not in (*TERMINAL, State.RUNNING):
        known[item.slug] = chain[item.slug].parent.before
    labels = {slug: label(slug, item.map_index) for slug in chain}
    check_restartable(run, known, {item.slug}, parameters, labels)
