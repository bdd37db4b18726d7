{# A view, written in place, as tables are. #}
{% materialization view, adapter="duckdb" %}
    {% set existing = load_cached_relation(this) %}
    {% set target_relation = this.incorporate(type="view") %}
    {% if existing is not none and not existing.is_view %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement("main") %}
        create or replace view {{ target_relation }} as ({{ compiled_code }})
    {% endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
