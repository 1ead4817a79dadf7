"""A translation in a store with a text for each language: from the source, checked, written there."""

from __future__ import annotations

import pytest

from shop_ai import jobs
from shop_ai.exceptions import Declined, Unsupported
from shop_ai.lm.base import Candidate, Completion
from shop_ai.lm.echo import EchoBackend
from shop_ai.models import Job, Suggestion
from shop_ai.models.finish import Result, finish
from shop_ai.models.guidance import InForce
from shop_ai.skills import Subject, TranslateProduct
from shop_ai.worker.run import load, prepare
from tests.roles.rows import product
from tests.shop import Hand
from tests.stores.awkward.models import Translation

SOURCE = "The Tarn bottle holds 750 ml and weighs 310 g."
GOOD = "Tarn 水壶容量为750毫升，重310克。"


def answered(text, *, source=SOURCE, here="", language="zh-hans", limit=None):
    asked = TranslateProduct()
    about = Subject(
        values={"description": here, "source": {"description": source}},
        params=asked.Params(),
        language=language,
        limits={"description": limit} if limit else {},
    )
    asked.requests(about)
    output = asked.Output.model_construct(description=text).model_dump_json()
    told = Completion(candidates=(Candidate(text=output, tokens=1),))
    return asked.answer([told], about).output.description


def test_the_model_is_asked_for_the_language_by_name():
    about = Subject(
        values={"description": "", "source": {"description": SOURCE}},
        params=TranslateProduct.Params(),
        language="zh-hans",
    )
    (request,) = TranslateProduct().requests(about)

    assert request.messages[-1].text == f"Translate into Simplified Chinese:\n{SOURCE}"
    assert [one.trusted for one in request.messages[-1].segments if SOURCE in one.text] == [False]


def test_a_translation_with_the_same_numbers_is_offered():
    assert answered(GOOD) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "Tarn 水壶容量为700毫升，重310克。",
        "Tarn 水壶容量为750毫升。",
        "Tarn 水壶容量为750毫升，重310克，保修2年。",
        "750, 310。",
        SOURCE,
        GOOD * 20,
    ],
)
def test_other_numbers_another_language_or_another_length_are_not(text):
    with pytest.raises(Unsupported):
        answered(text)


def test_a_field_that_is_too_short_gets_no_half_of_it():
    with pytest.raises(Unsupported, match="too short"):
        answered(GOOD, limit=10)


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"source": ""}, ["description"]),
        ({"here": SOURCE}, ["language"]),
        ({"language": "fr"}, ["language"]),
    ],
)
def test_what_cannot_be_translated_is_declined(more, missing):
    with pytest.raises(Declined) as refused:
        answered(GOOD, **more)

    assert list(refused.value.missing) == missing


def bottle():
    """One with a text in English alone."""
    made = product()
    Translation.objects.filter(product=made, language="en").update(description=SOURCE)
    Translation.objects.filter(product=made, language="zh-hans").update(description="")
    return made


def translated(awkward_settings, row):
    """The job that runs, and its answer, as far as the store has not heard of it."""
    awkward_settings.SHOP_AI = {
        **awkward_settings.SHOP_AI,
        "SKILLS": ["shop_ai.skills.TranslateProduct"],
    }
    jobs.enqueue("translate_product", row, params={"language": "zh-hans"})
    job = Hand().one()
    run = prepare(job, load([job]), EchoBackend(), InForce())
    text = run.skill.Output(description=GOOD).model_dump_json()
    answer = run.skill.answer([Completion(candidates=(Candidate(text=text, tokens=1),))], run.subject)
    return job, run, Result(answer=answer, reading=run.reading())


@pytest.mark.django_db
def test_it_is_written_in_the_other_language_and_the_source_stays(awkward):
    row = bottle()
    job, run, result = translated(awkward, row)

    assert SOURCE in run.requests[0].messages[-1].text
    assert "source.description" in run.reading().fields
    assert finish(job, result) == "succeeded"
    jobs.apply(Suggestion.objects.get(), by=None)

    texts = dict(Translation.objects.filter(product=row).values_list("language", "description"))
    assert texts == {"en": SOURCE, "zh-hans": GOOD}


@pytest.mark.django_db
def test_a_source_that_was_changed_meanwhile_makes_it_stale(awkward):
    row = bottle()
    job, _run, result = translated(awkward, row)

    Translation.objects.filter(product=row, language="en").update(description="Now 1 l.")

    assert finish(job, result) == "stale"
    assert Job.objects.filter(state="queued").count() == 1  # asked again, from what is there now
