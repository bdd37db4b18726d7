-- The mean of probability vectors is one, whatever was stated.
select
    item_number,
    sum(mean_prob) as total
from {{ ref("int_item_class_moments") }}
group by item_number
having abs(sum(mean_prob) - 1) > 1e-9
