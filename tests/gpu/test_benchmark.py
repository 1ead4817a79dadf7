"""The benchmark for GPUs where there is none: it says so, and its dry run reaches every line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def bench(*arguments):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_without_a_gpu_it_says_so_and_measures_nothing():
    said = bench("tests.benchmarks", "gpu").splitlines()

    assert len(said) == 2  # the machine, and the sentence
    assert "no CUDA device here" in said[1]


@pytest.mark.lm
def test_the_dry_run_gives_a_figure_for_every_line_of_the_table():
    said = bench("tests.benchmarks.gpu", "--tiny")

    names = {line.split()[0] for line in said.splitlines() if line.startswith("gpu.")}
    assert names == {
        "gpu.tokens_1",
        "gpu.of_generate_batch_1",
        "gpu.of_bandwidth_1",
        "gpu.tokens_4",
        "gpu.of_generate_batch_4",
        "gpu.of_bandwidth_4",
        "gpu.worker_over_manager",
        "gpu.schema_over_free",
        "gpu.schema_over_loop",
        "gpu.over_one_by_one",
        "gpu.manager_over_loop",
        "gpu.chat_alone_p50",
        "gpu.chat_beside_text_p50",
        "gpu.chat_beside_both_p50",
        "gpu.choose_rows",
        "gpu.choose_of_limit",
    }
    assert "the figures mean nothing" in said
