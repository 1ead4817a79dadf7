"""The batch of the local backend: who shares it changes nothing, and one's trouble is not the others'."""

from __future__ import annotations

import threading
from itertools import pairwise
from random import Random

import pytest

from shop_ai.exceptions import BackendError, RequestTooLarge, UnsupportedRequest
from shop_ai.lm.base import Choose, Generate, Sampling
from shop_ai.lm.local.cache import SMALLEST
from shop_ai.testing import ask

WORDS = "blue steel kettle blanket warm litres boils water good bad yes no 140 x 200 cm 这是".split()


def texts(number, *, longest=40, seed=1):
    random = Random(seed)
    return [" ".join(random.choices(WORDS, k=random.randrange(1, longest))) for _ in range(number)]


def requests(number, *, seed=1, **fields):
    random = Random(seed)
    return [
        Generate(messages=ask(text), max_tokens=random.randrange(4, 32), **fields)
        for text in texts(number, seed=seed)
    ]


def single(backend, request):
    """What transformers' own `generate` writes for this request alone."""
    import torch

    intake, model = backend.loop.intake, backend.loop.network.model
    prompt = intake.prompts.prompt(request.messages)
    ids = torch.tensor([[*prompt.prefix, *prompt.rest]])
    options = {"max_new_tokens": request.max_tokens, "do_sample": False, "pad_token_id": 0}
    stops = sorted(intake.stops)
    with torch.inference_mode():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), eos_token_id=stops, **options)
    return intake.prompts.text(out[0, ids.shape[1] :].tolist()).rstrip("\ufffd")


def first_token(backend, request):
    import torch

    prompt = backend.loop.intake.prompts.prompt(request.messages)
    with torch.inference_mode():
        logits = backend.loop.network.model(torch.tensor([[*prompt.prefix, *prompt.rest]])).logits
    return int(logits[0, -1].argmax())


def written(backend, wanted):
    futures = [backend.submit(request) for request in wanted]
    return [future.result(15).candidates[0].text for future in futures]


# -- Equal to one by one ---------------------------------------------------------------------------


@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
def test_a_batch_writes_what_each_request_alone_would(local, checkpoint):
    backend = local(checkpoint, rows=7)
    wanted = requests(40)

    together = written(backend, wanted)

    assert [text.rstrip("\ufffd") for text in together] == [single(backend, r) for r in wanted]


def test_leavers_do_not_disturb_the_others(local):
    backend = local(rows=6)
    wanted = requests(30, seed=2)
    futures = [backend.submit(request) for request in wanted]

    for future in futures[::3]:
        future.cancel()

    for number, future in enumerate(futures):
        if not future.cancelled():
            expected = single(backend, wanted[number])
            assert future.result(15).candidates[0].text.rstrip("\ufffd") == expected


def test_a_cancelled_request_leaves_at_the_next_token(local):
    backend = local()
    step = threading.Event()
    backend.loop.network.progress = step.set
    future = backend.submit(Generate(messages=ask("long"), max_tokens=1900))
    assert step.wait(30)

    assert future.cancel()

    assert backend.submit(Generate(messages=ask("next"), max_tokens=2)).result(30).candidates
    assert backend.loop.idle


def test_a_prompt_is_computed_in_pieces_when_it_is_long(local):
    backend = local()
    request = Generate(messages=ask(" ".join(texts(1, longest=400, seed=5) * 3)), max_tokens=8)
    whole = written(backend, [request])

    backend.loop.limits.share = 0.001  # 128 tokens a pass
    pieces = written(backend, [request])

    assert pieces == whole == [single(backend, request)]


def test_memory_is_given_back_and_taken_again(local):
    backend = local()
    small, large = Generate(messages=ask("x"), max_tokens=8), Generate(messages=ask("y"), max_tokens=900)
    first = written(backend, [small])
    written(backend, [large])

    again = written(backend, [small])

    assert again == first
    assert backend.loop.rows.cache.tokens == SMALLEST


