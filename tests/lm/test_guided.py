"""Schemas in the manager's batch: the loop's own answers, free rows undisturbed, and nothing that hangs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from transformers.generation.continuous_batching.requests import TMP_TOKEN_ID, RequestState, RequestStatus

from shop_ai.lm.base import Generate, Sampling
from shop_ai.lm.local import manager as manager_module
from shop_ai.lm.local.guided import Alternating, Masks
from shop_ai.testing import Verdict, ask
from tests.celery.harness import wait_until
from tests.lm.test_loop import texts

WITHIN = 60
SCHEMA = Verdict.model_json_schema()
SHORT = {"type": "object", "properties": {"stars": {"enum": [1, 2, 3]}}, "required": ["stars"]}


@pytest.fixture
def manager(local):
    def make(**options):
        return local("tiny", **{"engine": "manager", "cache_tokens": 16384, "page": 16, **options})

    return make


def written(backend, wanted):
    futures = [backend.submit(request) for request in wanted]
    return [future.result(WITHIN).candidates[0].text for future in futures]


def test_a_guided_text_is_what_the_loop_writes_and_its_neighbours_are_free(local, manager):
    wanted = [
        Generate(messages=ask(text), max_tokens=300, schema=schema)
        for text, schema in zip(texts(24), [SCHEMA, None, SHORT] * 8, strict=True)
    ]
    backend = manager(rows=8)
    before = backend.loop.network.forwards

    together = written(backend, wanted)

    assert backend.loop.network.forwards == before  # the loop wrote none of it
    assert together == written(local("tiny"), wanted)


def test_candidates_are_drawn_within_the_schema_and_ranked(manager):
    warm = Sampling(temperature=2.0, top_p=0.95)
    request = Generate(messages=ask("kettle"), max_tokens=300, n=4, schema=SCHEMA, sampling=warm, rank=True)

    candidates = manager().submit(request).result(WITHIN).candidates

    assert (
        len({Verdict.model_validate_json(candidate.text).model_dump_json() for candidate in candidates}) > 1
    )
    assert all(candidate.score < 0 for candidate in candidates)


def test_a_listener_hears_a_guided_text_grow(manager):
    heard = []
    request = Generate(messages=ask("kettle"), max_tokens=300, schema=SCHEMA, on_text=heard.append)

    (text,) = written(manager(), [request])

    assert len(heard) > 2
    assert heard[-1] == text


# -- Working ahead ---------------------------------------------------------------------------------


def test_a_row_that_means_nothing_keeps_guided_rows_going_where_steps_are_prepared_ahead(
    manager, monkeypatch
):
    monkeypatch.setattr(manager_module.Manager, "_ahead", True)
    monkeypatch.setattr(manager_module, "TICKS", 20)
    backend = manager()
    added, inner = [], backend.loop.writing.manager._inner
    add = inner.add_request
    inner.add_request = lambda *args, **more: added.append(more["request_id"]) or add(*args, **more)

    (text,) = written(backend, [Generate(messages=ask("kettle"), max_tokens=300, schema=SCHEMA)])

    Verdict.model_validate_json(text)
    ticks = [name for name in added if name.startswith("tick")]
    assert len(ticks) > 1  # the first had ended before the text had
    wait_until(lambda: not inner.batch_processor.has_pending_requests(), "the last one's end")
    assert written(backend, [Generate(messages=ask("kettle"), max_tokens=5)])
    assert [name for name in added if name.startswith("tick")] == ticks  # none for free text


@pytest.mark.parametrize(
    ("guided", "token", "taken"), [(True, TMP_TOKEN_ID, 0), (True, 7, 1), (False, -1, 1)]
)
def test_a_guided_row_sits_out_until_its_last_token_is_known(guided, token, taken):
    seen = []

    scheduler = Alternating.__new__(Alternating)  # without a cache, which it would ask
    state = RequestState("a", [1], logit_processor_kwargs={"guide": object()} if guided else {})
    state._status = RequestStatus.DECODING
    state.tokens_to_process = [token]
    scheduler.active_requests = {"a": state}
    scheduler.block_new_requests = True
    scheduler._cleanup_waiting_queue = lambda names: None
    scheduler._process_candidates = lambda states, *budgets: (
        seen.extend(states) or states,
        False,
        False,
        0,
        0,
    )

    scheduler.schedule_batch(10, 10)

    assert len(seen) == taken
    assert scheduler.active_requests == {"a": state}  # it has not left


# -- Masks -----------------------------------------------------------------------------------------


def test_an_answer_that_cannot_go_on_may_only_end_and_the_others_are_as_they_were(local):
    grammars = local("tiny").loop.intake.grammars
    good, bad = grammars.guide(SHORT), grammars.guide(SHORT)
    bad.take(3)  # nothing of the kind
    assert bad.failed
    vocabulary = grammars._vocabulary
    masks = Masks(vocabulary, 4, [2], torch.device("cpu"))
    states = [
        SimpleNamespace(generated_tokens=[], logit_processor_kwargs=kwargs)
        for kwargs in ({}, {"guide": good}, {"guide": bad})
    ]
    where = masks.prepare_tensor_args([SimpleNamespace(state=state) for state in states])

    free, guided, ended = masks(
        torch.zeros((3, vocabulary)), torch.cat([where, torch.zeros(9, dtype=torch.int32)])
    )

    assert torch.isfinite(free).all()
    assert 0 < torch.isfinite(guided).sum() < vocabulary
    assert torch.isfinite(ended).nonzero().flatten().tolist() == [2]


def test_the_masks_of_two_steps_do_not_lie_over_each_other(local):
    guide = local("tiny").loop.intake.grammars.guide(SHORT)
    masks = Masks(local("tiny").loop.intake.grammars._vocabulary, 4, [2], torch.device("cpu"))
    row = SimpleNamespace(
        state=SimpleNamespace(generated_tokens=[], logit_processor_kwargs={"guide": guide.copy()})
    )

    first, second, third = (masks.prepare_tensor_args([row]).item() for _ in range(3))

    assert first != second
    assert first == third
