"""dbt-score's rules of our own, beside those it brings (pyproject.toml says which of these are off, and why)."""

import re

from dbt_score import Model, RuleViolation, Severity, Source, rule, rule_filter


@rule_filter
def is_mart(model: Model) -> bool:
    """Models that people read."""
    return model.original_file_path.startswith("models/marts/")


def _key(model: Model) -> list[str]:
    """The columns that are tested to be unique together; none if nothing is."""
    for test in model.tests:
        if test.type in ("unique_grain", "numbers_are_those_of_raw_rows"):
            return test.kwargs["columns"]
    return [column.name for column in model.columns if any(test.type == "unique" for test in column.tests)][:1]


@rule(severity=Severity.HIGH)
def description_says_what_a_row_is(model: Model) -> RuleViolation | None:
    """A reader of the description knows what one row is, and so what a count means.

    That is, it says "one row per", or names the primary key, and then the one that is tested to be unique.
    """
    stated = re.search(r"\bprimary key:\s*([\w\s,]+)", model.description, re.IGNORECASE)
    if not stated:
        per = re.search(r"\bone\s+row\s+per\b", model.description, re.IGNORECASE)
        return None if per else RuleViolation("The description says neither 'one row per …' nor 'Primary key: …'.")
    key = _key(model)
    if key and set(re.findall(r"\w+", stated[1])) != set(key):
        return RuleViolation(f"The description's primary key is {stated[1]}, the tested one {', '.join(key)}.")
    return None


@rule(rule_filters={is_mart()}, severity=Severity.CRITICAL)
def mart_has_a_primary_key(model: Model) -> RuleViolation | None:
    """A mart has columns that are unique together, tested, and none of them is null, by constraint or test."""
    key = _key(model)
    if not key:
        return RuleViolation("No test of unique_grain, and no column with a test of unique.")
    sure = {
        column.name
        for column in model.columns
        if any(test.type == "not_null" for test in column.tests)
        or any(constraint.type == "not_null" for constraint in column.constraints)
    }
    if unsure := [name for name in key if name not in sure]:
        return RuleViolation(f"Nothing says that these columns of the key are not null: {', '.join(unsure)}.")
    return None


@rule(rule_filters={is_mart()})
def mart_has_a_consumer(model: Model) -> RuleViolation | None:
    """A mart is read by another model or named by an exposure: what nobody reads is not kept up."""
    if not model.children:
        return RuleViolation("No model and no exposure reads it.")
    return None


@rule
def is_owned(model: Model) -> RuleViolation | None:
    """A model belongs to a group; a group has an owner, which dbt itself insists on."""
    return None if model.group else RuleViolation("The model is in no group.")


@rule
def view_has_no_not_null_constraint(model: Model) -> RuleViolation | None:
    """On a view a constraint is a wish: no warehouse enforces it. A test of not_null does."""
    wishes = [
        column.name
        for column in model.columns
        if model.config.get("materialized") == "view" and any(it.type == "not_null" for it in column.constraints)
    ]
    return RuleViolation(f"Constraints on a view hold nothing: {', '.join(wishes)}.") if wishes else None


@rule
def source_columns_are_described_and_typed(source: Source) -> RuleViolation | None:
    """Each column of a source has a description, and the type that the analyzer of queries goes by."""
    bare = [column.name for column in source.columns if not column.description or not column.data_type]
    return RuleViolation(f"No description or no data_type: {', '.join(bare)}.") if bare else None
