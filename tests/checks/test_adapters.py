from __future__ import annotations

import json

import pytest

LOCAL = "shop_ai.lm.local.LocalBackend"
ECHO = "shop_ai.lm.echo.EchoBackend"
REMOTE = "shop_ai.lm.remote.RemoteBackend"
WEIGHTS, OTHERS = "ab" * 32, "cd" * 32


def manifest(path, **content):
    path.mkdir(parents=True)
    plain = {"name": path.name, "licence": "x", "files": {}}
    (path / "manifest.json").write_text(json.dumps({**plain, **content}))


@pytest.fixture
def adapted(store, tmp_path):
    """A store with a skill that names the adapter shop-titles, on a computer with a checkpoint."""
    manifest(tmp_path / "checkpoints" / "tiny", source="x", weights_sha256=WEIGHTS)
    folders = {"CHECKPOINTS": tmp_path / "checkpoints", "ADAPTERS": tmp_path / "adapters"}
    store.set(SKILLS=["tests.checks.skills.Adapted"], **folders).field("seo_title", "slogan")
    return store.set(LM={"BACKEND": LOCAL, "CHECKPOINT": "tiny"})


def install(store, fits=WEIGHTS):
    content = {"checkpoint": "small", "fits": fits, "weights_sha256": OTHERS, "temperatures": {}}
    manifest(store.data["ADAPTERS"] / "shop-titles", **content)


def test_an_adapter_that_is_installed_and_fits_has_no_message(adapted):
    install(adapted)

    assert adapted.messages() == []


def test_E064_a_backend_without_adapters(adapted, monkeypatch):
    from shop_ai.lm.echo import EchoBackend

    monkeypatch.setattr(EchoBackend, "adapters", False)

    assert adapted.set(LM={"BACKEND": ECHO}).message() == (
        "E064",
        "The skill 'write_adapted' names the adapter 'shop-titles': "
        "EchoBackend cannot answer with an adapter.",
        "Choose a backend that can, or set `adapter = None` in a subclass of the skill.",
    )


def test_E064_a_server_of_which_the_options_do_not_say_what_it_calls_the_adapter(adapted):
    options = {"base_url": "http://localhost/v1"}

    number, text, _ = adapted.set(LM={"BACKEND": REMOTE, "OPTIONS": options}).message()

    assert (number, text) == (
        "E064",
        "The skill 'write_adapted' names the adapter 'shop-titles': "
        "SHOP_AI['LM']['OPTIONS']['adapters'] does not say what the server calls the adapter shop-titles.",
    )
    options["adapters"] = {"shop-titles": "titles-v2"}
    assert adapted.messages() == []


def test_W065_an_adapter_that_is_not_installed_names_the_folder(adapted, tmp_path):
    assert adapted.message() == (
        "W065",
        "The skill 'write_adapted' names the adapter 'shop-titles': "
        f"The adapter shop-titles is not installed in {tmp_path / 'adapters'}; put its folder there.",
        "Until it is there, the skill's jobs fail. `manage.py ai_model list` shows what is installed.",
    )


def test_W066_an_adapter_that_fits_another_checkpoint(adapted):
    install(adapted, fits=OTHERS)

    assert adapted.message() == (
        "W066",
        "The skill 'write_adapted' names the adapter 'shop-titles': "
        "The adapter shop-titles was trained on small with the weights cdcdcdcdcdcd "
        "and does not fit tiny with the weights abababababab.",
        "Install the checkpoint that it was trained on, or train it anew on this one.",
    )


def test_a_web_server_without_the_checkpoint_has_nothing_to_say(adapted):
    adapted.set(LM={"BACKEND": LOCAL, "CHECKPOINT": "elsewhere"})

    assert adapted.messages() == []
