{#
  Σ_ij A_ij · term(i, j), with A a row-major list of dimension × dimension numbers. `term` is a macro's name:
  `product_of` for vᵀ A v of one vector, `covariance_of` for the mean of vᵀ A v over many centred ones.
  Components beyond the problem's own dimension add nothing.
#}
{% macro quadratic_form(matrix, dimension, term, name) -%}
    {%- set terms = [] -%}
    {%- for i in range(var("synthetic_max_dimension") | int) -%}
        {%- for j in range(var("synthetic_max_dimension") | int) -%}
            {%- set element = list_element(matrix, i ~ " * " ~ dimension ~ " + " ~ j) -%}
            {%- set factor = product_of(name, i, j) if term == "product_of" else covariance_of(name, i, j) -%}
            {%- do terms.append(
                "case when " ~ [i, j] | max ~ " < " ~ dimension ~ " then " ~ element ~ " * " ~ factor ~ " else 0 end"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    ({{ terms | join(" + ") }})
{%- endmacro %}

{% macro product_of(name, i, j) -%}
    {{ name }}_{{ i }} * {{ name }}_{{ j }}
{%- endmacro %}

{% macro covariance_of(name, i, j) -%}
    {{ name }}_{{ [i, j] | min }}_{{ [i, j] | max }}
{%- endmacro %}
