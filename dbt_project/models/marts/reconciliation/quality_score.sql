with before_the_move as (
    select
        object,
        dimension,
        good,
        total
    from {{ ref('int_recon_quality_before') }}
),

after_the_move as (
    select
        object,
        dimension,
        good,
        total
    from {{ ref('int_recon_quality_after') }}
),

scored as (
    select
        before_the_move.object,
        before_the_move.dimension,
        before_the_move.good as good_before,
        before_the_move.total as all_before,
        coalesce(after_the_move.good, 0) as good_after,
        coalesce(after_the_move.total, 0) as all_after
    from before_the_move
    left join after_the_move
        on before_the_move.object = after_the_move.object and before_the_move.dimension = after_the_move.dimension
)

select
    object,
    dimension,
    good_before,
    all_before,
    cast(good_before / nullif(all_before, 0) as number(18, 6)) as score_before,
    good_after,
    all_after,
    cast(good_after / nullif(all_after, 0) as number(18, 6)) as score_after
from scored
