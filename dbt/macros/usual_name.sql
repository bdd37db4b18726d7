{#
  A model's name as people usually write it: in lower case, without who serves it and whose it is in front
  ("openrouter/qwen/Qwen3-8B" is qwen3-8b). Only names of var model_hosts are taken off: what somebody else trained and
  calls by the same name stays another model.
#}
{% macro usual_name(model_id) -%}
    regexp_replace(lower({{ model_id }}), '^(({{ var("model_hosts") | join("|") }})/)+', '')
{%- endmacro %}
