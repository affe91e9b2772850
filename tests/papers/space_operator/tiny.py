"""A tiny random vision-language model that knows the words of this chapter's prompts."""

from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.picture import picture
from mmrepro.papers.space_operator.prompt import LANGUAGE
from tests.modeling.tiny_qwen2_vl import save_tiny

SIDE = 56
WORDS = [
    *dict.fromkeys(word for axis in LANGUAGE for word in axis),
    *("system", "prograde", "distance", "speed", "approaching", "receding", "yes", "no", "it", "is"),
]


def drawn():
    env = SpaceEnv()
    env.reset()
    return picture(env.flight, SIDE)


PICTURE = drawn()


def save(folder):
    """Save it with a louder head: a faint one cannot be taught by the attention alone."""
    from transformers import Qwen2VLForConditionalGeneration

    configuration = save_tiny(folder, WORDS)
    model = Qwen2VLForConditionalGeneration.from_pretrained(folder)
    model.lm_head.weight.data *= 20
    model.save_pretrained(folder)
    return configuration
