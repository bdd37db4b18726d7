{# Why agreement has no interval, in its own words for what corrected_incoherence says. #}
{% macro agreement_note(interval_note) -%}
    case {{ interval_note }}
        when 'all_identical' then 'none_agree'
        when 'out_of_range' then 'all_agree'
        else {{ interval_note }}
    end
{%- endmacro %}
