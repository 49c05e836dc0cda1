"""Row G7: a step of preference tuning on the QLoRA shape, and rollouts of many prompts at temperature 1."""
import torch
import transformers

import hf
import hone
from base import RANK, RATE, Base, adapter_on_card, drawn_adapter, drawn_ids, fitting, named
from decoder import PAGE, Decoder
from llama import S8, step
from measure import DEVICE, SMALL, Later, attempt, compare, error
from preference import BETA, Preference
from rows_decode import LOGITS
from rows_train import adamw

# Of the loss of the first step. A log-probability in bf16 is off by some 2^-6 on both sides, a margin sums 2 x 2 x 512 of them times
# 0.1: 0.1 of a margin of several.
LOSS = 0.1


def g7():
    base = Base(fitting(S8))
    for recompute in (False, True)[: 1 if SMALL else 2]:
        attempt("G7", preference_row, base, recompute)
    attempt("G7", rollout_row, base)


def preference_row(base, recompute):
    shape, pairs, length = base.shape, *((1, 16) if SMALL else (4, 1024))
    prompt, ids = length // 2, drawn_ids(base.shape, 2 * pairs, length)
    drawn, held, first = drawn_adapter(shape), [], {}

    def ours():
        if not held:
            adapter = adapter_on_card(shape, drawn)
            held.extend((Preference(shape, base.on_card("nf4"), adapter, ids, prompt, recompute), adapter, 0))
        held[2] += 1
        held[1].clear()
        first.setdefault("ours", held[0].gradients())
        step(held[1], held[2], RATE)

    def build(form):
        model, parameters = hf.lora(base, form, drawn, recompute)
        return hf.train_step(model, adamw(parameters.values()), ids, first, lambda: hf.dpo_loss(model, ids, prompt, BETA))

    # Two forward passes of all, and the gradients of the inputs of one.
    flop = (2 + 2 + 2) * 2 * pairs * length * shape.linear_weights + (1 + 3.5) * 2 * 2 * pairs * length * length * shape.heads * shape.head * shape.layers
    again = ", layers computed again" if recompute else ""
    for form in hf.four_bit_forms():
        first.pop("peer", None)
        compare("G7", f"DPO, QLoRA r{RANK}, {named(shape)}, {pairs} pairs of {length}{again}", ours, Later(lambda: build(form)), 2 * pairs * length, "token/s",
                f"{hf.NAME}, peft, {form}, reference by disable_adapter{again}", lambda: abs(first["ours"] / first["peer"].item() - 1) if "peer" in first else None,
                LOSS, "ratio >= 1.4", lambda line: line["ratio"] >= 1.4, ("TFLOP/s", flop / 1e12), turns=4, let_go=held.clear)


class Rollout:
    """Prompts of one length in chunks, then a graph for each token of all of them."""

    def __init__(self, shape, weights, prompts, new):
        self.prompts, self.new = prompts, new
        self.decoder = Decoder(shape, weights, len(prompts), -(-(len(prompts[0]) + new) // PAGE))
        self.plan, self.logits = self.decoder.record(len(prompts), temperature=1.0)

    def run(self):
        length = len(self.prompts[0])
        rows = [(id, at, position, -1) for at, ids in enumerate(self.prompts) for position, id in enumerate(ids[:-1])]
        for begin in range(0, len(rows), 1024):
            self.decoder.run(rows[begin : begin + 1024])
        self.texts = [list(ids) for ids in self.prompts]
        for _ in range(self.new):
            numbers = self.decoder.numbers([(text[-1], at, len(text) - 1, -1) for at, text in enumerate(self.texts)])
            for text, token in zip(self.texts, self.plan.run(numbers, len(self.texts))):
                text.append(token)


def rollout_row(base):
    """The peer draws fewer tokens, since it takes seconds for each hundred; its rate is that of the shorter contexts."""
    shape = base.shape
    count, length, new, their_new = (3, 20, 6, 4) if SMALL else (64, 128, 512, 128)
    prompts = drawn_ids(shape, count, length)
    ours = Rollout(shape, base.on_card("bf16"), prompts.tolist(), new)
    held = {}

    def build():
        held["model"] = model = hf.model_of(base, "bf16").eval()
        settings = transformers.GenerationConfig(do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=their_new, min_new_tokens=their_new,
                                                 cache_implementation="static", disable_compile=True, pad_token_id=0)
        mask = torch.ones_like(prompts)
        return lambda: model.generate(prompts, attention_mask=mask, generation_config=settings)

    def gate():
        """Logits of the last step against the peer's over the whole texts, all of them drawn by us."""
        if "model" not in held:
            return None
        texts = torch.tensor([text[:-1] for text in ours.texts[:2]], device=DEVICE)
        with torch.no_grad():
            return error(ours.logits.read()[:2], held["model"](input_ids=texts, use_cache=False, logits_to_keep=1).logits[:, -1])

    compare("G7", f"rollouts of {count} prompts of {length}, {new} tokens each at temperature 1, {named(shape)}", ours.run, Later(build), count * new, "token/s",
            f"{hf.NAME}, generate, static cache, {their_new} tokens each", gate, LOGITS, "ratio >= 5", lambda line: line["ratio"] >= 5, turns=2,
            peer_work=count * their_new)
