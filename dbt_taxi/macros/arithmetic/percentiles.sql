{% macro running_counts(counted, value, by) -%}
    {#- Rows with the same value are peers of one frame: each gets the count up to and with all of them. -#}
    cast(sum({{ counted }}) over (partition by {{ by | join(", ") }} order by {{ value }}) as bigint) as running_count,
        cast(sum({{ counted }}) over (partition by {{ by | join(", ") }}) as bigint) as whole_count
{%- endmacro %}

{% macro percentile_of_counts(percent, value) -%}
    {#- Of n values in order, numbered from 0, the percentile stands at rank = percent / 100 * (n - 1), mostly between
        two of them: the last at or before rank is the first value with more than rank values up to it, the next one
        the first with at least rank values before its own last. Both sides times 100, so that all stays integer. -#}
    {%- set rank = percent ~ " * (whole_count - 1)" -%}
    {%- set lower = "min(case when running_count * 100 > " ~ rank ~ " then " ~ value ~ " end)" -%}
    {%- set upper = "min(case when (running_count - 1) * 100 >= " ~ rank ~ " then " ~ value ~ " end)" -%}
    {%- set fraction = "mod(" ~ percent ~ " * (max(whole_count) - 1), 100)" -%}
    {{ lower }} * (100 - {{ fraction }})
        + {{ upper }} * {{ fraction }}
{%- endmacro %}

{% macro median_of_counts(counts, value, by) -%}
    {#- Of `trips` trips in each row; of the groups of `by`. -#}
    select
        {{ by | join(", ") }},
        {{ decimal_of(percentile_of_counts(50, value), 2) }} as median_{{ value }}
    from (
        select
            {{ by | join(", ") }},
            {{ value }},
            {{ running_counts("trips", value, by) }}
        from {{ counts }}
    ) as counted
    group by {{ by | join(", ") }}
{%- endmacro %}
