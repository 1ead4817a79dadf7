"""What the worker writes in these tests: each write leaves a line, so that a second one would be seen."""

from __future__ import annotations

from shop_ai.skills.describe_product import DescribeProduct


def read(product):
    return product.long_text


def append(product, value, language):
    """One more line, whatever stands there already."""
    product.long_text += f"{value}\n"
    product.save(update_fields=["long_text"])


class WriteAtOnce(DescribeProduct):
    """Descriptions that nobody approves."""

    approval = False
