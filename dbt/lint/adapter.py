"""Stands in for dbt's `adapter` while sqlfluff renders the models: any SQL will do, only its shape is linted."""

from collections.abc import Callable


def dispatch(macro_name: str, macro_namespace: str | None = None) -> Callable[..., str]:
    """A macro that renders to a call of its own name with its arguments."""

    def rendered(*arguments: object) -> str:
        if macro_name == "per_pool":
            return ""
        if macro_name == "positions":
            return f"cross join unnest(range({arguments[0]})) as positions({arguments[1]})"
        if macro_name == "each_number":
            return f"cross join unnest({arguments[0]}) as numbers({arguments[1]})"
        if macro_name == "setting_leaves":
            return f"select condition_id, setting, value, told from {arguments[0]}"
        if macro_name == "joined":
            return f"string_agg({arguments[0]}, '{arguments[1]}' order by {arguments[2]})"
        if macro_name in ("halved_shifts", "drawn_votes"):
            return "select * from begun"
        return f"{macro_name}({', '.join(str(argument) for argument in arguments if '%' not in str(argument))})"

    return rendered
