"""What the AI can do, one file each. A skill imports no other skill and no model of ours."""

from __future__ import annotations

from shop_ai.skills.base import Answer, Params, Skill, Subject
from shop_ai.skills.describe_product import DescribeProduct
from shop_ai.skills.registry import skill, skills

__all__ = ("Answer", "DescribeProduct", "Params", "Skill", "Subject", "skill", "skills")
