"""The store goes on as if nothing were the matter while the broker is away."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from demo_store.catalogue.models import Product
from shop_ai.models import Job
from tests.celery.goods import form
from tests.celery.harness import all_ended, check, check_written_once, counts, wait_until

SAVES = 50


@pytest.mark.parametrize("debounce", [0.0, 0.5])
def test_products_saved_while_redis_is_away_are_described(redis, ai, start, client, products, debounce):
    ai(ON_CREATE={"describe_product": {}}, DEBOUNCE=debounce)
    start(redis)
    products(0)
    client.force_login(User.objects.create_superuser("admin"))
    redis.kill()

    answers = [client.post("/admin/catalogue/product/add/", form(n)) for n in range(SAVES)]

    assert {answer.status_code for answer in answers} == {302}
    assert Job.objects.count() == SAVES
    wait_until(all_ended, "the jobs")
    assert counts() == {"succeeded": SAVES}
    check(SAVES)
    check_written_once(Product.objects.all())
