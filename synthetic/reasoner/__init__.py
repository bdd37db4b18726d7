"""A small family of reasoning models, trained here: chain arithmetic with a written chain of thought.

It gives the warehouse real completions on a machine without keys or network. Task (`task`), training data (`data`),
sizes and checkpoints (`family`), network (`network`), training (`train`), completions (`generate`), and an
OpenAI-compatible server (`server`).
"""
