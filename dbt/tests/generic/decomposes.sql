{#
  Rows where bias² + variance is not the error. The three are aggregated apart from each other, so this holds only if
  all three are right. Errors above 1 are compared relative to their size.
#}
{% test decomposes(model, tolerance=1e-9) %}

    select
        error,
        bias_sq,
        variance,
        bias_sq + variance - error as gap
    from {{ model }}
    where
        abs(bias_sq + variance - error) > {{ tolerance }} * greatest(1, error)
        or bias_sq + variance - error is null

{% endtest %}
