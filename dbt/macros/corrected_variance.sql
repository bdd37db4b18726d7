{#
  A population variance over S samples without the bias of few: · S / (S − 1); NULL with one sample, which says nothing.
  A plug-in bias² is too large by this over S.
#}
{% macro corrected_variance(variance, n_samples) -%}
    case when {{ n_samples }} > 1 then {{ variance }} * {{ n_samples }} / ({{ n_samples }} - 1) end
{%- endmacro %}
