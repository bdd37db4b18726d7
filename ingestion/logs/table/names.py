"""What columns of tables are usually called, by entry of the mapping; compared without case and separators."""

from __future__ import annotations

import re


def plain_name(column: str) -> str:
    """The last name of a path as it is compared: `Task ID`, `task_id` and `meta.taskId` are all `taskid`."""
    return re.sub(r"[\s_\-]+", "", column.split(".")[-1]).lower()


def _names(text: str) -> tuple[str, ...]:
    return tuple(plain_name(name) for name in text.split())


ENTRY_NAMES: dict[str, tuple[str, ...]] = {
    "task": _names(
        "task task_name benchmark dataset dataset_name eval eval_name evaluation evaluation_name suite aufgabe"
    ),
    "model": _names("model model_id model_name model_slug llm engine agent_model modell system_name"),
    "item": _names(
        "item item_id question_id task_id instance_id problem_id example_id sample_id prompt_id case_id test_id qid "
        "rubric_id doc_id question_idx question_index item_idx idx uid uuid id"
    ),
    "epoch": _names(
        "epoch trial trial_id trial_index repeat repeat_id repeat_index rep replicate run run_idx run_index run_number "
        "attempt attempt_id iteration iter seed_index sample_index sample_idx generation_index try round lauf"
    ),
    "question": _names("question prompt input problem instruction query question_text frage"),
    "choices": _names("choices options answer_choices answer_options"),
    "target": _names(
        "target gt gold gold_answer gold_label label correct_answer correct_option expected expected_answer "
        "expected_output ground_truth groundtruth answer_key reference reference_answer solution"
    ),
    "answer": _names(
        "answer response prediction predicted predicted_answer pred preds predictions model_answer choice chosen "
        "parsed_answer extracted_answer final_answer letter answers responses antwort picked"
    ),
    "probabilities": _names("probabilities probs class_probs option_probs"),
    "score": _names(
        "score scores reward rewards correct is_correct correctness passed is_passed resolved is_resolved success "
        "is_success acc accuracy exact_match grade rating verdict outcome result"
    ),
    "grader": _names(
        "grader grader_id grader_name grader_model judge judge_id judge_name judge_model rater rater_id annotator "
        "annotator_id evaluator"
    ),
    "grade_repeat": _names("grade_repeat grader_repeat grader_run judge_repeat judge_run judge_trial rating_repeat"),
    "tests": _names("tests test_results test_outcomes parser_results"),
    "completion": _names("completion completions output outputs generation generations text model_output raw_response"),
    "reasoning": _names("reasoning thinking reasoning_content reasoning_trace cot chain_of_thought"),
    "subject": _names("subject category topic domain"),
    "subset": _names("subset split config"),
    "human_difficulty": _names("human_difficulty difficulty level difficulty_level"),
    "error": _names("error exception error_message"),
    "finish_reason": _names("finish_reason stop_reason"),
    "input_tokens": _names("input_tokens prompt_tokens tokens_in n_input_tokens total_input_tokens"),
    "output_tokens": _names(
        "output_tokens completion_tokens tokens_out n_tokens n_output_tokens generated_tokens total_output_tokens"
    ),
    "reasoning_tokens": _names("reasoning_tokens thinking_tokens"),
    "n_actions": _names("n_actions n_steps steps num_turns n_turns num_steps turns_count tool_calls_count"),
    "latency_s": _names("latency_s latency duration_s elapsed_s duration_seconds"),
    "cost_usd": _names("cost_usd cost total_cost cost_in_usd price_usd"),
    "created_at": _names("created_at timestamp time created started_at"),
}
"""Entry of the mapping → names of columns, the likeliest first."""

CONDITION_NAMES = frozenset(
    _names(
        "condition variant scaffold strategy setting arm treatment mode persona intervention method approach framing "
        "system system_prompt prompt_type prompt_name prompt_version prompt_variant prompt_template prompt_format "
        "template hint hint_type config_name language format agent agent_name harness checkpoint revision "
        "temperature top_p top_k max_tokens reasoning_effort effort thinking_budget reasoning_budget budget "
        "n_shots num_fewshot shots few_shot quantization quantisation"
    )
)
"""Names of columns that hold what was held fixed while repeating."""
