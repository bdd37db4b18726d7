"""The synthetic optimizer's settings: frozen, named, and hashed into the ids of everything made from them.

Every number of the paper's section 5 and appendix ("synthetic optimizer") is a field here; `synthetic.profiles` holds
their values. A field that the paper leaves open says so with the word *choice*. Where a machine runs (device, threads)
is not a setting of the experiment: it is an argument of the functions in `synthetic.experiment`.

Nothing here imports torch, so that reading a configuration or finding that there is nothing to do costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from warehouse.keys import canonical_json, digest

CODE_VERSION = 3
"""Raise it when the same configuration would give other numbers than before: it is part of every problem_id."""

VOCABULARY = "0123456789+-"
"""Token ids are places in this string (paper: vocabulary `0-9 + -`)."""

TEACHER_ID = "steepest-descent"
"""model_id of the teacher's own rollouts."""

NOT_IN_PROBLEM_ID = ("profile", "seeds")
"""Fields of an experiment that its problem_id leaves out: a name, and what is in the models' ids."""

STANDARD_STARTS = "standard"
"""Name of the starts that every experiment has."""


class ConfigError(ValueError):
    """A configuration that cannot be run; the message names field, value and fix."""


@dataclass(frozen=True)
class ProblemConfig:
    """The quadratic f(x) = ½ (x − b)ᵀ A (x − b) and its teacher (paper section 5).

    Attributes:
        dimension: d, the length of x. Paper: 4.
        condition_number: largest over smallest eigenvalue of A. Paper: 50.
        largest_eigenvalue: scale of A. Choice: 1; steepest descent of a fixed step norm does not depend on it.
        minimum_scale: b is uniform in [−minimum_scale, minimum_scale]^d. Choice.
        start_scale: training trajectories start at b plus a Gaussian of this standard deviation per coordinate.
            Choice; the paper says "random starting points around the minimum".
        step_norm: length of every step of the teacher. Paper: 0.005.
        seed: of A and b.
    """

    dimension: int
    condition_number: float
    largest_eigenvalue: float
    minimum_scale: float
    start_scale: float
    step_norm: float
    seed: int


@dataclass(frozen=True)
class TokenConfig:
    """How a number becomes tokens (paper: decoding-based regression, Song & Bahri 2025).

    Attributes:
        decimals: p, mantissa digits after the first. Paper: 4.
    """

    decimals: int

    @property
    def tokens_per_number(self) -> int:
        """Sign, exponent digit, and 1 + p mantissa digits."""
        return 3 + self.decimals


@dataclass(frozen=True)
class DataConfig:
    """The teacher's trajectories that models learn from.

    Attributes:
        n_trajectories: number of trajectories, held-out ones included. Paper: 20,000.
        n_steps: pairs (x, u) per trajectory. Paper: 4,096.
        held_out_fraction: share of *trajectories* kept for validation. Paper: 0.1.
        seed: of the starting points.
    """

    n_trajectories: int
    n_steps: int
    held_out_fraction: float
    seed: int

    @property
    def n_held_out(self) -> int:
        """Trajectories that are never trained on."""
        return round(self.n_trajectories * self.held_out_fraction)


@dataclass(frozen=True)
class ModelSize:
    """The shape of one decoder-only transformer.

    Attributes:
        name: for people and for selecting a size; the model_id comes from the parameter count and the seed.
        n_layers: blocks. The paper's models grow in depth and width.
        width: of the residual stream.
        n_heads: attention heads; divides the width.
        learning_rate: at the end of the warm-up; wider models want a smaller one. Choice.
    """

    name: str
    n_layers: int
    width: int
    n_heads: int
    learning_rate: float


@dataclass(frozen=True)
class Member:
    """One model of an experiment.

    Attributes:
        size: its shape.
        seed: of its initial weights and of the order in which it sees the data.
    """

    size: ModelSize
    seed: int

    @property
    def name(self) -> str:
        """What selects it: `58k-s1`."""
        return f"{self.size.name}-s{self.seed}"


