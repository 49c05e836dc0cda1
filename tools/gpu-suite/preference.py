"""Direct preference optimisation (Rafailov et al., arXiv 2305.18290) by ops of the card, for pairs of answers of one length."""
import torch
import torch.nn.functional as F

import hone
from llama import F32, Batch, Llama

BETA = 0.1


class Preference:
    """A policy that is trained; its reference is the same base without the adapter. ids [B,T]: chosen and rejected take turns, and the
    first `prompt` tokens of each are the prompt."""

    def __init__(self, shape, weights, adapter, ids, prompt, recompute=False):
        self.adapter = adapter
        self.policy = Llama(shape, weights, adapter, recompute=recompute)
        self.reference = Llama(shape, weights)
        self.batch, self.sequences = Batch(ids.tolist(), prompt), len(ids)
        self.mask = (self.batch.targets.read() >= 0).view(self.sequences, -1)

    def gradients(self):
        """The loss; gradients go to the adapter's arenas. The host waits once, for the log-probabilities of both."""
        before = self.reference.log_probs(self.batch, self.reference.forward(self.batch, keep=False)[0])[0]
        loss = []

        def weigh(logp):
            """Equation 7, and its derivative by each log-probability."""
            differences = torch.where(self.mask, (logp.read() - before.read()).view(self.mask.shape), 0.0)
            margins = BETA * differences.sum(1)
            between = margins[0::2] - margins[1::2]
            loss.append(-F.logsigmoid(between).mean().item())
            each = BETA * torch.sigmoid(-between) / len(between)
            signed = torch.stack((-each, each), 1).view(-1, 1)
            return torch.where(self.mask, signed, 0.0).flatten().to(F32)

        self.policy.gradients(self.batch, weigh)
        return loss[0]