@pytest.mark.parametrize("kind", ["head", "eager"])
def test_other_architectures_give_the_same_text(local, kind):
    backend = local()
    wanted = requests(10, seed=10)
    expected = written(backend, wanted)
    if kind == "head":  # one that scales its logits: the whole model runs
        backend.loop.network._plain_head = False
    else:  # one without sdpa: the mask is added
        backend.loop.network.model.set_attn_implementation("eager")
        backend.loop.rows.apart = backend.loop.rows._finds_what_is_apart()
        backend.loop.rows.forget()
        assert not backend.loop.rows.apart

    assert written(backend, wanted) == expected


def test_more_prefixes_than_are_kept(local):
    backend = local()
    wanted = [
        Generate(messages=ask("kettle", f"This is question number {n}, about the following:"), max_tokens=4)
        for n in range(12)
    ]

    first = written(backend, wanted)

    assert len(backend.loop.rows._prefixes) == 8
    assert written(backend, wanted) == first


# -- Sampling --------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_candidates_again(local):
    backend = local()
    sampling = Sampling(temperature=1.0, top_p=0.9, seed=11)
    request = Generate(messages=ask("kettle"), max_tokens=20, n=4, sampling=sampling)

    first, second = (backend.submit(request).result(15).candidates for _ in range(2))
    other = local().submit(request).result(15).candidates

    assert first == second == other
    assert len({candidate.text for candidate in first}) > 1


def test_without_a_seed_candidates_differ_each_time(local):
    backend = local()
    request = Generate(messages=ask("kettle"), max_tokens=20, sampling=Sampling(temperature=1.5))

    assert len({backend.submit(request).result(15).candidates[0].text for _ in range(5)}) > 1


def test_greedy_neighbours_of_sampled_rows_stay_greedy(local):
    backend = local()
    greedy = requests(6, seed=3)
    noisy = requests(6, seed=4, sampling=Sampling(temperature=2.0))

    together = written(backend, [request for pair in zip(greedy, noisy, strict=True) for request in pair])[
        ::2
    ]

    assert [text.rstrip("\ufffd") for text in together] == [single(backend, r) for r in greedy]


# -- Trouble ---------------------------------------------------------------------------------------


def spoil(backend, error, *, when):
    """Make forward passes raise while `when(ids)` holds; gives the list of spoilt passes."""
    network, spoilt = backend.loop.network, []
    forward = network.forward

    def broken(ids, *args, **inputs):
        if when(ids):
            spoilt.append(tuple(ids.shape))
            raise error()
        return forward(ids, *args, **inputs)

    network.forward = broken
    return spoilt


def poison(backend):
    """A request and a test for a token that only its prompt has."""
    tokens = backend.loop.intake.prompts.untrusted("§")
    request = Generate(messages=ask("§"), max_tokens=6)
    return request, lambda ids: bool((ids == tokens[-1]).any())


def submit_at_once(backend, wanted):
    """All requests in one intake, so that they share a prefill."""
    with backend._changed:
        return [backend.submit(request) for request in wanted]


@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
def test_one_request_that_raises_fails_alone(local, checkpoint):
    backend = local(checkpoint)
    bad, has_poison = poison(backend)
    spoilt = spoil(backend, lambda: ValueError("poison"), when=has_poison)
    others = [Generate(messages=ask(text), max_tokens=6) for text in texts(15, longest=3)]

    futures = submit_at_once(backend, [*others[:7], bad, *others[7:]])

    assert "poison" in str(futures.pop(7).exception(15))
    assert all(future.result(15).candidates for future in futures)
    if checkpoint == "tiny":  # two groups of eight, one of them bisected
        assert len(spoilt) <= 4


