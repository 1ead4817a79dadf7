"""Puts the loop together from a verified checkpoint and the options. Imports torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from shop_ai.exceptions import BackendError
from shop_ai.lm.checkpoints.manifest import Manifest
from shop_ai.lm.local.checkpoint import Loaded, bytes_per_token, load, parameters
from shop_ai.lm.local.intake import Intake
from shop_ai.lm.local.limits import Limits
from shop_ai.lm.local.loop import Loop
from shop_ai.lm.local.machine import cores, free_memory, pick_device, pick_dtype
from shop_ai.lm.local.masks import Grammars
from shop_ai.lm.local.network import Network
from shop_ai.lm.local.precise import Precise
from shop_ai.lm.local.prompt import Prompts
from shop_ai.lm.local.rows import Rows
from shop_ai.lm.local.shelf import Shelf
from shop_ai.lm.local.static import StaticRows
from shop_ai.lm.local.turns import TURN

SCRATCH = 64
"""Choices weighed in one batch."""
SHARE = {"cpu": 0.25, "cuda": 0.8}
"""Part of the free memory that keys and values may take."""


def build(
    manifest: Manifest, options: Mapping[str, Any], *, rows: int, progress: Callable[[], None]
) -> tuple[Loop, dict[str, Any]]:
    """The loop, and the facts that `describe()` shows."""
    device = pick_device(str(options.get("device", "auto")))
    dtype = pick_dtype(str(options.get("dtype", "auto")), device)
    threads = int(options.get("threads", 0)) or min(cores(), torch.get_num_threads())
    torch.set_num_threads(threads)
    loaded = load(manifest, device=device, dtype=dtype)
    network = Network(loaded.model, progress=progress)
    prompts = Prompts(loaded.tokenizer, template_options=options.get("template"))
    grammars = Grammars(loaded.tokenizer, network.vocabulary, sorted(loaded.stops))
    default = int(free_memory(device) * SHARE[device.type] / bytes_per_token(loaded.model))
    limits = Limits(rows=rows, tokens=int(options.get("cache_tokens", default)))
    intake = Intake(
        prompts, grammars, stops=loaded.stops, longest=min(network.context, limits.tokens), most_rows=rows
    )
    kind = _rows(loaded, network, rows=rows)
    loop = Loop(
        network,
        kind,
        intake,
        limits,
        shelf=Shelf(manifest, options.get("adapter_folder")),
        turn=float(options.get("turn", TURN)),
        precise=None if dtype == torch.float32 else Precise(lambda: _copy(manifest, progress), progress),
    )
    facts = {
        "sha256": manifest.weights_sha256,
        "revision": manifest.revision,
        "device": str(device),
        "dtype": str(dtype).removeprefix("torch."),
        "threads": threads,
        "attention": loaded.model.config._attn_implementation,
        "batching": "continuous" if kind.continuous else "static",
    }
    return loop, facts


def _rows(loaded: Loaded, network: Network, *, rows: int) -> Rows | StaticRows:
    if not loaded.full_attention:
        return StaticRows(network, scratch=8)
    return Rows(network, rows=rows, scratch=SCRATCH)


def _copy(manifest: Manifest, progress: Callable[[], None]) -> Rows | StaticRows:
    """Rows of the same checkpoint in float32, on the CPU; raises `BackendError` without the memory."""
    cpu = torch.device("cpu")
    needed, free = 4 * parameters(manifest), free_memory(cpu)
    if needed > free:
        raise BackendError(
            f"A copy in float32 needs {needed >> 20} MB of main memory, and {free >> 20} MB are free."
        )
    loaded = load(manifest, device=cpu, dtype=torch.float32)
    return _rows(loaded, Network(loaded.model, progress=progress), rows=0)
