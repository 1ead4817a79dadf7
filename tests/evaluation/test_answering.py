"""Answers to cases, as a worker would get them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shop_ai.evaluation import Case, answered
from shop_ai.exceptions import BackendError
from shop_ai.lm.base import Candidate, Completion
from shop_ai.lm.echo import EchoBackend
from shop_ai.lm.futures import failed
from shop_ai.skills import DescribeProduct, skills
from shop_ai.worker.run import RE_ASKS
from tests.worker.by_hand import ByHand


class AtOnce(ByHand):
    """Answers each request with what a test says of it."""

    def __init__(self, say):
        super().__init__()
        self.say = say
        self.most = 0

    def submit(self, request):
        future = super().submit(request)
        said = self.say(request, len(self.asked))
        if isinstance(said, Exception):
            return failed(said)
        future.set_result(Completion(candidates=(Candidate(text=said, tokens=1),)))
        return future


def case(number=0, **values):
    facts = {"Material": "Solid oak", "Height": "45 cm"}
    return Case(id=f"c{number}", values={"name": "Stool", "attributes": facts, **values}, language="en")


TRUE = {"Material": "The stool is made of solid oak.", "Height": "The stool has a height of 45 cm."}


def truly(request, number):
    fact = request.messages[-1].text.splitlines()[-1].partition(":")[0]
    return TRUE[fact]


def test_a_text_is_what_the_skill_makes_of_the_answers():
    (outcome,) = answered(DescribeProduct(), [case()], AtOnce(truly))

    assert outcome.output.description == " ".join(TRUE.values())
    assert not outcome.error


@pytest.mark.parametrize(
    ("values", "language"), [({"attributes": {}}, "en"), ({"name": ""}, "en"), ({}, "fr")]
)
def test_what_the_skill_refuses_is_declined_and_not_asked(values, language):
    backend = AtOnce(truly)

    (outcome,) = answered(DescribeProduct(), [replace(case(**values), language=language)], backend)

    assert outcome.declined
    assert not backend.asked


def test_a_text_of_which_nothing_is_true_is_asked_for_again_and_then_declined():
    backend = AtOnce(lambda request, number: "It is the best stool of all times.")
    long = {"Story": "told " * 60, "Care": "kindly " * 60}  # too long to be stated plainly

    (outcome,) = answered(DescribeProduct(), [case(attributes=long)], backend)

    assert "no words" in outcome.declined
    assert len(backend.asked) == 2 * (1 + RE_ASKS)  # for each of the two facts
    assert backend.asked[-1][0].sampling.temperature > backend.asked[0][0].sampling.temperature


def test_one_that_fails_is_an_error_of_that_case_alone():
    def say(request, number):
        return BackendError("It broke.") if number == 1 else truly(request, number)

    first, second = sorted(
        answered(DescribeProduct(), [case(1), case(2)], AtOnce(say)), key=lambda outcome: outcome.case.id
    )

    assert (first.error, first.output) == ("It broke.", None)
    assert second.output


def test_one_whose_answer_a_skill_cannot_read_is_an_error_of_that_case_alone():
    class Clumsy(DescribeProduct):
        def answer(self, completions, subject):
            return (
                {}[subject.values["name"]]
                if subject.values["name"] == "Trap"
                else super().answer(completions, subject)
            )

    outcomes = list(answered(Clumsy(), [case(1, name="Trap"), case(2)], AtOnce(truly)))

    assert {outcome.error for outcome in outcomes} == {"KeyError: 'Trap'", ""}


@pytest.mark.parametrize("attributes", ["a text", 3, ["a"]])
def test_values_that_no_row_could_have_are_an_error_of_their_case(attributes):
    outcomes = list(answered(DescribeProduct(), [case(1, attributes=attributes), case(2)], AtOnce(truly)))

    assert len(outcomes) == 2
    assert sum(bool(outcome.output) for outcome in outcomes) == 1


def test_no_more_is_asked_at_a_time_than_there_is_room_for():
    backend, open_at_once = EchoBackend(), []
    submit, backend.room = backend.submit, 4

    def counted(request):
        open_at_once.append(sum(not future.done() for future in given))
        given.append(submit(request))
        return given[-1]

    given: list = []
    backend.submit = counted

    assert len(list(answered(DescribeProduct(), [case(n) for n in range(20)], backend))) == 20
    assert max(open_at_once) < 4


def test_a_request_may_be_changed_on_its_way():
    backend = AtOnce(truly)

    list(answered(DescribeProduct(), [case()], backend, adapt=lambda r: replace(r, adapter="red")))

    assert {request.adapter for request, _ in backend.asked} == {"red"}


def test_every_skill_of_the_settings_can_be_asked_about_a_case(shop):
    for skill in skills().values():
        assert len(list(answered(skill, [case()], EchoBackend()))) == 1
