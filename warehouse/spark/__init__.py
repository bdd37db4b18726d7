"""The same dbt project on Apache Spark, for who has outgrown one machine.

What belongs here: Spark's session and its functions, the raw files as its tables, and its result on the way to the
build database. What does not: any difference of SQL (`dbt/macros/engine*.sql`), when dbt runs (`warehouse.transform`).
Nothing here is imported without `pip install '.[spark]'`.
"""