@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
def test_one_row_that_raises_while_writing_fails_alone(local, checkpoint):
    backend = local(checkpoint)
    wanted = requests(5, seed=6)
    expected = [single(backend, request) for request in wanted]
    token = first_token(backend, wanted[2])
    spoil(backend, lambda: ValueError("x"), when=lambda ids: ids.shape[1] == 1 and bool((ids == token).any()))

    futures = submit_at_once(backend, wanted)

    assert isinstance(futures[2].exception(15), BackendError)
    good = [f.exception(15) is None and f.result().candidates[0].text.rstrip("\ufffd") for f in futures]
    assert sum(text == right for text, right in zip(good, expected, strict=True)) >= 2


def test_a_batch_of_choices_is_bisected_too(local):
    backend = local()
    _, has_poison = poison(backend)
    spoil(backend, lambda: ValueError("poison"), when=has_poison)
    wanted = [Choose(messages=ask(text), answers=("good", "bad")) for text in ("a", "b", "§", "c")]

    futures = submit_at_once(backend, wanted)

    assert "poison" in str(futures.pop(2).exception(15))
    assert all(sum(future.result(15).probabilities) == pytest.approx(1) for future in futures)


def out_of_memory():
    import torch

    return torch.OutOfMemoryError("too much")


@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
def test_out_of_memory_halves_the_batch_and_loses_nobody(local, checkpoint):
    backend = local(checkpoint, rows=8)
    wanted = requests(10, seed=7)
    expected = [single(backend, request) for request in wanted]
    spoilt = spoil(backend, out_of_memory, when=lambda ids: ids.shape[0] > 3)

    futures = submit_at_once(backend, wanted)

    assert [f.result(15).candidates[0].text.rstrip("\ufffd") for f in futures] == expected
    assert spoilt
    assert backend.loop.limits.share < 1


def test_out_of_memory_on_the_cpu_is_recognised(local):
    backend = local(rows=4)
    enough = threading.Event()

    def error():
        enough.set()
        return RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …")

    spoil(backend, error, when=lambda ids: not enough.is_set())

    first, second = submit_at_once(backend, requests(2))

    assert first.result(15).candidates
    assert second.result(15).candidates


@pytest.mark.parametrize("columns", ["prompt", "token"])
def test_a_request_too_large_for_the_memory_fails_alone(local, columns):
    backend = local()
    large, has_poison = poison(backend)
    if columns == "prompt":
        spoil(backend, MemoryError, when=has_poison)
    else:
        token = first_token(backend, large)
        spoil(
            backend,
            MemoryError,
            when=lambda ids: ids.shape[1] == 1 and bool((ids == token).any()),
        )
    others = [Generate(messages=ask(text), max_tokens=3) for text in ("a", "b", "c")]

    futures = submit_at_once(backend, [others[0], large, *others[1:]])

    assert isinstance(futures.pop(1).exception(15), RequestTooLarge)
    for future in futures:
        assert future.exception(15) is None or columns == "token"


def test_choices_out_of_memory(local):
    backend = local()
    _, has_poison = poison(backend)
    spoil(backend, MemoryError, when=has_poison)
    wanted = [Choose(messages=ask(text), answers=("good", "bad")) for text in ("a", "§", "c")]

    futures = submit_at_once(backend, wanted)

    assert isinstance(futures.pop(1).exception(15), RequestTooLarge)
    assert all(future.result(15).probabilities for future in futures)


def test_a_dead_device_fails_everything_at_once(local):
    backend = local()
    spoil(backend, lambda: RuntimeError("CUDA error: device-side assert"), when=lambda ids: True)

    futures = submit_at_once(backend, requests(5))

    assert all("CUDA error" in str(future.exception(15)) for future in futures)
    assert "CUDA error" in str(backend.submit(requests(1)[0]).exception(0))
    assert "CUDA error" in backend.describe()["error"]


@pytest.mark.parametrize("fields", [{"max_tokens": 5000}, {"max_tokens": 4, "n": 99}])
def test_what_can_never_fit_is_refused_at_once(local, fields):
    future = local(rows=4).submit(Generate(messages=ask("x"), **fields))

    assert isinstance(future.exception(15), RequestTooLarge)


