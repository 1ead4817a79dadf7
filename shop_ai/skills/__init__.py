"""What the AI can do, one file each. A skill imports no other skill and no model of ours."""

from __future__ import annotations

from shop_ai.skills.base import Answer, Params, Skill, Subject
from shop_ai.skills.describe_product import DescribeProduct
from shop_ai.skills.registry import skill, skills
from shop_ai.skills.translate_product import TranslateProduct
from shop_ai.skills.write_bullet_points import WriteBulletPoints
from shop_ai.skills.write_image_alt import WriteImageAlt
from shop_ai.skills.write_seo_description import WriteSEODescription
from shop_ai.skills.write_seo_title import WriteSEOTitle
from shop_ai.skills.write_short_description import WriteShortDescription

__all__ = (
    "Answer",
    "DescribeProduct",
    "Params",
    "Skill",
    "Subject",
    "TranslateProduct",
    "WriteBulletPoints",
    "WriteImageAlt",
    "WriteSEODescription",
    "WriteSEOTitle",
    "WriteShortDescription",
    "skill",
    "skills",
)
