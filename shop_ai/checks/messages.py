"""Every id a check may use, and how a message is made. docs/checks.md is this table."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.checks import CheckMessage, Error, Warning

IDS: Mapping[str, str] = {
    "E001": "A key has a value of the wrong type.",
    "E002": "A key is unknown.",
    "E003": "A required key is missing.",
    "E004": "ROLES names a role that does not exist.",
    "E005": "MODEL names a model that does not exist.",
    "E006": "A field that the role needs is not bound.",
    "W007": "FIELDS binds a field that no role and no skill knows.",
    "E008": "A path does not lead anywhere.",
    "E009": "A skill writes to something that is no column and has no WRITE function.",
    "E010": "The dotted name of a function cannot be imported.",
    "E011": "What a dotted name leads to cannot be called the way it will be.",
    "W012": "A WRITE has no UNDO, so results cannot be reverted.",
    "E013": "FILTER or ORDER does not fit the model.",
    "E014": "A condition on rows does not fit the model.",
    "E015": "A setting names a skill that is not listed in SKILLS.",
    "E016": "STALENESS has a value other than requeue, suggest and ignore.",
    "E017": "MANAGER names a manager that does not exist.",
    "E018": "PREFETCH names something that is no relation.",
    "E019": "FORMAT has a value other than text and html.",
    "E020": "A skill cannot be imported.",
    "E021": "A listed skill is not a subclass of Skill.",
    "E022": "Two skills have one name.",
    "E023": "The role that a skill works on is not bound.",
    "W024": "A skill writes to a field that is not bound.",
    "E025": "A skill would write to a database other than that of our own tables.",
    "E026": "A path leads to a method that changes data.",
    "E027": "A skill writes to a column that another package translates.",
    "W028": "An UNDO stands without a WRITE.",
    "E029": "A skill lacks a declaration.",
    "E030": "The backend cannot be imported.",
    "E031": "The backend is not a subclass of Backend.",
    "W032": "LANGUAGES has a code that Django does not know.",
    "E033": "A number is out of range.",
    "E034": "An installed package is too old.",
    "E035": "STALL is shorter than LEASE.",
    "W036": "LEASE is so short that a pause of the worker costs its jobs.",
    "E037": "LANGUAGES is empty.",
    "E038": "The backend does not know an option.",
    "E039": "An option of the backend has a value that it does not take.",
    "W040": "SQLite is not set up for a worker beside the web processes.",
    "W041": "The filesystem broker is used outside development.",
    "W042": "Celery speaks something other than JSON.",
    "E043": "Celery runs tasks in the web process.",
    "E044": "STREAM_URL is no address of a Redis.",
    "E045": "Django keeps times without a zone.",
    "E046": "CHECKPOINT is not the name of a checkpoint.",
    "E047": "CELERY_QUEUES cannot begin the name of a queue.",
    "E048": "A skill writes to the column that it reads from.",
    "E050": "shop_ai stands before the admin in INSTALLED_APPS.",
    "E051": "The admin does not look for admin modules.",
    "E052": "A bound model is not on the AdminSite.",
    "E053": "ADMIN_SITE does not lead to an AdminSite.",
    "E054": "ADMIN is True and the admin is not installed.",
    "E060": "The prompt of a skill does not compile.",
    "E061": "The prompt of a skill asks for a field that its role does not have.",
    "E062": "A skill writes a field that its Output does not have.",
    "E063": "A skill streams and its Output has no text.",
    "E064": "A skill names an adapter, and the backend cannot use it.",
    "W065": "A skill names an adapter that is not installed, or is damaged.",
    "W066": "A skill names an adapter that fits another checkpoint.",
    "W070": "ON_CREATE names a skill for rows of which new ones cannot be told from old.",
    "E071": "Two roles are bound to one model.",
    "E072": "What is bound as facts holds no names and values.",
    "E073": "A skill writes to a column that does not take it.",
    "W074": "A skill writes to a column that no two rows may have alike.",
    "W075": "A field that a skill cannot do without is not bound.",
    "W076": "A skill writes to a column with choices that it does not know.",
    "W077": "The settings have no SHOP_AI.",
}


def message(number: str, text: str, hint: str) -> CheckMessage:
    """An error or a warning, by the letter of its id."""
    kind = {"E": Error, "W": Warning}[number[0]]
    return kind(text, hint=hint, id=f"shop_ai.{number}")
