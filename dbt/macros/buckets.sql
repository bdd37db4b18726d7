{# a / b without its remainder; every engine agrees on floor, none on an operator. #}
{% macro whole(a, b) -%}
    cast(floor(({{ a }}) / ({{ b }})) as bigint)
{%- endmacro %}

{# How many equal-count buckets a set of n items is cut into. #}
{% macro n_buckets(n, most=none) -%}
    greatest(1, least({{ var("max_buckets") if most is none else most }}, {{ whole(n, var("min_items_per_bucket")) }}))
{%- endmacro %}

{#
  Bucket (from 1) of the item at `position` (from 1) when n items in order are cut into k equal-count buckets, the first
  n mod k of them one item larger: what ntile(k) gives, for a k that differs by group.
#}
{% macro equal_count_bucket(position, n, k) -%}
    case
        when {{ position }} - 1 < ({{ n }} % {{ k }}) * ({{ whole(n, k) }} + 1)
            then {{ whole(position ~ " - 1", whole(n, k) ~ " + 1") }} + 1
        else {{ whole(position ~ " - 1 - " ~ n ~ " % " ~ k, whole(n, k)) }} + 1
    end
{%- endmacro %}