@pytest.mark.parametrize(
    "wanted",
    [
        Generate(messages=ask("x"), max_tokens=0),
        Generate(
            messages=ask("x"), max_tokens=4, schema={"type": "object", "properties": {"a": {"$ref": "#/b"}}}
        ),
        Choose(messages=ask("x"), answers=("good", "")),
    ],
)
def test_a_senseless_request_is_refused(local, wanted):
    assert isinstance(local().submit(wanted).exception(15), UnsupportedRequest)


def test_nothing_can_be_submitted_before_open(folder):
    from shop_ai.lm.local import LocalBackend

    backend = LocalBackend("tiny", {"folder": folder})

    assert "not open" in str(backend.submit(requests(1)[0]).exception(0))
    backend.close()


def test_a_row_whose_numbers_are_not_numbers_fails(local):
    import torch

    backend = local()
    backend.loop.network.model.get_output_embeddings().weight.fill_(torch.nan)

    assert "out of range" in str(backend.submit(requests(1)[0]).exception(15))


def test_every_waiting_request_is_admitted_in_turn(local):
    backend = local(rows=3, cache_tokens=300)

    assert len(written(backend, requests(20, seed=9))) == 20


def test_an_urgent_request_waits_for_nobody(local):
    """The batch is full, and others of the bulk run wait at its door."""
    backend, begun = local(rows=2), threading.Event()
    backend.loop.intake.stops = frozenset({-1})
    bulk = [
        Generate(messages=ask(f"bulk {n}"), max_tokens=1000, on_text=lambda _: begun.set()) for n in range(6)
    ]
    urgent = [Generate(messages=ask(f"now {n}"), max_tokens=3, urgent=True) for n in range(3)]

    slow = submit_at_once(backend, bulk)
    assert begun.wait(15)
    fast = [backend.submit(request) for request in urgent]

    assert [future.result(15).tokens_out for future in fast] == [3, 3, 3]
    assert not any(future.done() for future in slow)


def test_urgent_choices_are_weighed_before_others(local):
    backend, order = local(), []
    wanted = [Choose(messages=ask("word " * n), answers=("good", "bad"), urgent=n > 65) for n in range(70)]

    futures = submit_at_once(backend, wanted)
    for number, future in enumerate(futures):
        future.add_done_callback(lambda _, number=number: order.append(number))
    for future in futures:
        future.result(15)

    assert set(order[:4]) == {66, 67, 68, 69}


def test_choices_are_weighed_by_length_and_nobody_is_left_behind(local, monkeypatch):
    """Short ones beside long ones would be computed at the length of the longest."""
    backend, batches = local(), []
    monkeypatch.setattr(backend.loop.rows, "scratch", 8)
    weigh = backend.loop.weighing._weigh

    def noting(batch, *rest, **more):
        batches.append([len(ticket.prompt) for ticket in batch])
        weigh(batch, *rest, **more)

    monkeypatch.setattr(backend.loop.weighing, "_weigh", noting)
    lengths = [1 + 7 * n % 40 for n in range(40)]
    wanted = [Choose(messages=ask("word " * n), answers=("good", "bad")) for n in lengths]

    answers = [future.result(15) for future in submit_at_once(backend, wanted)]

    assert all(sum(answer.probabilities) == pytest.approx(1) for answer in answers)
    assert [len(batch) for batch in batches] == [8] * 5
    spans = sorted((min(batch), max(batch)) for batch in batches)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_describe_tells_what_runs(local):
    backend = local()
    written(backend, requests(2))

    facts = backend.describe()

    assert facts["backend"] == "LocalBackend"
    assert facts["dtype"] == "float32"
    assert facts["device"] == "cpu"
    assert facts["batching"] == "continuous"
    assert len(facts["sha256"]) == 64
    assert facts["tokens_per_second"] > 0
