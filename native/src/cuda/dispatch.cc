// Generated from native/ops.json by tools/gen-ops.mjs; do not edit.
#include "cuda/dispatch.h"

namespace hone::cuda {

// Weak, so that an op without a kernel is a null pointer, and is refused by name.
__attribute__((weak)) Status linear_forward(Stream&, const LinearForwardArgs&);
__attribute__((weak)) Status linear_group_forward(Stream&, const LinearGroupForwardArgs&);
__attribute__((weak)) Status linear_backward_input(Stream&, const LinearBackwardInputArgs&);
__attribute__((weak)) Status linear_backward_weight(Stream&, const LinearBackwardWeightArgs&);
__attribute__((weak)) Status lora_forward(Stream&, const LoraForwardArgs&);
__attribute__((weak)) Status lora_backward(Stream&, const LoraBackwardArgs&);
__attribute__((weak)) Status lora_grouped_forward(Stream&, const LoraGroupedForwardArgs&);
__attribute__((weak)) Status lora_paged_forward(Stream&, const LoraPagedForwardArgs&);
__attribute__((weak)) Status embedding_forward(Stream&, const EmbeddingForwardArgs&);
__attribute__((weak)) Status embedding_backward(Stream&, const EmbeddingBackwardArgs&);
__attribute__((weak)) Status rms_norm_forward(Stream&, const RmsNormForwardArgs&);
__attribute__((weak)) Status rms_norm_backward(Stream&, const RmsNormBackwardArgs&);
__attribute__((weak)) Status add_rms_norm(Stream&, const AddRmsNormArgs&);
__attribute__((weak)) Status layer_norm_forward(Stream&, const LayerNormForwardArgs&);
__attribute__((weak)) Status layer_norm_backward(Stream&, const LayerNormBackwardArgs&);
__attribute__((weak)) Status rope(Stream&, const RopeArgs&);
__attribute__((weak)) Status swiglu_forward(Stream&, const SwigluForwardArgs&);
__attribute__((weak)) Status swiglu_backward(Stream&, const SwigluBackwardArgs&);
__attribute__((weak)) Status geglu_forward(Stream&, const GegluForwardArgs&);
__attribute__((weak)) Status geglu_backward(Stream&, const GegluBackwardArgs&);
__attribute__((weak)) Status gelu_forward(Stream&, const GeluForwardArgs&);
__attribute__((weak)) Status gelu_backward(Stream&, const GeluBackwardArgs&);
__attribute__((weak)) Status attention_forward(Stream&, const AttentionForwardArgs&);
__attribute__((weak)) Status attention_backward(Stream&, const AttentionBackwardArgs&);
__attribute__((weak)) Status kv_write(Stream&, const KvWriteArgs&);
__attribute__((weak)) Status rope_kv_write(Stream&, const RopeKvWriteArgs&);
__attribute__((weak)) Status paged_attention(Stream&, const PagedAttentionArgs&);
__attribute__((weak)) Status token_log_probs_forward(Stream&, const TokenLogProbsForwardArgs&);
__attribute__((weak)) Status token_log_probs_backward(Stream&, const TokenLogProbsBackwardArgs&);
__attribute__((weak)) Status token_sums(Stream&, const TokenSumsArgs&);
__attribute__((weak)) Status adamw_step(Stream&, const AdamwStepArgs&);
__attribute__((weak)) Status adamw8bit_step(Stream&, const Adamw8bitStepArgs&);
__attribute__((weak)) Status sum_squares(Stream&, const SumSquaresArgs&);
__attribute__((weak)) Status tensor_fill(Stream&, const TensorFillArgs&);
__attribute__((weak)) Status tensor_copy(Stream&, const TensorCopyArgs&);
__attribute__((weak)) Status tensor_scale(Stream&, const TensorScaleArgs&);
__attribute__((weak)) Status tensor_add(Stream&, const TensorAddArgs&);
__attribute__((weak)) Status tensor_accumulate(Stream&, const TensorAccumulateArgs&);
__attribute__((weak)) Status dropout(Stream&, const DropoutArgs&);
__attribute__((weak)) Status gather_rows(Stream&, const GatherRowsArgs&);
__attribute__((weak)) Status scatter_rows_add(Stream&, const ScatterRowsAddArgs&);
__attribute__((weak)) Status slice_columns_forward(Stream&, const SliceColumnsForwardArgs&);
__attribute__((weak)) Status slice_columns_backward(Stream&, const SliceColumnsBackwardArgs&);
__attribute__((weak)) Status route_top_k_forward(Stream&, const RouteTopKForwardArgs&);
__attribute__((weak)) Status route_top_k_backward(Stream&, const RouteTopKBackwardArgs&);
__attribute__((weak)) Status route_rows(Stream&, const RouteRowsArgs&);
__attribute__((weak)) Status expert_linear_forward(Stream&, const ExpertLinearForwardArgs&);
__attribute__((weak)) Status expert_linear_backward_input(Stream&, const ExpertLinearBackwardInputArgs&);
__attribute__((weak)) Status expert_linear_backward_weight(Stream&, const ExpertLinearBackwardWeightArgs&);
__attribute__((weak)) Status expert_lora_forward(Stream&, const ExpertLoraForwardArgs&);
__attribute__((weak)) Status expert_lora_backward(Stream&, const ExpertLoraBackwardArgs&);
__attribute__((weak)) Status mix_rows_forward(Stream&, const MixRowsForwardArgs&);
__attribute__((weak)) Status mix_rows_backward(Stream&, const MixRowsBackwardArgs&);
__attribute__((weak)) Status tensor_cast(Stream&, const TensorCastArgs&);
__attribute__((weak)) Status logits_add_sparse(Stream&, const LogitsAddSparseArgs&);
__attribute__((weak)) Status logits_softcap(Stream&, const LogitsSoftcapArgs&);
__attribute__((weak)) Status sample(Stream&, const SampleArgs&);
__attribute__((weak)) Status logits_adjust(Stream&, const LogitsAdjustArgs&);
__attribute__((weak)) Status token_counts_add(Stream&, const TokenCountsAddArgs&);
__attribute__((weak)) Status logits_top_log_probs(Stream&, const LogitsTopLogProbsArgs&);

namespace {

Status call_linear_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LinearForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const LinearForwardArgs&)>(kernel)(context, args);
}

