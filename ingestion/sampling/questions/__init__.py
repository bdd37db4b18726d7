"""The questions that are asked: items of each kind of task, few-shot contexts, and the prompts made of both."""
