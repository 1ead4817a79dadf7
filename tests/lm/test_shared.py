"""Prefixes that are held once for all rows: the same numbers as with a copy in every row."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from transformers import AttentionInterface

from shop_ai.lm.base import Generate
from shop_ai.lm.local import shared
from shop_ai.lm.local.cache import SMALLEST
from shop_ai.lm.local.shared import Prefix, Shared, attend
from shop_ai.testing import ask
from tests.lm.test_loop import single, texts, written

HEADS, PAIRS, SIZE, OWN = 6, 2, 16, 9
LAYER = SimpleNamespace(layer_idx=0, num_key_value_groups=HEADS // PAIRS, is_causal=False, training=False)


def numbers(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def prefix(length):
    return Prefix(length, [[numbers(PAIRS, length, SIZE), numbers(PAIRS, length, SIZE) + 1]])


LONG, SHORT = prefix(40), prefix(3)
KINDS = {
    "one for all": [LONG] * 5,
    "two, mixed": [LONG, SHORT, LONG, LONG, SHORT],
    "some without": [None, LONG, None, SHORT, LONG],
    "a single row": [SHORT],
}


@pytest.mark.parametrize("written_out", [True, False])
@pytest.mark.parametrize("columns", [1, 4])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_parts_put_together_are_what_one_softmax_gives(kind, columns, dtype, written_out, monkeypatch):
    monkeypatch.setattr(shared, "SHORT", 384 if written_out else 0)
    prefixes = KINDS[kind]
    rows = len(prefixes)
    query = numbers(rows, HEADS, columns, SIZE)
    key, value = numbers(rows, PAIRS, OWN, SIZE) * 2, numbers(rows, PAIRS, OWN, SIZE)
    # rows are of different lengths, and a token looks at what is before it
    lengths = torch.arange(rows)[:, None] % (OWN - columns)
    allowed = torch.arange(OWN)[None, None, :] <= (lengths + torch.arange(columns))[..., None]
    mask = allowed[:, None]

    found, _ = attend(
        LAYER,
        query.to(dtype),
        key.to(dtype),
        value.to(dtype),
        mask,
        shared=Shared([cast(one, dtype) for one in prefixes] if dtype != torch.float32 else prefixes),
    )

    for row, front in enumerate(prefixes):
        keys, values = (
            torch.cat([front.layers[0][kind], own[row]], dim=1) if front else own[row]
            for kind, own in enumerate((key, value))
        )
        before = torch.ones(columns, front.length if front else 0, dtype=torch.bool)
        wanted = torch.nn.functional.scaled_dot_product_attention(
            query[row],
            keys.repeat_interleave(HEADS // PAIRS, dim=0),
            values.repeat_interleave(HEADS // PAIRS, dim=0),
            attn_mask=torch.cat([before, allowed[row]], dim=1),
        )
        close = {"atol": 1e-5, "rtol": 1e-5} if dtype == torch.float32 else {"atol": 0.06, "rtol": 0.05}
        torch.testing.assert_close(found[row].transpose(0, 1).float(), wanted, **close)


def cast(one, dtype):
    return one and Prefix(one.length, [[tensor.to(dtype) for tensor in one.layers[0]]])


def test_without_anything_shared_it_is_transformers_own():
    query = numbers(2, HEADS, 1, SIZE)
    key = value = numbers(2, PAIRS, OWN, SIZE)

    found, _ = attend(LAYER, query, key, value, None)

    wanted = torch.nn.functional.scaled_dot_product_attention(query, key, value, enable_gqa=True)
    torch.testing.assert_close(found, wanted.transpose(1, 2))


@pytest.mark.parametrize("change", shared.CHANGES)
def test_what_changes_the_weights_is_refused_not_ignored(change):
    query, key = numbers(1, HEADS, 1, SIZE), numbers(1, PAIRS, OWN, SIZE)
    mask = torch.ones(1, 1, 1, OWN, dtype=torch.bool)

    with pytest.raises(ValueError, match=change):
        attend(LAYER, query, key, key, mask, shared=Shared([SHORT]), **{change: 30.0})


# -- In the loop -----------------------------------------------------------------------------------


def questions(number):
    """Of three kinds, so that three prefixes stand in one batch, and some short ones without."""
    tasks = [f"Question of kind {kind}, about the following thing in our shop: " * 3 for kind in range(3)]
    return [
        Generate(messages=ask(text, tasks[place % 3] if place % 4 else "Say:"), max_tokens=12)
        for place, text in enumerate(texts(number, longest=8, seed=4))
    ]


def test_rows_of_several_prefixes_get_the_text_of_each_alone(local):
    backend = local()
    wanted = questions(24)

    together = written(backend, wanted)

    assert backend.loop.rows.apart
    assert together == [single(backend, request) for request in wanted]


def test_a_place_in_the_cache_holds_what_comes_behind_the_prefix_only(local):
    backend = local()
    wanted = [Generate(messages=ask(text, "A long question. " * 60), max_tokens=8) for text in texts(6)]

    written(backend, wanted)

    prefix = max(backend.loop.rows._prefixes, key=len)
    assert len(prefix) > 2 * SMALLEST
    assert backend.loop.rows.cache.tokens == SMALLEST


@pytest.mark.parametrize("why", ["ignored", "refused"])
def test_where_the_attention_does_not_find_it_every_row_has_a_copy(local, monkeypatch, why):
    def other(module, *tensors, shared=None, **kwargs):
        if why == "refused":
            raise TypeError("unexpected keyword argument 'shared'")
        return attend(module, *tensors, **kwargs)

    wanted = questions(8)
    expected = written(local(), wanted)
    AttentionInterface.register(shared.NAME, other)
    try:
        backend = local()
        found = written(backend, wanted)
    finally:
        AttentionInterface.register(shared.NAME, attend)

    assert not backend.loop.rows.apart
    assert backend.loop.network.model.config._attn_implementation == "sdpa"
    assert found == expected