Status call_linear_group_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LinearGroupForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      values[7].view,
      values[8].view,
      values[9].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const LinearGroupForwardArgs&)>(kernel)(context, args);
}

Status call_linear_backward_input(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LinearBackwardInputArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const LinearBackwardInputArgs&)>(kernel)(context, args);
}

Status call_linear_backward_weight(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LinearBackwardWeightArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].number != 0,
      values[5].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const LinearBackwardWeightArgs&)>(kernel)(context, args);
}

Status call_lora_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LoraForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      static_cast<double>(values[3].number),
      values[4].view,
      values[5].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const LoraForwardArgs&)>(kernel)(context, args);
}

Status call_lora_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LoraBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      static_cast<double>(values[5].number),
      values[6].view,
      values[7].view,
      values[8].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const LoraBackwardArgs&)>(kernel)(context, args);
}

Status call_lora_grouped_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LoraGroupedForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      static_cast<std::uint32_t>(values[4].number),
      static_cast<std::uint32_t>(values[5].number),
      static_cast<double>(values[6].number),
      values[7].view,
      values[8].view,
      static_cast<std::uint32_t>(values[9].number),
      static_cast<std::uint32_t>(values[10].number),
      static_cast<double>(values[11].number),
      values[12].view,
      values[13].view,
      static_cast<std::uint32_t>(values[14].number),
      static_cast<std::uint32_t>(values[15].number),
      static_cast<double>(values[16].number),
      values[17].view,
      values[18].view,
      static_cast<std::uint32_t>(values[19].number),
      static_cast<std::uint32_t>(values[20].number),
      static_cast<double>(values[21].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const LoraGroupedForwardArgs&)>(kernel)(context, args);
}

