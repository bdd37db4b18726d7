{# A view, written in place, as tables are. #}
{% materialization view, adapter="duckdb" %}
    {{ return(written_in_place("view", "create or replace view " ~ this ~ " as (" ~ compiled_code ~ ")")) }}
{% endmaterialization %}
