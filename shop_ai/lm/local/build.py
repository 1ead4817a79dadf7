"""Puts the engine together from a verified checkpoint and the options. Imports torch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch

from shop_ai.exceptions import BackendError, CheckpointError
from shop_ai.lm.checkpoints.manifest import Manifest
from shop_ai.lm.local.attention import for_pages, is_flash, twin
from shop_ai.lm.local.checkpoint import Loaded, bytes_per_token, load, parameters
from shop_ai.lm.local.intake import Intake
from shop_ai.lm.local.limits import KEPT, SHARED, Limits
from shop_ai.lm.local.loop import Dead, Loop
from shop_ai.lm.local.machine import cores, free_memory, pick_device, pick_dtype, pick_engine
from shop_ai.lm.local.manager import Manager, Size
from shop_ai.lm.local.masks import Grammars
from shop_ai.lm.local.network import Network
from shop_ai.lm.local.precise import Precise
from shop_ai.lm.local.prompt import Prompts
from shop_ai.lm.local.rows import Rows
from shop_ai.lm.local.shelf import Shelf
from shop_ai.lm.local.static import StaticRows
from shop_ai.lm.local.tandem import Tandem
from shop_ai.lm.local.turns import TURN
from shop_ai.lm.local.writing import Writing

log = logging.getLogger("shop_ai.lm")

Wake = Callable[[], None]
SCRATCH = 64
"""Choices weighed in one batch."""
SHARE = {"cpu": 0.25, "cuda": 0.8}
"""Part of the free memory that keys and values may take."""
HALF = 0.5
"""Part of that share for the manager's cache; the other is the loop's."""
ROWS = {"loop": 128, "manager": 256}
PAGE, FLASH_PAGE = 32, 256
"""Tokens of a block; flash attention wants multiples of 256."""
STEP, FLASH_STEP = 1024, 4096
"""Tokens of one step of the manager; without flash attention each costs a mask over the whole cache."""
MOST_ON_CPU = 1 << 16
"""Tokens of the manager's cache on a CPU, where it runs to be tried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the options come to on this computer, with this checkpoint."""

    device: torch.device
    dtype: torch.dtype
    pages: str
    """The attention that the manager would compute with."""
    engine: str
    rows: int
    threads: int

    @property
    def kept(self) -> int:
        return ceil(self.rows * KEPT)

    @classmethod
    def of(cls, options: Mapping[str, Any], device: torch.device, model: Any) -> Plan:
        pages = for_pages(model)
        engine = pick_engine(str(options.get("engine", "auto")), pages)
        return cls(
            device=device,
            dtype=model.dtype,
            pages=pages,
            engine=engine,
            rows=int(options.get("rows", 0)) or ROWS[engine],
            threads=int(options.get("threads", 0)) or min(cores(), torch.get_num_threads()),
        )


def build(
    manifest: Manifest, options: Mapping[str, Any], *, progress: Callable[[], None], wake: Wake
) -> tuple[Loop | Tandem, dict[str, Any]]:
    """The engine, and the facts that `describe()` shows."""
    device = pick_device(str(options.get("device", "auto")))
    loaded = load(manifest, device=device, dtype=pick_dtype(str(options.get("dtype", "auto")), device))
    plan = Plan.of(options, device, loaded.model)
    torch.set_num_threads(plan.threads)
    default = int(free_memory(plan.device) * SHARE[plan.device.type] / bytes_per_token(loaded.model))
    tokens = int(options.get("cache_tokens", default))
    attention = loaded.model.config._attn_implementation  # before `Rows` may add to it
    loop = _loop(manifest, loaded, plan, options, tokens=tokens, progress=progress)
    facts = {
        "sha256": manifest.weights_sha256,
        "revision": manifest.revision,
        "device": _name(plan.device),
        "dtype": str(plan.dtype).removeprefix("torch."),
        "threads": plan.threads,
        "engine": "loop",
        "attention": attention,
        "batching": "continuous" if loop.rows.continuous else "static",
    }
    if plan.device.type == "cuda":
        facts["flash"] = is_flash(plan.pages)
        facts["gpus"] = torch.cuda.device_count()
        facts["gpu"] = str(torch.cuda.get_device_properties(plan.device).uuid)
    if plan.engine == "loop":
        return loop, facts
    try:
        tandem, more = _tandem(loop, loaded, plan, options, tokens=tokens, wake=wake)
    except Dead as error:
        raise CheckpointError(f"The language model does not fit into the memory: {error}") from error
    except Exception as error:
        if options.get("engine", "auto") != "auto":
            raise CheckpointError(f"The manager cannot run this checkpoint: {error}") from error
        log.warning("The manager cannot run this checkpoint, so the loop writes everything: %s", error)
        return loop, {**facts, "no_manager": str(error)}
    return tandem, {**facts, **more}


def _name(device: torch.device) -> str:
    if device.type != "cuda":
        return str(device)
    return f"{device} ({torch.cuda.get_device_name(device)})"


def _loop(
    manifest: Manifest,
    loaded: Loaded,
    plan: Plan,
    options: Mapping[str, Any],
    *,
    tokens: int,
    progress: Callable[[], None],
) -> Loop:
    network = Network(loaded.model, progress=progress)
    prompts = Prompts(loaded.tokenizer, template_options=options.get("template"))
    grammars = Grammars(loaded.tokenizer, network.vocabulary, sorted(loaded.stops))
    limits = Limits(rows=plan.rows, tokens=tokens, kept=plan.kept)
    intake = Intake(
        prompts, grammars, stops=loaded.stops, longest=min(network.context, tokens), most_rows=plan.rows
    )
    exact = plan.dtype == torch.float32
    return Loop(
        network,
        _rows(loaded, network, rows=plan.rows + plan.kept),
        intake,
        limits,
        shelf=Shelf(manifest, options.get("adapter_folder")),
        turn=float(options.get("turn", TURN)),
        precise=None if exact else Precise(lambda: _copy(manifest, progress), progress),
    )


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


def _tandem(
    loop: Loop, loaded: Loaded, plan: Plan, options: Mapping[str, Any], *, tokens: int, wake: Wake
) -> tuple[Tandem, dict[str, Any]]:
    """The manager beside the loop, each with its part of the memory."""
    model = twin(loaded.model, plan.pages)
    flash, given = is_flash(plan.pages), int(tokens * HALF)
    if "cache_tokens" not in options:
        given = 0 if plan.device.type == "cuda" else min(given, MOST_ON_CPU)
    size = Size(
        rows=plan.rows,
        kept=plan.kept,
        page=int(options.get("page", FLASH_PAGE if flash else PAGE)),
        step=FLASH_STEP if flash else STEP,
        tokens=given or None,
        memory=SHARE[plan.device.type] * HALF,
    )

    def start(size: Size) -> Manager:
        return Manager(model, size, stops=sorted(loaded.stops), progress=loop.network.progress, wake=wake)

    writing = Writing(start, size, loop)
    loop.limits.tokens, loop.limits.seconds = int(tokens * (1 - HALF)), SHARED
    loop.intake.longest = min(loop.network.context, max(loop.limits.tokens, writing.manager.capacity))
    facts = {"engine": "manager", "attention": plan.pages, "cache_tokens": writing.manager.capacity}
    return Tandem(loop, writing), facts
