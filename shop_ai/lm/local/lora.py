"""A LoRA adapter as peft saves it, read and merged by code of our own; peft is not used. Imports torch.

Only plain LoRA on linear layers: whatever else a configuration asks for is refused, known to us or not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from shop_ai.exceptions import AdapterError
from shop_ai.lm.adapters import Manifest

HARMLESS = frozenset(
    "task_type peft_type auto_mapping peft_version base_model_name_or_path revision inference_mode r "
    "target_modules exclude_modules lora_alpha lora_dropout bias use_rslora init_lora_weights "
    "layers_to_transform layers_pattern rank_pattern megatron_core qalora_group_size runtime_config".split()
)
"""Keys of adapter_config.json that are read below, or that say nothing about what the tensors mean."""
STARTS = (True, False, "gaussian", "orthogonal")
"""Values of init_lora_weights that leave the checkpoint's own weights as they are."""
_KEY = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<part>[AB])\.weight")


@dataclass(frozen=True, slots=True)
class Delta:
    """What is added to the weights of one layer."""

    a: Tensor
    b: Tensor
    scale: float

    def add_to(self, weight: Tensor, scratch: Tensor) -> None:
        """Computed in float32, in scratch memory made once: fresh memory takes longer than the sum."""
        total = scratch[: weight.numel()].view(weight.shape).copy_(weight)
        a, b = (part.to(weight.device, torch.float32) for part in (self.a, self.b))
        weight.copy_(total.addmm_(b, a, alpha=self.scale))


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter that was read."""

    manifest: Manifest
    deltas: Mapping[str, Delta]
    """Name of a layer in the model → what is added to it."""


def read(manifest: Manifest) -> Lora:
    """Read a verified adapter; raises `AdapterError` for anything but plain LoRA."""
    try:
        settings = json.loads((manifest.path / "adapter_config.json").read_text("utf-8"))
        tensors = load_file(manifest.path / "adapter_model.safetensors")
        return Lora(manifest, _deltas(tensors, _checked(settings)))
    except AdapterError as error:
        raise AdapterError(f"The adapter {manifest.name} cannot be used: {error}") from error
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AdapterError(f"The adapter {manifest.name} could not be read: {reason}") from error


def _checked(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    if settings["peft_type"] != "LORA":
        raise AdapterError(f"it is {settings['peft_type']}, and only LORA can be merged.")
    if asked := sorted(key for key, value in settings.items() if value and key not in HARMLESS):
        raise AdapterError(f"it asks for {', '.join(asked)}, and only plain LoRA can be merged.")
    if settings.get("bias", "none") != "none":
        raise AdapterError("it was trained with biases, and only weights can be merged.")
    if settings.get("init_lora_weights", True) not in STARTS:
        raise AdapterError(
            f"it began from other weights (init_lora_weights {settings['init_lora_weights']})."
        )
    return settings


def _deltas(tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> dict[str, Delta]:
    parts: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if not (found := _KEY.fullmatch(key)):
            raise AdapterError(f"its tensor {key} is not one of plain LoRA.")
        parts.setdefault(found["module"], {})[found["part"]] = tensor
    deltas = {}
    for module, pair in parts.items():
        if len(pair) != 2 or any(part.ndim != 2 for part in pair.values()):
            raise AdapterError(f"the tensors of {module} are not a pair of matrices.")
        rank = pair["A"].shape[0]
        divisor = sqrt(rank) if settings.get("use_rslora") else rank
        deltas[module] = Delta(pair["A"], pair["B"], settings["lora_alpha"] / divisor)
    return deltas


class Adapted:
    """A model whose weights are the checkpoint's own, or those with one adapter merged into them.

    Of every weight that an adapter has touched, the checkpoint's own is kept in the main memory, so that
    going back gives the same bits.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.lora: Lora | None = None
        self._own: dict[str, Tensor] = {}

    def put_on(self, lora: Lora | None) -> bool:
        """Change over; whether there was anything to change. Where it fails, the bare checkpoint is left."""
        if _same(lora, self.lora):
            return False
        weights = {} if lora is None else self.check(lora)
        self.take_off()
        if lora is None:
            return True
        self.lora = lora
        try:
            self._merge(lora, weights)
        except BaseException:
            self.take_off()
            raise
        return True

    def take_off(self) -> None:
        """Back to the checkpoint's own weights."""
        for name in self.lora.deltas if self.lora else ():
            if name in self._own:
                self._weight(name).copy_(self._own[name])
        self.lora = None

    def _merge(self, lora: Lora, weights: Mapping[str, Tensor]) -> None:
        most = max((weight.numel() for weight in weights.values()), default=0)
        scratch = torch.empty(most, device=next(self.model.parameters()).device)
        for name, weight in weights.items():
            if name not in self._own:
                self._own[name] = weight.to("cpu", copy=True)
            lora.deltas[name].add_to(weight, scratch)

    def check(self, lora: Lora) -> dict[str, Tensor]:
        """The weights it would touch; raises `AdapterError` where they are not there to be touched."""
        tied = self._embeddings()
        found = {}
        for name, delta in lora.deltas.items():
            try:
                weight = found[name] = self._weight(name)
            except AttributeError as error:
                raise _unfit(lora, f"has no linear layer {name}") from error
            if weight.shape != (delta.b.shape[0], delta.a.shape[1]) or len(delta.a) != delta.b.shape[1]:
                raise _unfit(lora, f"has another shape of {name}")
            if weight.data_ptr() == tied:
                raise _unfit(lora, f"uses the weights of {name} for its embeddings as well")
        return found

    def _weight(self, name: str) -> Tensor:
        layer = self.model.get_submodule(name)
        if type(layer) is not nn.Linear:
            raise AttributeError(name)
        return layer.weight.data

    def _embeddings(self) -> int:
        embeddings: Any = self.model.get_input_embeddings()  # type: ignore[operator]
        return int(embeddings.weight.data_ptr())


def _same(one: Lora | None, other: Lora | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.manifest.weights_sha256 == other.manifest.weights_sha256


def _unfit(lora: Lora, why: str) -> AdapterError:
    return AdapterError(f"The adapter {lora.manifest.name} cannot be merged: the checkpoint {why}.")
