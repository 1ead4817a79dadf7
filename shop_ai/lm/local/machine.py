"""What this computer can do: device, precision, threads, memory. Imports torch."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from shop_ai.exceptions import CheckpointError
from shop_ai.lm.local.attention import is_flash

ENGINES = ("loop", "manager")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pick_device(wanted: str) -> torch.device:
    """The device of the option `device`; "auto" takes the GPU where there is one."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(wanted)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise CheckpointError('There is no CUDA device; set the option "device" to "auto" or "cpu".')
    return device


def pick_engine(wanted: str, attention: str) -> str:
    """Who writes free text, by the option `engine`; "auto" takes the manager where its attention is flash.

    Without that the manager has no recorded graphs and no fast path: the loop was faster (docs/gpu.md).
    """
    if wanted == "auto":
        return "manager" if is_flash(attention) else "loop"
    if wanted not in ENGINES:
        raise CheckpointError(f'The option "engine" must be auto, {" or ".join(ENGINES)}; not {wanted!r}.')
    return wanted


def pick_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """The precision of the option `dtype`; "auto" takes bfloat16 where the processor computes with it."""
    if wanted != "auto":
        if wanted not in DTYPES:
            raise CheckpointError(f'The option "dtype" must be auto, {", ".join(DTYPES)}; not {wanted!r}.')
        return DTYPES[wanted]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if _cpu_has_bf16() else torch.float32


def _cpu_has_bf16() -> bool:
    """Emulated bfloat16 is slower than float32, so only real instructions count."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        return False
    return any(flag in flags for flag in ("avx512_bf16", "amx_bf16", " bf16"))


def cores() -> int:
    """Processors that this process may use, by affinity and by the container's quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        count = min(count, max(1, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max"
        pass
    return count


def free_memory(device: torch.device) -> int:
    """Bytes that are free for keys and values."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 4 << 30  # a guess, where Linux does not tell