Status call_lora_paged_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LoraPagedForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      static_cast<std::uint32_t>(values[7].number),
      values[8].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const LoraPagedForwardArgs&)>(kernel)(context, args);
}

Status call_embedding_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const EmbeddingForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const EmbeddingForwardArgs&)>(kernel)(context, args);
}

Status call_embedding_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const EmbeddingBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const EmbeddingBackwardArgs&)>(kernel)(context, args);
}

Status call_rms_norm_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const RmsNormForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      static_cast<double>(values[4].number),
      static_cast<double>(values[5].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const RmsNormForwardArgs&)>(kernel)(context, args);
}

Status call_rms_norm_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const RmsNormBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      static_cast<double>(values[6].number),
      values[7].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const RmsNormBackwardArgs&)>(kernel)(context, args);
}

Status call_add_rms_norm(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const AddRmsNormArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      static_cast<double>(values[5].number),
      static_cast<double>(values[6].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const AddRmsNormArgs&)>(kernel)(context, args);
}

Status call_layer_norm_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LayerNormForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      static_cast<double>(values[6].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const LayerNormForwardArgs&)>(kernel)(context, args);
}

Status call_layer_norm_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LayerNormBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      values[7].view,
      values[8].view,
      values[9].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const LayerNormBackwardArgs&)>(kernel)(context, args);
}

Status call_rope(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const RopeArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      static_cast<double>(values[3].number),
      values[4].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const RopeArgs&)>(kernel)(context, args);
}

Status call_swiglu_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const SwigluForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const SwigluForwardArgs&)>(kernel)(context, args);
}

Status call_swiglu_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const SwigluBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const SwigluBackwardArgs&)>(kernel)(context, args);
}

Status call_geglu_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const GegluForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const GegluForwardArgs&)>(kernel)(context, args);
}

Status call_geglu_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const GegluBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const GegluBackwardArgs&)>(kernel)(context, args);
}

Status call_gelu_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const GeluForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const GeluForwardArgs&)>(kernel)(context, args);
}

Status call_gelu_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const GeluBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const GeluBackwardArgs&)>(kernel)(context, args);
}

Status call_attention_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const AttentionForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      static_cast<double>(values[6].number),
      static_cast<std::int64_t>(values[7].number),
      static_cast<double>(values[8].number),
      values[9].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const AttentionForwardArgs&)>(kernel)(context, args);
}

Status call_attention_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const AttentionBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      values[7].view,
      values[8].view,
      values[9].view,
      static_cast<double>(values[10].number),
      static_cast<std::int64_t>(values[11].number),
      static_cast<double>(values[12].number),
      values[13].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const AttentionBackwardArgs&)>(kernel)(context, args);
}

Status call_kv_write(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const KvWriteArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const KvWriteArgs&)>(kernel)(context, args);
}

Status call_rope_kv_write(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const RopeKvWriteArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      values[7].view,
      static_cast<double>(values[8].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const RopeKvWriteArgs&)>(kernel)(context, args);
}

Status call_paged_attention(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const PagedAttentionArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      static_cast<double>(values[7].number),
      static_cast<std::int64_t>(values[8].number),
      static_cast<double>(values[9].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const PagedAttentionArgs&)>(kernel)(context, args);
}

Status call_token_log_probs_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TokenLogProbsForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      static_cast<double>(values[7].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const TokenLogProbsForwardArgs&)>(kernel)(context, args);
}

Status call_token_log_probs_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TokenLogProbsBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      static_cast<double>(values[7].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const TokenLogProbsBackwardArgs&)>(kernel)(context, args);
}

Status call_token_sums(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TokenSumsArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const TokenSumsArgs&)>(kernel)(context, args);
}

Status call_adamw_step(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const AdamwStepArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      static_cast<double>(values[5].number),
      static_cast<double>(values[6].number),
      static_cast<double>(values[7].number),
      static_cast<double>(values[8].number),
      static_cast<double>(values[9].number),
      static_cast<std::int64_t>(values[10].number),
      static_cast<double>(values[11].number),
      static_cast<double>(values[12].number),
      static_cast<std::uint32_t>(values[13].number),
      static_cast<std::int64_t>(values[14].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const AdamwStepArgs&)>(kernel)(context, args);
}

