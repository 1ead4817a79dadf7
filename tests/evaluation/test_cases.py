"""Files of cases: what is read of them, and what is wrong with a line is said of that line."""

from __future__ import annotations

import json

import pytest

from shop_ai.evaluation.cases import Broken, CasesError, language_of, read


@pytest.fixture(autouse=True)
def _languages(settings):
    settings.SHOP_AI = {**settings.SHOP_AI, "LANGUAGES": ["en", "zh-hans"]}


def written(tmp_path, *lines):
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_line_is_a_case(tmp_path):
    line = {"id": "a:1", "language": "zh", "values": {"name": "杯"}, "expect": {"language": "zh"}}

    (case,) = read(written(tmp_path, json.dumps(line), ""))

    assert (case.id, case.language) == ("a:1", "zh-hans")
    assert (case.values, case.expect) == ({"name": "杯"}, {"language": "zh"})


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{", "no JSON"), ("[]", 'no object with "values"'), ('{"values": 3}', "no object")],
)
def test_a_line_that_is_no_case_says_why_and_the_others_are_read(tmp_path, line, reason):
    broken, case = read(written(tmp_path, line, '{"values": {}}'))

    assert isinstance(broken, Broken)
    assert broken.line == 1
    assert reason in broken.reason
    assert case.id == "2"


def test_only_so_many_lines_are_read(tmp_path):
    path = written(tmp_path, *(json.dumps({"id": n, "values": {}}) for n in range(9)))

    assert [case.id for case in read(path, 3)] == ["0", "1", "2"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe{"])
def test_a_file_that_cannot_be_read_says_so(tmp_path, content):
    path = tmp_path / "cases.jsonl"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CasesError, match=r"cases\.jsonl cannot be read"):
        list(read(path))


@pytest.mark.parametrize(
    ("told", "known"), [("zh", "zh-hans"), ("zh-hans", "zh-hans"), ("en", "en"), ("", "en"), ("fr", "fr")]
)
def test_a_language_is_the_stores_own_where_it_writes_it(told, known):
    assert language_of(told) == known
