"""The web process stays light: the whole app can be imported without torch, transformers or numpy."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {"torch", "transformers", "numpy", "peft", "llguidance", "gguf", "safetensors"}
EVERYTHING = """
import importlib, json, pkgutil, sys, django
django.setup()
import shop_ai
outside = ("shop_ai.lm.local", "shop_ai.migrations", "shop_ai.training.lora")
for module in pkgutil.walk_packages(shop_ai.__path__, "shop_ai."):
    if not module.name.startswith(outside):
        importlib.import_module(module.name)
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def imported(script):
    """The top-level modules that a process of its own has loaded after the script."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_no_module_of_the_app_loads_torch():
    assert not imported(EVERYTHING) & HEAVY


def test_the_local_backend_is_named_without_loading_torch():
    found = imported(
        """
import json, sys, django
django.setup()
from shop_ai.lm.local import LocalBackend
LocalBackend(checkpoint="smollm2-135m")
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""
    )

    assert not found & HEAVY