Status call_adamw8bit_step(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const Adamw8bitStepArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      static_cast<double>(values[7].number),
      static_cast<double>(values[8].number),
      static_cast<double>(values[9].number),
      static_cast<double>(values[10].number),
      static_cast<double>(values[11].number),
      static_cast<std::int64_t>(values[12].number),
      static_cast<double>(values[13].number),
      static_cast<double>(values[14].number),
      static_cast<std::uint32_t>(values[15].number),
      static_cast<std::int64_t>(values[16].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const Adamw8bitStepArgs&)>(kernel)(context, args);
}

Status call_sum_squares(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const SumSquaresArgs args = {
      values[0].view,
      values[1].view,
      values[2].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const SumSquaresArgs&)>(kernel)(context, args);
}

Status call_tensor_fill(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TensorFillArgs args = {
      values[0].view,
      static_cast<double>(values[1].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const TensorFillArgs&)>(kernel)(context, args);
}

Status call_tensor_copy(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TensorCopyArgs args = {
      values[0].view,
      values[1].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const TensorCopyArgs&)>(kernel)(context, args);
}

Status call_tensor_scale(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TensorScaleArgs args = {
      values[0].view,
      static_cast<double>(values[1].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const TensorScaleArgs&)>(kernel)(context, args);
}

Status call_tensor_add(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TensorAddArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const TensorAddArgs&)>(kernel)(context, args);
}

Status call_tensor_accumulate(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TensorAccumulateArgs args = {
      values[0].view,
      values[1].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const TensorAccumulateArgs&)>(kernel)(context, args);
}

Status call_dropout(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const DropoutArgs args = {
      values[0].view,
      values[1].view,
      static_cast<double>(values[2].number),
      static_cast<std::uint32_t>(values[3].number),
      static_cast<std::uint32_t>(values[4].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const DropoutArgs&)>(kernel)(context, args);
}

Status call_gather_rows(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const GatherRowsArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const GatherRowsArgs&)>(kernel)(context, args);
}

Status call_scatter_rows_add(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const ScatterRowsAddArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const ScatterRowsAddArgs&)>(kernel)(context, args);
}

Status call_slice_columns_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const SliceColumnsForwardArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::int64_t>(values[2].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const SliceColumnsForwardArgs&)>(kernel)(context, args);
}

Status call_slice_columns_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const SliceColumnsBackwardArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::int64_t>(values[2].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const SliceColumnsBackwardArgs&)>(kernel)(context, args);
}

Status call_route_top_k_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const RouteTopKForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const RouteTopKForwardArgs&)>(kernel)(context, args);
}

Status call_route_top_k_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const RouteTopKBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const RouteTopKBackwardArgs&)>(kernel)(context, args);
}

Status call_route_rows(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const RouteRowsArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const RouteRowsArgs&)>(kernel)(context, args);
}

Status call_expert_linear_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const ExpertLinearForwardArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::uint32_t>(values[2].number),
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const ExpertLinearForwardArgs&)>(kernel)(context, args);
}

Status call_expert_linear_backward_input(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const ExpertLinearBackwardInputArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::uint32_t>(values[2].number),
      values[3].view,
      values[4].view,
      values[5].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const ExpertLinearBackwardInputArgs&)>(kernel)(context, args);
}

Status call_expert_linear_backward_weight(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const ExpertLinearBackwardWeightArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      static_cast<std::uint32_t>(values[3].number),
      values[4].view,
      values[5].number != 0,
      values[6].number != 0,
  };
  return reinterpret_cast<Status (*)(Stream&, const ExpertLinearBackwardWeightArgs&)>(kernel)(context, args);
}

