from __future__ import annotations

import re
from pathlib import Path

import pytest

import shop_ai.lm.local
from shop_ai.lm.echo import EchoBackend
from shop_ai.lm.local import LocalBackend

LOCAL = "shop_ai.lm.local.LocalBackend"
ECHO = "shop_ai.lm.echo.EchoBackend"


def options(store, backend=LOCAL, **found):
    return store.set(LM={"BACKEND": backend, "OPTIONS": found})


def test_E030_backend_that_does_not_exist_names_the_nearest(store):
    number, text, hint = store.set(LM={"BACKEND": "shop_ai.lm.echo.EchoBackand"}).message()

    assert (number, hint) == ("E030", "Did you mean 'EchoBackend'?")
    assert text.startswith("The backend 'shop_ai.lm.echo.EchoBackand' cannot be imported: ImportError: ")


def test_E031_not_a_backend(store):
    assert store.set(LM={"BACKEND": "tests.checks.functions.of_row"}).message() == (
        "E031",
        "The backend 'tests.checks.functions.of_row' is not a subclass of shop_ai.lm.base.Backend.",
        'Name a class such as "shop_ai.lm.local.LocalBackend" in SHOP_AI["LM"]["BACKEND"].',
    )


def test_the_own_check_of_a_backend_is_asked(store):
    store.set(LM={"BACKEND": "tests.checks.functions.ComplainingBackend"})

    assert store.message() == ("store.W002", "I complain.", "Let me.")


@pytest.mark.parametrize(
    ("backend", "name", "near"),
    [(LOCAL, "dtyp", "dtype"), (LOCAL, "row", "rows"), (ECHO, "latenzy", "latency")],
)
def test_E038_unknown_option_names_the_nearest(store, backend, name, near):
    assert options(store, backend, **{name: 1}).message() == (
        "E038",
        f"SHOP_AI['LM']['OPTIONS'] has {name!r}, which {backend.rpartition('.')[2]} does not know.",
        f"Did you mean {near!r}?",
    )


def test_E038_a_backend_of_others_names_its_own_options_or_none(store):
    assert options(store, "tests.checks.functions.OpenBackend", anything=1).messages() == []

    number, _, hint = options(store, "tests.checks.functions.StrictBackend", speeed=1, latency=0.1).message()

    assert (number, hint) == ("E038", "Did you mean 'speed'?")


@pytest.mark.parametrize("backend", [LocalBackend, EchoBackend])
def test_E038_knows_every_option_that_the_backend_reads(backend):
    place = Path(shop_ai.lm.local.__file__).parent
    files = place.glob("*.py") if backend is LocalBackend else [place.parent / "echo.py"]

    read = {name for file in files for name in re.findall(r'options\.get\(\s*"(\w+)"', file.read_text())}

    assert read <= set(backend.known_options)


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("dtype", "bf17", "Write one of: auto, bfloat16, float16, float32."),
        ("dtype", 16, "Write one of: auto, bfloat16, float16, float32."),
        ("engine", "vllm", "Write one of: auto, loop, manager."),
        ("device", "gpu", 'Write "auto", "cpu", "cuda" or, for the second card, "cuda:1".'),
        ("device", "cuda:x", 'Write "auto", "cpu", "cuda" or, for the second card, "cuda:1".'),
        ("rows", 0, "Write a whole number, 1 or more."),
        ("room", "many", "Write a whole number, 1 or more."),
        ("threads", -1, "Write a whole number, 0 or more."),
        ("cache_tokens", 1.5, "Write a whole number, 1 or more."),
        ("page", 0, "Write a whole number, 1 or more."),
        ("turn", "often", "Write a number of seconds, more than 0."),
        ("turn", float("inf"), "Write a number of seconds, more than 0."),
        ("rows", True, "Write a whole number, 1 or more."),
    ],
)
def test_E039_option_with_a_value_it_does_not_take(store, option, value, hint):
    assert options(store, **{option: value}).message() == (
        "E039",
        f"SHOP_AI['LM']['OPTIONS'][{option!r}] is {value!r}.",
        hint,
    )


def test_E039_is_silent_about_what_the_backend_takes(store):
    options(
        store, dtype="bfloat16", device="cuda:1", rows=8, room=9, threads=0, cache_tokens=4096, template={}
    )

    assert store.messages() == []


@pytest.mark.parametrize(
    "name", ["", "../weights", "/models/qwen", "a/b/c", "~/qwen", "models\\qwen", "qwen/"]
)
def test_E046_checkpoint_that_is_no_name(store, name):
    assert store.set(LM={"BACKEND": LOCAL, "CHECKPOINT": name}).message() == (
        "E046",
        f"SHOP_AI['LM']['CHECKPOINT'] is {name!r}, which is not the name of a checkpoint.",
        'Write a name such as "smollm2-135m" or "owner/name"; `manage.py ai_model list` shows what is '
        'installed. A folder belongs into SHOP_AI["CHECKPOINTS"].',
    )


@pytest.mark.parametrize("name", ["smollm2-135m", "Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-4B@main"])
def test_E046_takes_names(store, name):
    assert store.set(LM={"BACKEND": LOCAL, "CHECKPOINT": name}).messages() == []
