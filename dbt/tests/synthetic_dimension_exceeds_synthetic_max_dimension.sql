-- The trajectory decomposition reads the first `synthetic_max_dimension` numbers of x. Raise the variable in
-- dbt_project.yml to the dimension named here.
select
    problem_id,
    dimension
from {{ ref("stg_synthetic_problems") }}
where
    dimension > {{ var("synthetic_max_dimension") }}
    or {{ list_length("a_matrix") }} <> dimension * dimension
    or {{ list_length("minimum") }} <> dimension
