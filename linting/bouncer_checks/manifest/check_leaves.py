"""A check that dbt-bouncer lacks: dbt-project-evaluator's fan-out, which counts only children that are leaves."""

from dbt_bouncer.check_framework.decorator import check, fail


@check
def check_model_max_leaf_children(model, ctx, *, max_leaf_children: int = 3):
    """A model may be the parent of `max_leaf_children` models that nothing is built on, not of more.

    Many reports directly on one model want a model in between. (dbt-bouncer's own check_model_max_fanout counts every
    child, and so would refuse a fact table that many aggregates are built on.)
    https://dbt-labs.github.io/dbt-project-evaluator/latest/rules/modeling/#model-fanout
    """
    children = ctx.children_by_unique_id
    leaves = sorted(child.name for child in children.get(model.unique_id, []) if not children.get(child.unique_id))
    if len(leaves) > max_leaf_children:
        fail(f"`{model.name}` has {len(leaves)} children that are leaves, more than {max_leaf_children}: {leaves}")
