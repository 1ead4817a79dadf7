"""Merging: what peft computes beside the weights, and back to the checkpoint's own bits."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from shop_ai.exceptions import AdapterError
from shop_ai.lm import adapters, checkpoints
from shop_ai.lm.local.lora import Adapted, read
from tests.lm import tiny


@pytest.fixture
def checkpoint(folder):
    return checkpoints.verify("tiny", folder)


@pytest.fixture
def bare(checkpoint):
    def load(dtype=torch.float32):
        return AutoModelForCausalLM.from_pretrained(checkpoint.path, dtype=dtype).requires_grad_(False)

    return load


@pytest.fixture
def lora(adapter_folder):
    return lambda name: read(adapters.verify(name, adapter_folder))


def bits(model):
    return {name: weights.clone() for name, weights in model.state_dict().items()}


def differing(one, other):
    return [name for name, weights in one.items() if not torch.equal(weights, other[name])]


def logits(model, seed=0):
    ids = torch.randint(0, 300, (2, 30), generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        return model(ids).logits


# -- merging -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["red", "blue"])
def test_merged_computes_what_peft_computes_beside_the_weights(bare, lora, checkpoint, adapter_folder, name):
    model = bare()
    before = logits(model)
    expected = logits(tiny.unmerged(checkpoint, adapters.find(name, adapter_folder)))

    Adapted(model).put_on(lora(name))

    torch.testing.assert_close(logits(model), expected, atol=1e-4, rtol=1e-4)
    assert (expected - before).abs().max() > 1  # the adapter does change something


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_going_back_gives_the_same_bits(bare, lora, dtype):
    model = bare(dtype)
    weights, before = Adapted(model), bits(model)

    assert weights.put_on(lora("red"))
    red = bits(model)
    assert weights.put_on(lora("blue"))
    assert weights.put_on(lora("red"))
    again = bits(model)
    assert weights.put_on(None)

    assert differing(bits(model), before) == []
    assert differing(again, red) == []
    assert len(differing(red, before)) == 3 * 4


def test_what_is_there_already_is_not_merged_again(bare, lora):
    weights = Adapted(bare())

    assert not weights.put_on(None)
    assert weights.put_on(lora("red"))
    assert not weights.put_on(lora("red"))


def test_a_merge_that_breaks_off_leaves_the_bare_checkpoint(bare, lora, monkeypatch):
    model, red = bare(), lora("red")
    weights, before = Adapted(model), bits(model)
    weights.put_on(lora("blue"))
    last = list(red.deltas)[-1]
    monkeypatch.setattr(type(red.deltas[last]), "add_to", _memory_gone_at(red.deltas[last]))

    with pytest.raises(MemoryError):
        weights.put_on(red)

    assert weights.lora is None
    assert differing(bits(model), before) == []


def _memory_gone_at(last):
    from shop_ai.lm.local.lora import Delta

    add_to = Delta.add_to

    def broken(self, weight, scratch):
        add_to(self, weight, scratch)
        if self is last:
            raise MemoryError

    return broken


# -- what is refused ---------------------------------------------------------------------------


@pytest.fixture
def made(checkpoint, tmp_path):
    """Reads an adapter that peft makes with these settings."""

    def make(change=lambda tensors: tensors, **settings):
        path = tmp_path / "odd"
        shutil.rmtree(path, ignore_errors=True)
        tiny.with_adapter(checkpoint, **settings).save_pretrained(path, save_embedding_layers=False)
        file = path / "adapter_model.safetensors"
        save_file(change(load_file(file)), file)
        return read(adapters.seal(path, name="odd", checkpoint=checkpoint, licence="x"))

    return make


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"alpha_pattern": {"q_proj": 64}}, "alpha_pattern"),
        ({"bias": "lora_only"}, "biases"),
        ({"init_lora_weights": "pissa_niter_4"}, "other weights"),
        ({"target_modules": ["embed_tokens"]}, "is not one of plain LoRA"),
    ],
)
def test_all_but_plain_lora_is_refused(made, settings, reason):
    with pytest.raises(AdapterError, match=rf"^The adapter odd cannot be used: .*{reason}"):
        made(**settings)


def test_a_rank_of_its_own_for_a_layer_is_understood(made, bare, checkpoint, tmp_path):
    lora = made(rank_pattern={"q_proj": 2})
    model = bare()

    Adapted(model).put_on(lora)

    expected = logits(tiny.unmerged(checkpoint, lora.manifest))
    torch.testing.assert_close(logits(model), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"peft_type": "IA3"}, "only LORA can be merged"),
        ({"peft_type": None}, "only LORA can be merged"),
        ({"lora_bias": True}, "asks for lora_bias"),
        ({"a_key_of_next_year": {"x": 1}}, "asks for a_key_of_next_year"),
    ],
)
def test_what_we_do_not_know_of_is_refused(adapter_folder, checkpoint, tmp_path, change, reason):
    path = shutil.copytree(adapter_folder / "red", tmp_path / "odd")
    config = json.loads((path / "adapter_config.json").read_text())
    (path / "adapter_config.json").write_text(json.dumps({**config, **change}))

    with pytest.raises(AdapterError, match=reason):
        read(adapters.seal(path, name="odd", checkpoint=checkpoint, licence="x"))


def test_half_a_pair_is_refused(made):
    def halved(tensors):
        return {name: tensor for name, tensor in tensors.items() if "layers.1.mlp.up_proj.lora_B" not in name}

    with pytest.raises(AdapterError, match="not a pair"):
        made(halved)


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x08\0\0\0\0\0\0\0garbage!"])
def test_weights_that_cannot_be_read_are_refused(adapter_folder, tmp_path, content):
    path = shutil.copytree(adapter_folder / "red", tmp_path / "odd")
    (path / "adapter_model.safetensors").write_bytes(content)

    with pytest.raises(AdapterError, match=r"^The adapter odd could not be read: "):
        read(adapters.find("odd", tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("layers.2", "layers.9", "no linear layer"),
        ("q_proj", "rotary", "no linear layer"),
        ("mlp.up_proj", "input_layernorm", "no linear layer"),
        ("q_proj", "k_proj", "another shape"),
    ],
)
def test_layers_the_checkpoint_does_not_have_are_refused_before_anything_is_touched(
    made, bare, old, new, reason
):
    model = bare()
    lora = made(lambda tensors: {name.replace(old, new): tensor for name, tensor in tensors.items()})
    weights, before = Adapted(model), bits(model)

    with pytest.raises(AdapterError, match=reason):
        weights.put_on(lora)

    assert differing(bits(model), before) == []


def test_weights_that_are_shared_with_the_embeddings_are_refused(made, bare):
    model, lora = bare(), made(target_modules=["lm_head"])
    model.lm_head.weight = model.get_input_embeddings().weight

    with pytest.raises(AdapterError, match="for its embeddings as well"):
        Adapted(model).put_on(lora)
