from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from django.test import override_settings

from shop_ai import conf
from shop_ai.exceptions import ConfigurationError
from tests.test_docs import KEYS


def problems(**data) -> list[tuple[str, str, str]]:
    """(id, sentence, hint) of each mistake in a dictionary."""
    with override_settings(SHOP_AI=data):
        return [(found.id, found.message, found.hint) for found in conf.read()[1]]


def product(**keys) -> dict:
    return {"product": {"MODEL": "catalogue.Product", "FIELDS": {"name": "title"}, **keys}}


def test_without_settings_every_key_has_its_default(without_settings):
    found = conf.config()

    assert found == conf.Config()
    assert found.LM.CHECKPOINT == "smollm2-135m"
    assert found.CHECKPOINTS == Path.home() / ".cache/shop_ai/checkpoints"


def test_a_string_is_short_for_READ(settings):
    settings.SHOP_AI = {"ROLES": product()}

    assert conf.config().ROLES["product"].FIELDS["name"] == conf.FieldConfig(READ="title")


def test_values_take_the_type_of_their_key(settings):
    settings.SHOP_AI = {
        "LEASE": 40,
        "CHECKPOINTS": "~/models",
        "LANGUAGES": ["en", "zh-hans"],
        "DEADLINE": None,
        "LM": {"OPTIONS": {"device": "cpu"}},
    }

    found = conf.config()

    assert (found.LEASE, type(found.LEASE)) == (40.0, float)
    assert found.CHECKPOINTS == Path.home() / "models"
    assert found.LANGUAGES == ("en", "zh-hans")
    assert found.DEADLINE is None
    assert found.LM.OPTIONS == {"device": "cpu"}


def test_defaults_are_not_shared():
    assert conf.Config().ROLES is not conf.Config().ROLES


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"LEASE": "30"}, "SHOP_AI['LEASE'] must be a number, not str."),
        ({"LEASE": True}, "SHOP_AI['LEASE'] must be a number, not bool."),
        ({"DEADLINE": "1"}, "SHOP_AI['DEADLINE'] must be a number or None, not str."),
        ({"MAX_ATTEMPTS": 1.5}, "SHOP_AI['MAX_ATTEMPTS'] must be a whole number, not float."),
        ({"ADMIN": 1}, "SHOP_AI['ADMIN'] must be True or False, not int."),
        ({"CHECKPOINTS": 1}, "SHOP_AI['CHECKPOINTS'] must be a path, not int."),
        ({"CELERY_QUEUES": None}, "SHOP_AI['CELERY_QUEUES'] must be a string, not NoneType."),
        ({"SKILLS": "one"}, "SHOP_AI['SKILLS'] must be a list of strings, not str."),
        ({"SKILLS": [1]}, "SHOP_AI['SKILLS'] must be a list of strings, not list."),
        ({"ROLES": []}, "SHOP_AI['ROLES'] must be a dictionary, not list."),
        ({"ROLES": {"product": "x"}}, "SHOP_AI['ROLES']['product'] must be a dictionary, not str."),
        ({"ROLES": {1: {}}}, "The key 1 of SHOP_AI['ROLES'] must be a string, not int."),
        ({"LM": "local"}, "SHOP_AI['LM'] must be a dictionary, not str."),
        ({"ON_CREATE": {"a": 1}}, "SHOP_AI['ON_CREATE']['a'] must be a dictionary, not int."),
        ({"STALENESS": {"a": 1}}, "SHOP_AI['STALENESS']['a'] must be a string, not int."),
        (
            {"ROLES": product(FIELDS={"name": 1})},
            "SHOP_AI['ROLES']['product']['FIELDS']['name'] must be a dictionary, not int.",
        ),
    ],
)
def test_a_wrong_type_is_E001_with_place_and_type(data, text):
    ((number, found, hint),) = problems(**data)

    assert (number, found) == ("E001", text)
    assert hint.startswith("Write ")


def test_something_other_than_a_dictionary_is_E001(settings):
    settings.SHOP_AI = ["ROLES"]

    ((problem),) = conf.read()[1]

    assert problem.message == "SHOP_AI must be a dictionary, not list."


@pytest.mark.parametrize(
    ("data", "where", "hint"),
    [
        ({"SKILS": []}, "SHOP_AI has an unknown key 'SKILS'.", "Did you mean 'SKILLS'?"),
        (
            {"ROLES": product(PREFECH=[])},
            "SHOP_AI['ROLES']['product'] has an unknown key 'PREFECH'.",
            "Did you mean 'PREFETCH'?",
        ),
        ({"LM": {"DEVICE": ""}}, "SHOP_AI['LM'] has an unknown key 'DEVICE'.", None),
        ({"zzz": 1}, "SHOP_AI has an unknown key 'zzz'.", None),
    ],
)
def test_an_unknown_key_is_E002_with_the_nearest_or_all(data, where, hint):
    ((number, text, found),) = problems(**data)

    assert (number, text) == ("E002", where)
    assert found == hint or (hint is None and found.startswith(("Known keys: ", "Did you mean")))


def test_a_missing_key_is_E003_and_all_are_named():
    assert [text for _, text, _ in problems(ROLES={"product": {}})] == [
        "SHOP_AI['ROLES']['product'] lacks the key 'MODEL'.",
        "SHOP_AI['ROLES']['product'] lacks the key 'FIELDS'.",
    ]


def test_every_mistake_is_told_at_once():
    assert [number for number, _, _ in problems(SKILS=[], LEASE="x", ROLES={"product": {}})] == [
        "E002",
        "E003",
        "E003",
        "E001",
    ]


def test_config_raises_what_the_check_would_tell(settings):
    settings.SHOP_AI = {"SKILS": []}

    with pytest.raises(ConfigurationError, match=r"unknown key 'SKILS'\. Did you mean 'SKILLS'"):
        conf.config()


def test_settings_are_read_once_and_again_after_a_change(settings):
    settings.SHOP_AI = {"LEASE": 10}
    first = conf.config()
    settings.USE_TZ = True
    assert conf.config() is first

    settings.SHOP_AI = {"LEASE": 20}

    assert conf.config().LEASE == 20


def test_every_key_has_a_meaning():
    for cls in KEYS:
        assert all(spec.metadata["meaning"].endswith(".") for spec in fields(cls))


def test_only_conf_reads_the_dictionary():
    package = Path(conf.__file__).parent

    readers = [
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if "settings.SHOP_AI" in file.read_text(encoding="utf-8").replace("`settings.SHOP_AI`", "")
        or '(settings, "SHOP_AI"' in file.read_text(encoding="utf-8")
    ]

    assert readers == ["conf.py"]