@dataclass(frozen=True)
class TrainingConfig:
    """How every size is trained (paper: AdamW, cross-entropy).

    Attributes:
        batch_size: sequences per step. Paper: 1,024.
        n_steps: optimizer steps. Paper: about 65,000, one pass over the data.
        warmup_steps: linear warm-up from 0. Choice.
        final_learning_rate_fraction: what the cosine decays to, as a share of the size's learning rate. Choice.
        beta2: AdamW's second-moment decay (the first is 0.9). Choice.
        weight_decay: on matrices only. Choice.
        gradient_clip: largest gradient norm. Choice.
        loss_on: `update`: cross-entropy over the tokens of u, the only ones that a rollout asks for;
            `sequence`: over every token but the first, x included. The paper says "the full sequence".
        log_every: steps between logged training losses.
        validate_every: steps between validations; the last step is always validated.
        n_validation_pairs: pairs of held-out trajectories in each validation, the same ones every time.
    """

    batch_size: int
    n_steps: int
    warmup_steps: int
    final_learning_rate_fraction: float
    beta2: float
    weight_decay: float
    gradient_clip: float
    loss_on: Literal["update", "sequence"]
    log_every: int
    validate_every: int
    n_validation_pairs: int


@dataclass(frozen=True)
class StartsConfig:
    """A distribution of starting points, M anchors × K jittered replicates, and what is rolled out from them.

    Choice: the paper does not say what its mean is over, nor how its starts are spread.

    Attributes:
        name: of the distribution. The first of an experiment is called `standard`, and the findings are about it.
        n_anchors: M. Paper: M × K = 4,096 starting points in all.
        n_replicates: K ≥ 30 copies of each anchor.
        scale: anchors are b plus a Gaussian of this standard deviation per coordinate; see `ProblemConfig.start_scale`
            for those that models are trained from.
        jitter: standard deviation per coordinate of a replicate around its anchor. At 0 only a temperature tells
            replicates apart.
        temperatures: one rollout for each. 0 is greedy, as in the paper; above it, tokens are drawn from
            softmax(logits / temperature).
    """

    name: str
    n_anchors: int
    n_replicates: int
    scale: float
    jitter: float
    temperatures: tuple[float, ...]

    @property
    def n_points(self) -> int:
        """Starting points in all."""
        return self.n_anchors * self.n_replicates


@dataclass(frozen=True)
class RolloutConfig:
    """Rollouts of every trained model.

    Attributes:
        n_steps: steps of a rollout. Paper: 2,048.
        seed: of anchors, jitter and, above temperature 0, of the drawn tokens.
        starts: where from; the first distribution is `standard`.
    """

    n_steps: int
    seed: int
    starts: tuple[StartsConfig, ...]


