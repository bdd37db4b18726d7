{#
  Rows of a raw table that count. Those of an imported file do once its row in `imports` is there, which is written last:
  what a killed import left behind is no data. `import_number` is NULL where no import brought the row, or one before
  imports were numbered.
#}
{% macro rows_that_count(table) %}
    select
        raw_rows.*,
        raw_imports.import_number
    from {{ source("raw", table) }} as raw_rows
    left join {{ source("raw", "imports") }} as raw_imports on raw_rows.import_id = raw_imports.import_id
    where raw_rows.import_id is null or raw_imports.import_id is not null
{% endmacro %}

{# Of copies, the one that was imported last comes first. Imports are numbered, because a clock may be set back. #}
{% macro last_import_first() %}import_number desc nulls last, ingested_at desc, import_id desc nulls last{% endmacro %}

{# The same, but what this warehouse was told itself, by the sampler, comes before what any log says. #}
{% macro own_rows_first() %}import_id is null desc, {{ last_import_first() }}{% endmacro %}