Status call_expert_lora_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const ExpertLoraForwardArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::uint32_t>(values[2].number),
      static_cast<std::uint32_t>(values[3].number),
      values[4].view,
      values[5].view,
      static_cast<double>(values[6].number),
      values[7].view,
      values[8].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const ExpertLoraForwardArgs&)>(kernel)(context, args);
}

Status call_expert_lora_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const ExpertLoraBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      static_cast<std::uint32_t>(values[3].number),
      static_cast<std::uint32_t>(values[4].number),
      values[5].view,
      values[6].view,
      values[7].view,
      static_cast<double>(values[8].number),
      values[9].view,
      values[10].view,
      values[11].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const ExpertLoraBackwardArgs&)>(kernel)(context, args);
}

Status call_mix_rows_forward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const MixRowsForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const MixRowsForwardArgs&)>(kernel)(context, args);
}

Status call_mix_rows_backward(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const MixRowsBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const MixRowsBackwardArgs&)>(kernel)(context, args);
}

Status call_tensor_cast(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TensorCastArgs args = {
      values[0].view,
      values[1].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const TensorCastArgs&)>(kernel)(context, args);
}

Status call_logits_add_sparse(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LogitsAddSparseArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const LogitsAddSparseArgs&)>(kernel)(context, args);
}

Status call_logits_softcap(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LogitsSoftcapArgs args = {
      values[0].view,
      static_cast<double>(values[1].number),
  };
  return reinterpret_cast<Status (*)(Stream&, const LogitsSoftcapArgs&)>(kernel)(context, args);
}

Status call_sample(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const SampleArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      values[7].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const SampleArgs&)>(kernel)(context, args);
}

Status call_logits_adjust(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LogitsAdjustArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      values[6].view,
      values[7].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const LogitsAdjustArgs&)>(kernel)(context, args);
}

Status call_token_counts_add(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const TokenCountsAddArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const TokenCountsAddArgs&)>(kernel)(context, args);
}

Status call_logits_top_log_probs(AnyKernel kernel, Stream& context, const ArgValue* values) {
  const LogitsTopLogProbsArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Stream&, const LogitsTopLogProbsArgs&)>(kernel)(context, args);
}

