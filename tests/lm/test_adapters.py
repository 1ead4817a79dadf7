"""An adapter on disk is data that was checked byte by byte, for one checkpoint's weights, or is refused."""

from __future__ import annotations

import json
import shutil

import pytest

from shop_ai.exceptions import AdapterError, AdapterMisfit
from shop_ai.lm import adapters, checkpoints
from shop_ai.lm.adapters import finding
from shop_ai.lm.checkpoints.contents import weights_sha256
from shop_ai.lm.local import LocalBackend


@pytest.fixture
def copy(adapter_folder, tmp_path):
    """An intact adapter of this test's own."""
    return shutil.copytree(adapter_folder / "red", tmp_path / "red")


def refused(path):
    """What verify says of the adapter, in one sentence."""
    with pytest.raises(AdapterError) as caught:
        adapters.verify(path.name, path.parent)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change(path, **fields):
    """Write other things into its manifest."""
    content = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**content, **fields}))


def test_an_intact_adapter_is_accepted(copy, folder):
    tiny = checkpoints.verify("tiny", folder)

    manifest = adapters.verify("red", copy.parent)

    assert (manifest.name, manifest.checkpoint, manifest.path) == ("red", "tiny", copy)
    assert (manifest.fits, manifest.weights_sha256) == (tiny.weights_sha256, weights_sha256(copy))
    assert manifest.temperatures == {"score_review": 2.5}
    assert manifest.bytes == sum(f.stat().st_size for f in copy.iterdir() if f.name != "manifest.json")
    manifest.fit(tiny)


def test_other_weights_are_refused_by_their_hash(copy, folder):
    sliding = checkpoints.verify("sliding", folder)

    with pytest.raises(AdapterMisfit) as caught:
        adapters.verify("red", copy.parent).fit(sliding)

    assert str(caught.value).startswith("The adapter red was trained on tiny with the weights ")
    assert str(caught.value).endswith(f"does not fit sliding with the weights {sliding.weights_sha256[:12]}.")


def test_a_missing_one_names_the_folder(tmp_path):
    assert f"not installed in {tmp_path}" in refused(tmp_path / "red")


@pytest.mark.parametrize("name", ["../red", "", ".hidden", "a/b", "a\nb", "/etc"])
def test_what_is_no_name_is_refused(tmp_path, name):
    with pytest.raises(AdapterError, match="not the name of an adapter"):
        adapters.find(name, tmp_path)
    assert not adapters.exists(name, tmp_path)


def test_without_manifest_it_is_refused(copy):
    (copy / "manifest.json").unlink()

    assert "no manifest.json" in refused(copy)


@pytest.mark.parametrize("content", ["{", "[]", '{"files": {}}', '{"files": {"a": 1}, "temperatures": {}}'])
def test_a_damaged_manifest_is_refused(copy, content):
    (copy / "manifest.json").write_text(content)

    assert "damaged" in refused(copy)


@pytest.mark.parametrize("temperature", [0, -1.0, float("inf"), float("nan"), "hot", None])
def test_a_temperature_that_is_none_is_refused(copy, temperature):
    change(copy, temperatures={"score_review": temperature})

    assert "damaged" in refused(copy)


def test_a_flipped_byte_is_refused(copy):
    weights = copy / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-100] ^= 1
    weights.write_bytes(data)

    assert "was changed" in refused(copy)


def test_a_truncated_file_is_refused(copy):
    weights = copy / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])

    assert "bytes instead of" in refused(copy)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_missing_file_is_refused(copy, name):
    (copy / name).unlink()

    assert f"has no {name}; it is not a complete adapter" in refused(copy)


@pytest.mark.parametrize("name", ["adapter_model.bin", "adapter_model.pt", "code.py", "a.pkl", "run.so"])
def test_anything_that_could_run_is_refused(copy, name):
    (copy / name).write_bytes(b"x")

    assert "could run code" in refused(copy)


def test_a_file_that_does_not_belong_is_refused(copy):
    (copy / "notes.txt").write_text("x")

    assert "does not belong to the adapter" in refused(copy)


def test_a_configuration_that_names_code_is_refused(copy):
    config = json.loads((copy / "adapter_config.json").read_text())
    (copy / "adapter_config.json").write_text(json.dumps({**config, "auto_map": {"A": "b.C"}}))

    assert "code of its own (auto_map)" in refused(copy)


@pytest.mark.parametrize("name", ["manifest.json", "adapter_model.safetensors", "README.md"])
def test_a_link_in_it_is_refused(copy, name):
    (copy / name).rename(copy.parent / "elsewhere")
    (copy / name).symlink_to(copy.parent / "elsewhere")

    assert "symbolic link" in refused(copy)


def test_a_link_to_it_is_refused(copy):
    (copy.parent / "linked").symlink_to(copy)

    assert "symbolic link" in refused(copy.parent / "linked")


# -- where they lie ----------------------------------------------------------------------------


@pytest.fixture
def shipped(adapter_folder, tmp_path, monkeypatch):
    """A package that ships "red" and "blue"."""
    package = tmp_path / "package"
    for name in ("red", "blue"):
        shutil.copytree(adapter_folder / name, package / name)
    monkeypatch.setattr(finding, "SHIPPED", package)
    return package


def test_the_stores_own_goes_before_the_shipped_one(shipped, copy):
    change(copy, note="our own")

    found = {manifest.name: manifest for manifest in adapters.installed(copy.parent)}

    assert adapters.verify("red", copy.parent).note == "our own"
    assert adapters.verify("blue", copy.parent).path == shipped / "blue"
    assert {name: manifest.path for name, manifest in found.items()} == {
        "red": copy,
        "blue": shipped / "blue",
    }


def test_a_damaged_own_one_is_not_replaced_in_silence(shipped, copy):
    (copy / "manifest.json").write_text("{")

    assert "damaged" in refused(copy)
    assert [manifest.name for manifest in adapters.installed(copy.parent)] == ["blue"]


def test_a_folders_name_is_the_adapters(copy):
    copy.rename(copy.parent / "crimson")

    assert adapters.verify("crimson", copy.parent).name == "crimson"


def test_the_package_has_its_place_and_an_absent_folder_is_empty(tmp_path):
    assert finding.SHIPPED.parts[-2:] == ("shop_ai", "adapters")
    assert finding.SHIPPED.parent.joinpath("lm", "adapters", "finding.py").samefile(finding.__file__)
    assert "red" not in [manifest.name for manifest in adapters.installed(tmp_path / "nowhere")]


def test_a_backend_can_be_asked_before_it_is_there(copy, folder, tmp_path):
    """What the system checks ask: nothing is loaded."""
    options = {"folder": folder, "adapter_folder": copy.parent}

    LocalBackend.check_adapter("red", "tiny", options)

    with pytest.raises(AdapterMisfit):
        LocalBackend.check_adapter("red", "sliding", options)
    with pytest.raises(AdapterError, match="not installed"):
        LocalBackend.check_adapter("red", "tiny", {"folder": folder, "adapter_folder": tmp_path / "other"})
