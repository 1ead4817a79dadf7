"""A checkpoint is data that was checked byte by byte, or it is refused."""

from __future__ import annotations

import json
import shutil

import pytest

from shop_ai.exceptions import CheckpointError
from shop_ai.lm import checkpoints
from shop_ai.lm.checkpoints.contents import weights_sha256
from shop_ai.lm.local import LocalBackend


@pytest.fixture
def copy(folder, tmp_path):
    """An intact checkpoint of this test's own."""
    return shutil.copytree(folder / "tiny", tmp_path / "tiny")


def refused(path):
    """What verify says of the checkpoint; the backend refuses it with the same sentence."""
    with pytest.raises(CheckpointError) as caught:
        checkpoints.verify("tiny", path.parent)
    backend = LocalBackend("tiny", {"folder": path.parent})
    with pytest.raises(CheckpointError) as again:
        backend.open()
    assert str(again.value) == str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_intact_checkpoint_is_accepted(copy):
    manifest = checkpoints.verify("tiny", copy.parent)

    assert manifest.path == copy
    assert manifest.weights_sha256 == weights_sha256(copy)
    assert manifest.bytes == sum(f.stat().st_size for f in copy.iterdir() if f.name != "manifest.json")


def test_a_missing_one_names_the_command(tmp_path):
    assert "run `manage.py ai_model install tiny`" in refused(tmp_path / "tiny")


def test_without_manifest_it_is_refused(copy):
    (copy / "manifest.json").unlink()

    assert "no manifest.json" in refused(copy)


@pytest.mark.parametrize("content", ["{", "[]", '{"files": {}}', '{"files": {"a": 1}}'])
def test_a_damaged_manifest_is_refused(copy, content):
    (copy / "manifest.json").write_text(content)

    assert "damaged" in refused(copy)


def test_a_flipped_byte_is_refused(copy):
    weights = copy / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-100] ^= 1
    weights.write_bytes(data)

    assert "was changed" in refused(copy)


def test_a_truncated_file_is_refused(copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])

    assert "bytes instead of" in refused(copy)


def test_a_missing_file_is_refused(copy):
    (copy / "chat_template.jinja").unlink()

    assert "is missing" in refused(copy)


@pytest.mark.parametrize("name", ["extra.json", "sub/config.json", "notes.txt"])
def test_a_file_that_does_not_belong_is_refused(copy, name):
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_text("{}")

    assert "does not belong" in refused(copy)


@pytest.mark.parametrize(
    "name",
    [
        "modeling.py",
        "sub/deep.py",
        "x.pyc",
        "x.so",
        "weights.bin",
        "a.pt",
        "a.pth",
        "a.pkl",
        "a.ckpt",
        "a.h5",
        "x",
    ],
)
def test_what_could_run_code_is_refused_even_with_a_manifest(copy, name):
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_text("print(1)")
    _forge(copy, name)

    assert "could run code" in refused(copy)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "generation_config.json"])
@pytest.mark.parametrize("key", ["auto_map", "_attn_implementation_internal"])
def test_a_configuration_that_names_code_is_refused(copy, file, key):
    config = json.loads((copy / file).read_text())
    config["inner"] = [{key: {"AutoModel": "modeling.Evil"}}]
    (copy / file).write_text(json.dumps(config))
    _forge(copy, file)

    assert key in refused(copy)


def test_a_configuration_that_is_no_json_is_refused(copy):
    (copy / "config.json").write_text("{" * 5)

    assert "not valid JSON" in refused(copy)


def test_symbolic_links_are_refused(copy, tmp_path):
    weights = copy / "model.safetensors"
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")

    assert "symbolic link" in refused(copy)


def test_a_link_instead_of_the_folder_is_refused(copy, tmp_path):
    copy.rename(tmp_path / "real")
    copy.symlink_to(tmp_path / "real")

    assert "symbolic link" in refused(copy)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_an_incomplete_folder_cannot_be_sealed(copy, name):
    (copy / name).unlink()

    with pytest.raises(CheckpointError, match="has no"):
        checkpoints.seal(copy, name="tiny", source="", licence="")


def test_weights_that_are_none_cannot_be_sealed(copy):
    (copy / "model.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0hello")

    with pytest.raises(CheckpointError, match="not a safetensors"):
        checkpoints.seal(copy, name="tiny", source="", licence="")


@pytest.mark.parametrize("name", ["", "..", "../tiny", "/etc", "a/b/c", "a\\b", ".hidden", "a/../b", "x@"])
def test_a_name_cannot_leave_the_folder(tmp_path, name):
    with pytest.raises(CheckpointError, match="not the name"):
        checkpoints.location(name, tmp_path)


def test_weights_that_transformers_cannot_load_are_one_sentence(copy):
    config = json.loads((copy / "config.json").read_text())
    config["model_type"] = "unheard_of"
    config["architectures"] = ["Unheard"]
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "manifest.json").unlink()
    checkpoints.seal(copy, name="tiny", source="", licence="")

    with pytest.raises(CheckpointError, match="could not be loaded") as caught:
        LocalBackend("tiny", {"folder": copy.parent}).open()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{"device": "cuda:7"}, {"dtype": "int3"}])
def test_impossible_options_are_one_sentence(folder, options):
    with pytest.raises(CheckpointError, match="option"):
        LocalBackend("tiny", {"folder": folder, "device": "cpu", **options}).open()


def test_loading_stays_offline_and_runs_no_code(copy, monkeypatch):
    from transformers import AutoModelForCausalLM

    seen = []
    load = AutoModelForCausalLM.from_pretrained
    monkeypatch.setattr(
        AutoModelForCausalLM, "from_pretrained", lambda *a, **kw: seen.append(kw) or load(*a, **kw)
    )
    backend = LocalBackend("tiny", {"folder": copy.parent, "device": "cpu"})

    backend.open()
    backend.close()

    assert seen[0]["local_files_only"] is True
    assert seen[0]["use_safetensors"] is True
    assert seen[0]["trust_remote_code"] is False


def _forge(path, name):
    """An attacker who can write the manifest too."""
    from shop_ai.lm.checkpoints.contents import sha256

    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"][name] = [sha256(path / name), (path / name).stat().st_size]
    (path / "manifest.json").write_text(json.dumps(manifest))