const DispatchRow kRows[kOpCount] = {
    {call_linear_forward, reinterpret_cast<AnyKernel>(linear_forward)},
    {call_linear_group_forward, reinterpret_cast<AnyKernel>(linear_group_forward)},
    {call_linear_backward_input, reinterpret_cast<AnyKernel>(linear_backward_input)},
    {call_linear_backward_weight, reinterpret_cast<AnyKernel>(linear_backward_weight)},
    {call_lora_forward, reinterpret_cast<AnyKernel>(lora_forward)},
    {call_lora_backward, reinterpret_cast<AnyKernel>(lora_backward)},
    {call_lora_grouped_forward, reinterpret_cast<AnyKernel>(lora_grouped_forward)},
    {call_lora_paged_forward, reinterpret_cast<AnyKernel>(lora_paged_forward)},
    {call_embedding_forward, reinterpret_cast<AnyKernel>(embedding_forward)},
    {call_embedding_backward, reinterpret_cast<AnyKernel>(embedding_backward)},
    {call_rms_norm_forward, reinterpret_cast<AnyKernel>(rms_norm_forward)},
    {call_rms_norm_backward, reinterpret_cast<AnyKernel>(rms_norm_backward)},
    {call_add_rms_norm, reinterpret_cast<AnyKernel>(add_rms_norm)},
    {call_layer_norm_forward, reinterpret_cast<AnyKernel>(layer_norm_forward)},
    {call_layer_norm_backward, reinterpret_cast<AnyKernel>(layer_norm_backward)},
    {call_rope, reinterpret_cast<AnyKernel>(rope)},
    {call_swiglu_forward, reinterpret_cast<AnyKernel>(swiglu_forward)},
    {call_swiglu_backward, reinterpret_cast<AnyKernel>(swiglu_backward)},
    {call_geglu_forward, reinterpret_cast<AnyKernel>(geglu_forward)},
    {call_geglu_backward, reinterpret_cast<AnyKernel>(geglu_backward)},
    {call_gelu_forward, reinterpret_cast<AnyKernel>(gelu_forward)},
    {call_gelu_backward, reinterpret_cast<AnyKernel>(gelu_backward)},
    {call_attention_forward, reinterpret_cast<AnyKernel>(attention_forward)},
    {call_attention_backward, reinterpret_cast<AnyKernel>(attention_backward)},
    {call_kv_write, reinterpret_cast<AnyKernel>(kv_write)},
    {call_rope_kv_write, reinterpret_cast<AnyKernel>(rope_kv_write)},
    {call_paged_attention, reinterpret_cast<AnyKernel>(paged_attention)},
    {call_token_log_probs_forward, reinterpret_cast<AnyKernel>(token_log_probs_forward)},
    {call_token_log_probs_backward, reinterpret_cast<AnyKernel>(token_log_probs_backward)},
    {call_token_sums, reinterpret_cast<AnyKernel>(token_sums)},
    {call_adamw_step, reinterpret_cast<AnyKernel>(adamw_step)},
    {call_adamw8bit_step, reinterpret_cast<AnyKernel>(adamw8bit_step)},
    {call_sum_squares, reinterpret_cast<AnyKernel>(sum_squares)},
    {call_tensor_fill, reinterpret_cast<AnyKernel>(tensor_fill)},
    {call_tensor_copy, reinterpret_cast<AnyKernel>(tensor_copy)},
    {call_tensor_scale, reinterpret_cast<AnyKernel>(tensor_scale)},
    {call_tensor_add, reinterpret_cast<AnyKernel>(tensor_add)},
    {call_tensor_accumulate, reinterpret_cast<AnyKernel>(tensor_accumulate)},
    {call_dropout, reinterpret_cast<AnyKernel>(dropout)},
    {call_gather_rows, reinterpret_cast<AnyKernel>(gather_rows)},
    {call_scatter_rows_add, reinterpret_cast<AnyKernel>(scatter_rows_add)},
    {call_slice_columns_forward, reinterpret_cast<AnyKernel>(slice_columns_forward)},
    {call_slice_columns_backward, reinterpret_cast<AnyKernel>(slice_columns_backward)},
    {call_route_top_k_forward, reinterpret_cast<AnyKernel>(route_top_k_forward)},
    {call_route_top_k_backward, reinterpret_cast<AnyKernel>(route_top_k_backward)},
    {call_route_rows, reinterpret_cast<AnyKernel>(route_rows)},
    {call_expert_linear_forward, reinterpret_cast<AnyKernel>(expert_linear_forward)},
    {call_expert_linear_backward_input, reinterpret_cast<AnyKernel>(expert_linear_backward_input)},
    {call_expert_linear_backward_weight, reinterpret_cast<AnyKernel>(expert_linear_backward_weight)},
    {call_expert_lora_forward, reinterpret_cast<AnyKernel>(expert_lora_forward)},
    {call_expert_lora_backward, reinterpret_cast<AnyKernel>(expert_lora_backward)},
    {call_mix_rows_forward, reinterpret_cast<AnyKernel>(mix_rows_forward)},
    {call_mix_rows_backward, reinterpret_cast<AnyKernel>(mix_rows_backward)},
    {call_tensor_cast, reinterpret_cast<AnyKernel>(tensor_cast)},
    {call_logits_add_sparse, reinterpret_cast<AnyKernel>(logits_add_sparse)},
    {call_logits_softcap, reinterpret_cast<AnyKernel>(logits_softcap)},
    {call_sample, reinterpret_cast<AnyKernel>(sample)},
    {call_logits_adjust, reinterpret_cast<AnyKernel>(logits_adjust)},
    {call_token_counts_add, reinterpret_cast<AnyKernel>(token_counts_add)},
    {call_logits_top_log_probs, reinterpret_cast<AnyKernel>(logits_top_log_probs)},
};

}  // namespace

const DispatchRow& dispatch_row(int op) { return kRows[op]; }

}  // namespace hone::cuda
