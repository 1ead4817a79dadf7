"""Candidates ranked by what the language model itself thinks of them."""

from __future__ import annotations

import pytest

from shop_ai.lm.base import Generate, Sampling
from shop_ai.testing import Verdict, ask


def ranked(backend, request):
    """The completion, and the token ids of each of its candidates."""
    weighing, tickets = backend.loop.weighing, []
    rank = weighing.rank
    weighing.rank = lambda ticket: (tickets.append(ticket), rank(ticket))
    completion = backend.submit(request).result(30)
    return completion, [tickets[0].drawn[number] for number in sorted(tickets[0].drawn)]


def mean(backend, request, tokens):
    """The mean log-probability of the tokens, by one plain forward pass."""
    import torch

    prompt = backend.loop.intake.prompts.prompt(request.messages)
    ids = torch.tensor([[*prompt.prefix, *prompt.rest, *tokens]])
    with torch.inference_mode():
        logits = backend.loop.network.model(ids).logits[0, -len(tokens) - 1 : -1]
    return float(logits.log_softmax(-1)[range(len(tokens)), list(tokens)].mean())


@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
@pytest.mark.parametrize(
    "fields",
    [{"sampling": Sampling(temperature=1.5, top_p=0.8, seed=3)}, {"schema": Verdict.model_json_schema()}],
)
def test_a_score_is_the_mean_of_the_unmodified_probabilities(local, checkpoint, fields):
    backend = local(checkpoint)
    request = Generate(messages=ask("a blue kettle"), max_tokens=90, n=3, rank=True, **fields)

    completion, tokens = ranked(backend, request)

    scores = [candidate.score for candidate in completion.candidates]
    assert scores == pytest.approx([mean(backend, request, ids) for ids in tokens], abs=1e-4)
    assert all(score < 0 for score in scores)


def test_the_end_of_a_text_counts(local):
    backend = local()
    (stop,) = backend.loop.intake.stops
    head = backend.loop.network.model.get_output_embeddings()
    head.weight[stop] = 3 * head.weight.abs().amax()
    request = Generate(
        messages=ask("kettle"), max_tokens=90, n=4, rank=True, sampling=Sampling(temperature=1.0)
    )

    completion, tokens = ranked(backend, request)

    ended = [ids for ids, c in zip(tokens, completion.candidates, strict=True) if c.finish == "stop"]
    assert ended
    assert all(ids[-1] == stop for ids in ended)


def test_who_does_not_ask_gets_no_score(local):
    (candidate,) = local().submit(Generate(messages=ask("x"), max_tokens=3)).result(30).candidates

    assert candidate.score is None


def test_candidates_that_cannot_be_ranked_are_answered_all_the_same(local):
    backend = local()

    def broken(batch, seekers):
        raise MemoryError

    backend.loop.weighing._totals = broken

    completion = backend.submit(Generate(messages=ask("x"), max_tokens=3, n=2, rank=True)).result(30)

    assert [candidate.score for candidate in completion.candidates] == [None, None]
    assert all(candidate.tokens for candidate in completion.candidates)
