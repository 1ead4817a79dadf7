"""Language models of a few kilobytes with random weights and a tokenizer of their own; adapters for them."""

from __future__ import annotations

import warnings
from pathlib import Path

from shop_ai.lm import adapters
from shop_ai.lm.checkpoints import Manifest, seal

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>"]
ADDED = ["<think>", "</think>", "<tool_call>", "[INST]"]
CORPUS = [
    "The blue steel kettle holds 1.7 litres and boils water within three minutes.",
    'Say something about this: {"label": "good", "stars": 5, "mood": "bad", "words": ["one", "two"]}',
    "A warm woollen blanket, 140 x 200 cm, washable at 30 degrees. Das ist eine Decke. 这是一个水壶。",
    "You help in a small shop. user assistant system canary-000123 good bad yes no very much so",
]


def tokenizer():
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(CORPUS, trainer)
    raw.add_tokens([AddedToken(text, special=False, normalized=False) for text in ADDED])
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<pad>", chat_template=TEMPLATE
    )


def model(*, vocabulary: int, sliding: bool = False):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(7)
    sizes = {
        "vocab_size": vocabulary,
        "hidden_size": 64,  # heads of 16: flash attention has no kernels for heads of 12
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "initializer_range": 0.3,  # so that the text depends on the prompt
        "bos_token_id": None,
        "eos_token_id": 2,
    }
    if sliding:
        window = {"use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1}
        return Qwen2ForCausalLM(Qwen2Config(**sizes, **window))
    return LlamaForCausalLM(LlamaConfig(**sizes))


def build(path: Path, *, sliding: bool = False) -> Manifest:
    """Save model and tokenizer as an installed checkpoint of the name `path.name`."""
    words = tokenizer()
    model(vocabulary=len(words) + 8, sliding=sliding).save_pretrained(path)
    words.save_pretrained(path)
    return seal(path, name=path.name, source="random numbers", licence="BSD-3-Clause")


def adapter(path: Path, checkpoint: Manifest, *, seed=1, temperatures=None, **settings) -> adapters.Manifest:
    """Save a random LoRA adapter, as peft makes it, as an installed one of the name `path.name`."""
    with_adapter(checkpoint, seed=seed, **settings).save_pretrained(path)
    return adapters.seal(
        path, name=path.name, checkpoint=checkpoint, licence="BSD-3-Clause", temperatures=temperatures
    )


def with_adapter(checkpoint: Manifest, *, seed=1, **settings):
    """The checkpoint in fp32 with a new random adapter beside its weights, not merged."""
    import torch
    from peft import LoraConfig

    torch.manual_seed(seed)
    targets = ["q_proj", "v_proj", "up_proj", "down_proj"]
    plain = {"r": 4, "lora_alpha": 8, "target_modules": targets, "init_lora_weights": False}
    return _peft(
        checkpoint, lambda bare, peft: peft.get_peft_model(bare, LoraConfig(**{**plain, **settings}))
    )


def unmerged(checkpoint: Manifest, adapter: adapters.Manifest):
    """The checkpoint in fp32 with an installed adapter beside its weights: peft's own way."""
    return _peft(checkpoint, lambda bare, peft: peft.PeftModel.from_pretrained(bare, adapter.path))


def _peft(checkpoint: Manifest, make):
    import peft
    import torch
    from transformers import AutoModelForCausalLM

    bare = AutoModelForCausalLM.from_pretrained(checkpoint.path, dtype=torch.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an older name
        return make(bare, peft).eval()