@dataclass(frozen=True)
class ExperimentConfig:
    """Everything that defines one experiment: problem, tokens, data, sizes, training, rollouts.

    Attributes:
        profile: name for people; with the seeds the only field that is not part of `problem_id`.
        seeds: of initial weights and of the order of the data: every size is trained once with each. Whoever adds one
            keeps all that was made: a seed is no part of `problem_id`, but of the models' ids.

    Raises:
        ConfigError: if the parts do not fit together.
    """

    profile: str
    problem: ProblemConfig
    tokens: TokenConfig
    data: DataConfig
    sizes: tuple[ModelSize, ...]
    seeds: tuple[int, ...]
    training: TrainingConfig
    rollout: RolloutConfig

    def __post_init__(self) -> None:
        checks = (
            (self.problem.dimension >= 2, f"problem.dimension = {self.problem.dimension}: use at least 2"),
            (self.problem.condition_number >= 1, f"condition_number = {self.problem.condition_number}: use at least 1"),
            (self.problem.step_norm > 0, f"problem.step_norm = {self.problem.step_norm}: use a positive length"),
            (1 <= self.tokens.decimals <= 12, f"tokens.decimals = {self.tokens.decimals}: use 1 to 12"),
            (
                0 < self.data.n_held_out < self.data.n_trajectories,
                f"data.held_out_fraction = {self.data.held_out_fraction} of {self.data.n_trajectories} trajectories "
                "leaves nothing to train on or nothing to validate on",
            ),
            (bool(self.sizes), "sizes is empty: name at least one model size"),
            (
                len(set(self.seeds)) == len(self.seeds) > 0,
                f"seeds = {list(self.seeds)}: name at least one, each once",
            ),
            (
                [starts.name for starts in self.rollout.starts[:1]] == [STANDARD_STARTS],
                f"rollout.starts: call the first one {STANDARD_STARTS!r}; the findings are about it",
            ),
            *(check for starts in self.rollout.starts for check in _checks_of(starts)),
        )
        for is_met, message in checks:
            if not is_met:
                raise ConfigError(message)
        for size in self.sizes:
            if size.width % size.n_heads:
                raise ConfigError(
                    f"size {size.name!r}: width {size.width} is not a multiple of n_heads {size.n_heads}; change either"
                )
        for what, labels in (
            ("sizes share a name", [size.name for size in self.sizes]),
            ("sizes share a model_id", [self.model_id(member.name) for member in self.members]),
            ("rollout.starts share a name", [starts.name for starts in self.rollout.starts]),
        ):
            if len(set(labels)) < len(labels):
                raise ConfigError(f"two {what}: {labels}; make their names (or parameter counts) differ")

    @property
    def update_length(self) -> int:
        """Tokens of one point or one update: d numbers."""
        return self.problem.dimension * self.tokens.tokens_per_number

    @property
    def sequence_length(self) -> int:
        """Tokens of x followed by tokens of u. Paper: 56."""
        return 2 * self.update_length

    @property
    def problem_id(self) -> str:
        """16 hexadecimal digits over every setting but the profile's name and the seeds of the models."""
        return self.id_of(self.as_dict())

    @staticmethod
    def id_of(settings: Mapping[str, Any]) -> str:
        """The problem_id of settings, as JSON types."""
        return digest(
            [CODE_VERSION, {name: value for name, value in settings.items() if name not in NOT_IN_PROBLEM_ID}]
        )

    @property
    def members(self) -> tuple[Member, ...]:
        """Every model: each size with each seed, in the order of the sizes."""
        return tuple(Member(size, seed) for size in self.sizes for seed in self.seeds)

    def with_seeds(self, n_seeds: int) -> ExperimentConfig:
        """The same experiment with the seeds 1 to `n_seeds`.

        Raises:
            ConfigError: if that is none.
        """
        return replace(self, seeds=tuple(range(1, n_seeds + 1)))

    def member(self, name: str) -> Member:
        """The model of that name.

        Raises:
            ConfigError: if there is none.
        """
        for member in self.members:
            if member.name == name:
                return member
        names = [member.name for member in self.members]
        raise ConfigError(f"no model {name!r} in profile {self.profile!r}; it has {names}")

    def size(self, name: str) -> ModelSize:
        """The size of that name.

        Raises:
            ConfigError: if there is none.
        """
        for size in self.sizes:
            if size.name == name:
                return size
        raise ConfigError(f"no size {name!r} in profile {self.profile!r}; it has {[size.name for size in self.sizes]}")

    def param_count(self, size_name: str) -> int:
        """Number of parameters of a size, without building it (`synthetic.model` holds the layers)."""
        size = self.size(size_name)
        blocks = size.n_layers * (12 * size.width**2 + 2 * size.width)
        positions = self.sequence_length - 1
        return blocks + size.width * (2 * len(VOCABULARY) + positions + 1)

    def model_id(self, member_name: str) -> str:
        """Readable id from parameter count and seed: `optimizer-950-s1`, `optimizer-12k-s1`, `optimizer-4.7m-s2`."""
        member = self.member(member_name)
        count = self.param_count(member.size.name)
        readable = f"{count / 1e6:.1f}m"
        if count < 1_000:
            readable = str(count)
        elif round(count / 1e3) < 1_000:
            readable = f"{round(count / 1e3)}k"
        return f"optimizer-{readable}-s{member.seed}"

    def as_dict(self) -> dict[str, Any]:
        """The configuration as JSON types."""
        return asdict(self)

    def to_json(self) -> str:
        """The configuration as canonical JSON."""
        return canonical_json(self.as_dict())

    @classmethod
    def from_json(cls, text: str) -> ExperimentConfig:
        """Read a configuration back; every field must be there and none may be unknown.

        Raises:
            ConfigError: if the text is not such a configuration.
        """
        import msgspec

        try:
            config = msgspec.json.decode(text, type=cls)
        except (msgspec.MsgspecError, ConfigError) as error:
            raise ConfigError(f"not an experiment configuration: {error}") from error
        if config.to_json() != text:
            raise ConfigError("not an experiment configuration: unknown fields, or not canonical JSON")
        return config


def _checks_of(starts: StartsConfig) -> list[tuple[bool, str]]:
    where = f"rollout.starts {starts.name!r}"
    return [
        (starts.n_anchors >= 1, f"{where}: n_anchors = {starts.n_anchors}: use at least 1"),
        (starts.n_replicates >= 1, f"{where}: n_replicates = {starts.n_replicates}: use at least 1"),
        (starts.scale > 0, f"{where}: scale = {starts.scale}: use a positive number"),
        (starts.jitter >= 0, f"{where}: jitter = {starts.jitter}: use 0 or more"),
        (
            len(set(starts.temperatures)) == len(starts.temperatures) > 0,
            f"{where}: temperatures = {list(starts.temperatures)}: name at least one, each once",
        ),
        (
            all(temperature >= 0 for temperature in starts.temperatures),
            f"{where}: temperatures = {list(starts.temperatures)}: use 0 or more",
        ),
    ]
