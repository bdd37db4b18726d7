"""`python -m dagster_project.cli`, for torchrun and for machines without the script on the path."""

from dagster_project.cli import main

main()
