"""The peer that most people have: transformers' LlamaForCausalLM, made from a configuration without a download, and peft.

A 4-bit base is bitsandbytes' Linear4bit where that can be imported; else a linear layer of ours that holds the same codes and expands them
by one compiled kernel for each product, which peft takes for a plain one. What stands in the table says which.
"""
import inspect

import torch
import torch.nn.functional as F
import transformers

from base import RANK, SCALE, value_of
from llama import LINEARS
from measure import BF16, DEVICE, SMALL
from peer import Nf4Weight
from reference import MODULES, linear_of, with_peft

NAME = f"transformers {transformers.__version__}"


class Expanded(torch.autograd.Function):
    """y = x Wᵀ of a weight in 4 bits, whose expansion is not kept for the way back."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.weight = weight
        return x.to(BF16) @ weight.value().T

    @staticmethod
    def backward(ctx, dy):
        return dy.to(BF16) @ ctx.weight.value(), None


class Nf4Linear(torch.nn.Linear):
    """What peft sees is a linear layer whose parameter is the codes."""

    def __init__(self, values):
        torch.nn.Module.__init__(self)
        self.out_features, self.in_features = values.shape
        self.held = Nf4Weight(values)
        self.weight = torch.nn.Parameter(self.held.parts[0], requires_grad=False)
        self.bias = None

    def forward(self, x):
        return Expanded.apply(x, self.held)


def bitsandbytes_linear(values):
    import bitsandbytes

    layer = bitsandbytes.nn.Linear4bit(values.shape[1], values.shape[0], bias=False, compute_dtype=BF16, compress_statistics=True, quant_type="nf4")
    layer.weight = bitsandbytes.nn.Params4bit(values.cpu(), requires_grad=False, compress_statistics=True, quant_type="nf4")
    return layer.to(DEVICE)


def has_bitsandbytes():
    try:
        import bitsandbytes  # noqa: F401
    except Exception:  # It is known to raise others than ImportError where it finds no CUDA library.
        return False
    return True


def plain_linear(values):
    layer = torch.nn.Linear(values.shape[1], values.shape[0], bias=False, device="meta")
    layer.weight = torch.nn.Parameter(values.to(BF16).clone(), requires_grad=False)
    return layer


FORMS = {"bf16": plain_linear, "own NF4 linear": Nf4Linear, "bitsandbytes": bitsandbytes_linear}


def four_bit_forms():
    """The one to measure; in a dry run both, to prove them."""
    forms = ["bitsandbytes"] * has_bitsandbytes() + ["own NF4 linear"]
    return forms if SMALL else forms[:1]


def config_of(shape, longest=1 << 17):
    return transformers.LlamaConfig(
        vocab_size=shape.words, hidden_size=shape.d, intermediate_size=shape.inner, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        num_key_value_heads=shape.groups, head_dim=shape.head, rms_norm_eps=shape.eps, max_position_embeddings=longest, tie_word_embeddings=False,
        bos_token_id=None, eos_token_id=None, pad_token_id=0, attn_implementation="sdpa")


def model_of(base, form):
    """The model with the values of `base` in every layer; nothing of it is trained yet."""
    config = config_of(base.shape)
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(config)
    kept = lambda values: torch.nn.Parameter(values.to(BF16).clone(), requires_grad=False)
    model.model.embed_tokens.weight, model.lm_head.weight, model.model.norm.weight = kept(base.head), kept(base.head), kept(base.norm)
    for number, layer in enumerate(model.model.layers):
        layer.input_layernorm.weight, layer.post_attention_layernorm.weight = kept(base.norm), kept(base.norm)
        for name in LINEARS:
            parent, child = MODULES[name].split(".")
            setattr(layer.get_submodule(parent), child, FORMS[form](base.linears[name]))
    # Frequencies made on the meta device have no values.
    model.model.rotary_emb = type(model.model.rotary_emb)(config)
    model.model.rotary_emb.inv_freq.copy_(base.inv_freq)
    model.model.rotary_emb.to(DEVICE)
    model.is_loaded_in_4bit = form == "bitsandbytes"
    return model


def lora(base, form, adapter, recompute):
    """The model with peft's adapter on all linears, which has the values of `adapter`; its parameters by (layer, name, part)."""
    model = model_of(base, form)
    wrapped, parameters = with_peft(model, base.shape, lambda key, _: value_of(adapter, key), RANK, SCALE * RANK)
    if recompute:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return wrapped.to(DEVICE).train(), parameters


def mixed():
    """bf16 as transformers' Trainer has it: weights of adapters in f32, products in bf16."""
    return torch.autocast(DEVICE, BF16)


def train_step(model, optimizer, ids, first, loss_of=None):
    """One step over the next tokens of ids [B,T], or of another loss; the first loss goes to first["peer"]."""

    def run():
        optimizer.zero_grad(set_to_none=True)
        with mixed():
            loss = loss_of() if loss_of else model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        first.setdefault("peer", loss.detach())
        optimizer.step()

    return run


def static_step(model, content, ids, results):
    """One step of generate over a static cache that holds random keys and values up to the last place, which the step fills."""
    batch, groups, length, width = content.shape
    cache = transformers.StaticCache(config=model.config, max_cache_len=length)
    cache.early_initialization(batch, groups, width, BF16, torch.device(DEVICE))
    for layer in cache.layers:
        layer.keys.copy_(content)
        layer.values.copy_(content)
    place = torch.tensor([length - 1], device=DEVICE)
    named = dict(position_ids=place[None])
    # Versions differ in who counts the rows of a cache: the caller, or the cache itself.
    if "cache_position" in inspect.signature(type(model.model).forward).parameters:
        named["cache_position"] = place

    def run():
        for layer in cache.layers:
            if isinstance(getattr(layer, "cumulative_length", None), torch.Tensor):
                layer.cumulative_length.fill_(length - 1)
        with torch.no_grad():
            results["logits"] = model(input_ids=ids[:, None], past_key_values=cache, use_cache=True, **named).logits[:, -1]
        return results["logits"].argmax(1).tolist()

    return run


def answer_log_probs(model, ids, prompt):
    """The sum of log p of the tokens after the prompt, for each sequence of ids [B,T]; logits in f32 a sequence at a time."""
    logits = model(input_ids=ids, use_cache=False).logits
    return torch.stack([-F.cross_entropy(row[prompt - 1 : -1].float(), tokens[prompt:], reduction="sum") for row, tokens in zip(logits, ids)])


def dpo_loss(model, ids, prompt, beta):
    """Rafailov et al., arXiv 2305.18290, equation 7: chosen and rejected answers take turns; the reference is the base without adapter."""
    with torch.no_grad(), model.disable_adapter():
        reference = answer_log_probs(model, ids, prompt)
    margins = beta * (answer_log_probs(model, ids, prompt) - reference)
    return -F.logsigmoid(margins[0::2] - margins[1::2]).mean()
