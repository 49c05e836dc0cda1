"""NF4 with double quantization as bitsandbytes computes it, in torch: what the card's codes and values are held to.

Blocks of 64: codes are the nearest of 16 values times the block's largest magnitude; these magnitudes less their mean are 8-bit codes of
the dynamic map, times the largest magnitude of 256 of them (Dettmers et al., "QLoRA", 2023; the map: "8-bit Optimizers via Block-wise
Quantization", 2021).
"""
import torch

import hone

TABLE = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def dynamic_map():
    """256 values, sorted: seven powers of ten, the more of the bits below the smaller the power, 0 and 1."""
    values = [0.0, 1.0]
    for power in range(7):
        edges = torch.linspace(0.1, 1, 2**power + 1)
        means = (edges[:-1] + edges[1:]) / 2
        for value in (10.0 ** (power - 6) * means).tolist():
            values += [value, -value]
    return torch.tensor(sorted(values))


def nearest(values, table):
    """Indices of the nearest entries; on a tie the lower."""
    middles = ((table[:-1] + table[1:]) / 2).to(values.device)
    return torch.bucketize(values, middles)


def quantize(weight):
    """Codes [blocks,64] of 0 to 15, codes of the scales [blocks], their nested scales, and the mean."""
    blocks = weight.float().reshape(-1, 64)
    scales = blocks.abs().amax(1)
    codes = nearest(blocks / scales.clamp_min(1e-38)[:, None], TABLE).to(torch.uint8)
    mean = scales.mean()
    padded = torch.zeros(-(-scales.numel() // 256) * 256, device=weight.device)
    padded[: scales.numel()] = scales - mean
    groups = padded.view(-1, 256)
    nested = groups.abs().amax(1)
    inner = nearest(groups / nested.clamp_min(1e-38)[:, None], dynamic_map())
    return codes, inner.flatten()[: scales.numel()].to(torch.uint8), nested, mean


def scales_of(inner, nested, mean):
    table = dynamic_map().to(nested.device)
    return table[inner.long()] * nested.repeat_interleave(256)[: inner.numel()] + mean


def dequantize(codes, inner, nested, mean, shape):
    table = TABLE.to(codes.device)
    return (table[codes.long()] * scales_of(inner, nested, mean)[:, None]).view(shape)


def check(tell):
    """Values of the card against those of the formula. A mean that is summed in another order moves a nested code by one at times: one
    of a thousand blocks may differ by that, which is 2 % of its scale's distance from the mean."""
    for rows, columns in ((8, 64), (48, 192), (256, 512)):
        weight = torch.randn(rows, columns, generator=torch.Generator().manual_seed(rows)).to(torch.bfloat16).float()
        ours = hone.unpack(hone.pack(weight, "nf4")).read()
        wanted = dequantize(*quantize(weight), weight.shape)
        off = ((ours - wanted).abs() > 1e-5 * wanted.abs().max()).view(-1, 64).any(1).float().mean().item()
        worst = ((ours - wanted).abs().max() / wanted.abs().max()).item()
        tell(off <= 1e-3 and worst <= 2e-2, f"NF4 [{rows},{columns}]: {off:.1%} of the blocks differ from the formula, at most by {worst:.1e}")
