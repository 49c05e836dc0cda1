// Generated from native/ops.json by tools/gen-ops.mjs; do not edit.
#include "core/dispatch.h"

namespace hone {

// Weak, so that a level without its own kernel of an op is a null pointer and the next lower level serves.
namespace reference {
__attribute__((weak)) Status linear_forward(Context&, const LinearForwardArgs&);
__attribute__((weak)) Status linear_group_forward(Context&, const LinearGroupForwardArgs&);
__attribute__((weak)) Status linear_backward_input(Context&, const LinearBackwardInputArgs&);
__attribute__((weak)) Status linear_backward_weight(Context&, const LinearBackwardWeightArgs&);
__attribute__((weak)) Status lora_forward(Context&, const LoraForwardArgs&);
__attribute__((weak)) Status lora_backward(Context&, const LoraBackwardArgs&);
__attribute__((weak)) Status lora_grouped_forward(Context&, const LoraGroupedForwardArgs&);
__attribute__((weak)) Status lora_paged_forward(Context&, const LoraPagedForwardArgs&);
__attribute__((weak)) Status embedding_forward(Context&, const EmbeddingForwardArgs&);
__attribute__((weak)) Status embedding_backward(Context&, const EmbeddingBackwardArgs&);
__attribute__((weak)) Status rms_norm_forward(Context&, const RmsNormForwardArgs&);
__attribute__((weak)) Status rms_norm_backward(Context&, const RmsNormBackwardArgs&);
__attribute__((weak)) Status add_rms_norm(Context&, const AddRmsNormArgs&);
__attribute__((weak)) Status layer_norm_forward(Context&, const LayerNormForwardArgs&);
__attribute__((weak)) Status layer_norm_backward(Context&, const LayerNormBackwardArgs&);
__attribute__((weak)) Status rope(Context&, const RopeArgs&);
__attribute__((weak)) Status swiglu_forward(Context&, const SwigluForwardArgs&);
__attribute__((weak)) Status swiglu_backward(Context&, const SwigluBackwardArgs&);
__attribute__((weak)) Status geglu_forward(Context&, const GegluForwardArgs&);
__attribute__((weak)) Status geglu_backward(Context&, const GegluBackwardArgs&);
__attribute__((weak)) Status gelu_forward(Context&, const GeluForwardArgs&);
__attribute__((weak)) Status gelu_backward(Context&, const GeluBackwardArgs&);
__attribute__((weak)) Status attention_forward(Context&, const AttentionForwardArgs&);
__attribute__((weak)) Status attention_backward(Context&, const AttentionBackwardArgs&);
__attribute__((weak)) Status kv_write(Context&, const KvWriteArgs&);
__attribute__((weak)) Status rope_kv_write(Context&, const RopeKvWriteArgs&);
__attribute__((weak)) Status paged_attention(Context&, const PagedAttentionArgs&);
__attribute__((weak)) Status token_log_probs_forward(Context&, const TokenLogProbsForwardArgs&);
__attribute__((weak)) Status token_log_probs_backward(Context&, const TokenLogProbsBackwardArgs&);
__attribute__((weak)) Status token_sums(Context&, const TokenSumsArgs&);
__attribute__((weak)) Status adamw_step(Context&, const AdamwStepArgs&);
__attribute__((weak)) Status adamw8bit_step(Context&, const Adamw8bitStepArgs&);
__attribute__((weak)) Status sum_squares(Context&, const SumSquaresArgs&);
__attribute__((weak)) Status tensor_fill(Context&, const TensorFillArgs&);
__attribute__((weak)) Status tensor_copy(Context&, const TensorCopyArgs&);
__attribute__((weak)) Status tensor_scale(Context&, const TensorScaleArgs&);
__attribute__((weak)) Status tensor_add(Context&, const TensorAddArgs&);
__attribute__((weak)) Status tensor_accumulate(Context&, const TensorAccumulateArgs&);
__attribute__((weak)) Status dropout(Context&, const DropoutArgs&);
__attribute__((weak)) Status gather_rows(Context&, const GatherRowsArgs&);
__attribute__((weak)) Status scatter_rows_add(Context&, const ScatterRowsAddArgs&);
__attribute__((weak)) Status slice_columns_forward(Context&, const SliceColumnsForwardArgs&);
__attribute__((weak)) Status slice_columns_backward(Context&, const SliceColumnsBackwardArgs&);
__attribute__((weak)) Status route_top_k_forward(Context&, const RouteTopKForwardArgs&);
__attribute__((weak)) Status route_top_k_backward(Context&, const RouteTopKBackwardArgs&);
__attribute__((weak)) Status route_rows(Context&, const RouteRowsArgs&);
__attribute__((weak)) Status expert_linear_forward(Context&, const ExpertLinearForwardArgs&);
__attribute__((weak)) Status expert_linear_backward_input(Context&, const ExpertLinearBackwardInputArgs&);
__attribute__((weak)) Status expert_linear_backward_weight(Context&, const ExpertLinearBackwardWeightArgs&);
__attribute__((weak)) Status expert_lora_forward(Context&, const ExpertLoraForwardArgs&);
__attribute__((weak)) Status expert_lora_backward(Context&, const ExpertLoraBackwardArgs&);
__attribute__((weak)) Status mix_rows_forward(Context&, const MixRowsForwardArgs&);
__attribute__((weak)) Status mix_rows_backward(Context&, const MixRowsBackwardArgs&);
__attribute__((weak)) Status tensor_cast(Context&, const TensorCastArgs&);
__attribute__((weak)) Status logits_add_sparse(Context&, const LogitsAddSparseArgs&);
__attribute__((weak)) Status logits_softcap(Context&, const LogitsSoftcapArgs&);
__attribute__((weak)) Status sample(Context&, const SampleArgs&);
__attribute__((weak)) Status logits_adjust(Context&, const LogitsAdjustArgs&);
__attribute__((weak)) Status token_counts_add(Context&, const TokenCountsAddArgs&);
__attribute__((weak)) Status logits_top_log_probs(Context&, const LogitsTopLogProbsArgs&);
}  // namespace reference

namespace avx2 {
__attribute__((weak)) Status linear_forward(Context&, const LinearForwardArgs&);
__attribute__((weak)) Status linear_group_forward(Context&, const LinearGroupForwardArgs&);
__attribute__((weak)) Status linear_backward_input(Context&, const LinearBackwardInputArgs&);
__attribute__((weak)) Status linear_backward_weight(Context&, const LinearBackwardWeightArgs&);
__attribute__((weak)) Status lora_forward(Context&, const LoraForwardArgs&);
__attribute__((weak)) Status lora_backward(Context&, const LoraBackwardArgs&);
__attribute__((weak)) Status lora_grouped_forward(Context&, const LoraGroupedForwardArgs&);
__attribute__((weak)) Status lora_paged_forward(Context&, const LoraPagedForwardArgs&);
__attribute__((weak)) Status embedding_forward(Context&, const EmbeddingForwardArgs&);
__attribute__((weak)) Status embedding_backward(Context&, const EmbeddingBackwardArgs&);
__attribute__((weak)) Status rms_norm_forward(Context&, const RmsNormForwardArgs&);
__attribute__((weak)) Status rms_norm_backward(Context&, const RmsNormBackwardArgs&);
__attribute__((weak)) Status add_rms_norm(Context&, const AddRmsNormArgs&);
__attribute__((weak)) Status layer_norm_forward(Context&, const LayerNormForwardArgs&);
__attribute__((weak)) Status layer_norm_backward(Context&, const LayerNormBackwardArgs&);
__attribute__((weak)) Status rope(Context&, const RopeArgs&);
__attribute__((weak)) Status swiglu_forward(Context&, const SwigluForwardArgs&);
__attribute__((weak)) Status swiglu_backward(Context&, const SwigluBackwardArgs&);
__attribute__((weak)) Status geglu_forward(Context&, const GegluForwardArgs&);
__attribute__((weak)) Status geglu_backward(Context&, const GegluBackwardArgs&);
__attribute__((weak)) Status gelu_forward(Context&, const GeluForwardArgs&);
__attribute__((weak)) Status gelu_backward(Context&, const GeluBackwardArgs&);
__attribute__((weak)) Status attention_forward(Context&, const AttentionForwardArgs&);
__attribute__((weak)) Status attention_backward(Context&, const AttentionBackwardArgs&);
__attribute__((weak)) Status kv_write(Context&, const KvWriteArgs&);
__attribute__((weak)) Status rope_kv_write(Context&, const RopeKvWriteArgs&);
__attribute__((weak)) Status paged_attention(Context&, const PagedAttentionArgs&);
__attribute__((weak)) Status token_log_probs_forward(Context&, const TokenLogProbsForwardArgs&);
__attribute__((weak)) Status token_log_probs_backward(Context&, const TokenLogProbsBackwardArgs&);
__attribute__((weak)) Status token_sums(Context&, const TokenSumsArgs&);
__attribute__((weak)) Status adamw_step(Context&, const AdamwStepArgs&);
__attribute__((weak)) Status adamw8bit_step(Context&, const Adamw8bitStepArgs&);
__attribute__((weak)) Status sum_squares(Context&, const SumSquaresArgs&);
__attribute__((weak)) Status tensor_fill(Context&, const TensorFillArgs&);
__attribute__((weak)) Status tensor_copy(Context&, const TensorCopyArgs&);
__attribute__((weak)) Status tensor_scale(Context&, const TensorScaleArgs&);
__attribute__((weak)) Status tensor_add(Context&, const TensorAddArgs&);
__attribute__((weak)) Status tensor_accumulate(Context&, const TensorAccumulateArgs&);
__attribute__((weak)) Status dropout(Context&, const DropoutArgs&);
__attribute__((weak)) Status gather_rows(Context&, const GatherRowsArgs&);
__attribute__((weak)) Status scatter_rows_add(Context&, const ScatterRowsAddArgs&);
__attribute__((weak)) Status slice_columns_forward(Context&, const SliceColumnsForwardArgs&);
__attribute__((weak)) Status slice_columns_backward(Context&, const SliceColumnsBackwardArgs&);
__attribute__((weak)) Status route_top_k_forward(Context&, const RouteTopKForwardArgs&);
__attribute__((weak)) Status route_top_k_backward(Context&, const RouteTopKBackwardArgs&);
__attribute__((weak)) Status route_rows(Context&, const RouteRowsArgs&);
__attribute__((weak)) Status expert_linear_forward(Context&, const ExpertLinearForwardArgs&);
__attribute__((weak)) Status expert_linear_backward_input(Context&, const ExpertLinearBackwardInputArgs&);
__attribute__((weak)) Status expert_linear_backward_weight(Context&, const ExpertLinearBackwardWeightArgs&);
__attribute__((weak)) Status expert_lora_forward(Context&, const ExpertLoraForwardArgs&);
__attribute__((weak)) Status expert_lora_backward(Context&, const ExpertLoraBackwardArgs&);
__attribute__((weak)) Status mix_rows_forward(Context&, const MixRowsForwardArgs&);
__attribute__((weak)) Status mix_rows_backward(Context&, const MixRowsBackwardArgs&);
__attribute__((weak)) Status tensor_cast(Context&, const TensorCastArgs&);
__attribute__((weak)) Status logits_add_sparse(Context&, const LogitsAddSparseArgs&);
__attribute__((weak)) Status logits_softcap(Context&, const LogitsSoftcapArgs&);
__attribute__((weak)) Status sample(Context&, const SampleArgs&);
__attribute__((weak)) Status logits_adjust(Context&, const LogitsAdjustArgs&);
__attribute__((weak)) Status token_counts_add(Context&, const TokenCountsAddArgs&);
__attribute__((weak)) Status logits_top_log_probs(Context&, const LogitsTopLogProbsArgs&);
}  // namespace avx2

namespace avx512 {
__attribute__((weak)) Status linear_forward(Context&, const LinearForwardArgs&);
__attribute__((weak)) Status linear_group_forward(Context&, const LinearGroupForwardArgs&);
__attribute__((weak)) Status linear_backward_input(Context&, const LinearBackwardInputArgs&);
__attribute__((weak)) Status linear_backward_weight(Context&, const LinearBackwardWeightArgs&);
__attribute__((weak)) Status lora_forward(Context&, const LoraForwardArgs&);
__attribute__((weak)) Status lora_backward(Context&, const LoraBackwardArgs&);
__attribute__((weak)) Status lora_grouped_forward(Context&, const LoraGroupedForwardArgs&);
__attribute__((weak)) Status lora_paged_forward(Context&, const LoraPagedForwardArgs&);
__attribute__((weak)) Status embedding_forward(Context&, const EmbeddingForwardArgs&);
__attribute__((weak)) Status embedding_backward(Context&, const EmbeddingBackwardArgs&);
__attribute__((weak)) Status rms_norm_forward(Context&, const RmsNormForwardArgs&);
__attribute__((weak)) Status rms_norm_backward(Context&, const RmsNormBackwardArgs&);
__attribute__((weak)) Status add_rms_norm(Context&, const AddRmsNormArgs&);
__attribute__((weak)) Status layer_norm_forward(Context&, const LayerNormForwardArgs&);
__attribute__((weak)) Status layer_norm_backward(Context&, const LayerNormBackwardArgs&);
__attribute__((weak)) Status rope(Context&, const RopeArgs&);
__attribute__((weak)) Status swiglu_forward(Context&, const SwigluForwardArgs&);
__attribute__((weak)) Status swiglu_backward(Context&, const SwigluBackwardArgs&);
__attribute__((weak)) Status geglu_forward(Context&, const GegluForwardArgs&);
__attribute__((weak)) Status geglu_backward(Context&, const GegluBackwardArgs&);
__attribute__((weak)) Status gelu_forward(Context&, const GeluForwardArgs&);
__attribute__((weak)) Status gelu_backward(Context&, const GeluBackwardArgs&);
__attribute__((weak)) Status attention_forward(Context&, const AttentionForwardArgs&);
__attribute__((weak)) Status attention_backward(Context&, const AttentionBackwardArgs&);
__attribute__((weak)) Status kv_write(Context&, const KvWriteArgs&);
__attribute__((weak)) Status rope_kv_write(Context&, const RopeKvWriteArgs&);
__attribute__((weak)) Status paged_attention(Context&, const PagedAttentionArgs&);
__attribute__((weak)) Status token_log_probs_forward(Context&, const TokenLogProbsForwardArgs&);
__attribute__((weak)) Status token_log_probs_backward(Context&, const TokenLogProbsBackwardArgs&);
__attribute__((weak)) Status token_sums(Context&, const TokenSumsArgs&);
__attribute__((weak)) Status adamw_step(Context&, const AdamwStepArgs&);
__attribute__((weak)) Status adamw8bit_step(Context&, const Adamw8bitStepArgs&);
__attribute__((weak)) Status sum_squares(Context&, const SumSquaresArgs&);
__attribute__((weak)) Status tensor_fill(Context&, const TensorFillArgs&);
__attribute__((weak)) Status tensor_copy(Context&, const TensorCopyArgs&);
__attribute__((weak)) Status tensor_scale(Context&, const TensorScaleArgs&);
__attribute__((weak)) Status tensor_add(Context&, const TensorAddArgs&);
__attribute__((weak)) Status tensor_accumulate(Context&, const TensorAccumulateArgs&);
__attribute__((weak)) Status dropout(Context&, const DropoutArgs&);
__attribute__((weak)) Status gather_rows(Context&, const GatherRowsArgs&);
__attribute__((weak)) Status scatter_rows_add(Context&, const ScatterRowsAddArgs&);
__attribute__((weak)) Status slice_columns_forward(Context&, const SliceColumnsForwardArgs&);
__attribute__((weak)) Status slice_columns_backward(Context&, const SliceColumnsBackwardArgs&);
__attribute__((weak)) Status route_top_k_forward(Context&, const RouteTopKForwardArgs&);
__attribute__((weak)) Status route_top_k_backward(Context&, const RouteTopKBackwardArgs&);
__attribute__((weak)) Status route_rows(Context&, const RouteRowsArgs&);
__attribute__((weak)) Status expert_linear_forward(Context&, const ExpertLinearForwardArgs&);
__attribute__((weak)) Status expert_linear_backward_input(Context&, const ExpertLinearBackwardInputArgs&);
__attribute__((weak)) Status expert_linear_backward_weight(Context&, const ExpertLinearBackwardWeightArgs&);
__attribute__((weak)) Status expert_lora_forward(Context&, const ExpertLoraForwardArgs&);
__attribute__((weak)) Status expert_lora_backward(Context&, const ExpertLoraBackwardArgs&);
__attribute__((weak)) Status mix_rows_forward(Context&, const MixRowsForwardArgs&);
__attribute__((weak)) Status mix_rows_backward(Context&, const MixRowsBackwardArgs&);
__attribute__((weak)) Status tensor_cast(Context&, const TensorCastArgs&);
__attribute__((weak)) Status logits_add_sparse(Context&, const LogitsAddSparseArgs&);
__attribute__((weak)) Status logits_softcap(Context&, const LogitsSoftcapArgs&);
__attribute__((weak)) Status sample(Context&, const SampleArgs&);
__attribute__((weak)) Status logits_adjust(Context&, const LogitsAdjustArgs&);
__attribute__((weak)) Status token_counts_add(Context&, const TokenCountsAddArgs&);
__attribute__((weak)) Status logits_top_log_probs(Context&, const LogitsTopLogProbsArgs&);
}  // namespace avx512

namespace avx512bf16 {
__attribute__((weak)) Status linear_forward(Context&, const LinearForwardArgs&);
__attribute__((weak)) Status linear_group_forward(Context&, const LinearGroupForwardArgs&);
__attribute__((weak)) Status linear_backward_input(Context&, const LinearBackwardInputArgs&);
__attribute__((weak)) Status linear_backward_weight(Context&, const LinearBackwardWeightArgs&);
__attribute__((weak)) Status lora_forward(Context&, const LoraForwardArgs&);
__attribute__((weak)) Status lora_backward(Context&, const LoraBackwardArgs&);
__attribute__((weak)) Status lora_grouped_forward(Context&, const LoraGroupedForwardArgs&);
__attribute__((weak)) Status lora_paged_forward(Context&, const LoraPagedForwardArgs&);
__attribute__((weak)) Status embedding_forward(Context&, const EmbeddingForwardArgs&);
__attribute__((weak)) Status embedding_backward(Context&, const EmbeddingBackwardArgs&);
__attribute__((weak)) Status rms_norm_forward(Context&, const RmsNormForwardArgs&);
__attribute__((weak)) Status rms_norm_backward(Context&, const RmsNormBackwardArgs&);
__attribute__((weak)) Status add_rms_norm(Context&, const AddRmsNormArgs&);
__attribute__((weak)) Status layer_norm_forward(Context&, const LayerNormForwardArgs&);
__attribute__((weak)) Status layer_norm_backward(Context&, const LayerNormBackwardArgs&);
__attribute__((weak)) Status rope(Context&, const RopeArgs&);
__attribute__((weak)) Status swiglu_forward(Context&, const SwigluForwardArgs&);
__attribute__((weak)) Status swiglu_backward(Context&, const SwigluBackwardArgs&);
__attribute__((weak)) Status geglu_forward(Context&, const GegluForwardArgs&);
__attribute__((weak)) Status geglu_backward(Context&, const GegluBackwardArgs&);
__attribute__((weak)) Status gelu_forward(Context&, const GeluForwardArgs&);
__attribute__((weak)) Status gelu_backward(Context&, const GeluBackwardArgs&);
__attribute__((weak)) Status attention_forward(Context&, const AttentionForwardArgs&);
__attribute__((weak)) Status attention_backward(Context&, const AttentionBackwardArgs&);
__attribute__((weak)) Status kv_write(Context&, const KvWriteArgs&);
__attribute__((weak)) Status rope_kv_write(Context&, const RopeKvWriteArgs&);
__attribute__((weak)) Status paged_attention(Context&, const PagedAttentionArgs&);
__attribute__((weak)) Status token_log_probs_forward(Context&, const TokenLogProbsForwardArgs&);
__attribute__((weak)) Status token_log_probs_backward(Context&, const TokenLogProbsBackwardArgs&);
__attribute__((weak)) Status token_sums(Context&, const TokenSumsArgs&);
__attribute__((weak)) Status adamw_step(Context&, const AdamwStepArgs&);
__attribute__((weak)) Status adamw8bit_step(Context&, const Adamw8bitStepArgs&);
__attribute__((weak)) Status sum_squares(Context&, const SumSquaresArgs&);
__attribute__((weak)) Status tensor_fill(Context&, const TensorFillArgs&);
__attribute__((weak)) Status tensor_copy(Context&, const TensorCopyArgs&);
__attribute__((weak)) Status tensor_scale(Context&, const TensorScaleArgs&);
__attribute__((weak)) Status tensor_add(Context&, const TensorAddArgs&);
__attribute__((weak)) Status tensor_accumulate(Context&, const TensorAccumulateArgs&);
__attribute__((weak)) Status dropout(Context&, const DropoutArgs&);
__attribute__((weak)) Status gather_rows(Context&, const GatherRowsArgs&);
__attribute__((weak)) Status scatter_rows_add(Context&, const ScatterRowsAddArgs&);
__attribute__((weak)) Status slice_columns_forward(Context&, const SliceColumnsForwardArgs&);
__attribute__((weak)) Status slice_columns_backward(Context&, const SliceColumnsBackwardArgs&);
__attribute__((weak)) Status route_top_k_forward(Context&, const RouteTopKForwardArgs&);
__attribute__((weak)) Status route_top_k_backward(Context&, const RouteTopKBackwardArgs&);
__attribute__((weak)) Status route_rows(Context&, const RouteRowsArgs&);
__attribute__((weak)) Status expert_linear_forward(Context&, const ExpertLinearForwardArgs&);
__attribute__((weak)) Status expert_linear_backward_input(Context&, const ExpertLinearBackwardInputArgs&);
__attribute__((weak)) Status expert_linear_backward_weight(Context&, const ExpertLinearBackwardWeightArgs&);
__attribute__((weak)) Status expert_lora_forward(Context&, const ExpertLoraForwardArgs&);
__attribute__((weak)) Status expert_lora_backward(Context&, const ExpertLoraBackwardArgs&);
__attribute__((weak)) Status mix_rows_forward(Context&, const MixRowsForwardArgs&);
__attribute__((weak)) Status mix_rows_backward(Context&, const MixRowsBackwardArgs&);
__attribute__((weak)) Status tensor_cast(Context&, const TensorCastArgs&);
__attribute__((weak)) Status logits_add_sparse(Context&, const LogitsAddSparseArgs&);
__attribute__((weak)) Status logits_softcap(Context&, const LogitsSoftcapArgs&);
__attribute__((weak)) Status sample(Context&, const SampleArgs&);
__attribute__((weak)) Status logits_adjust(Context&, const LogitsAdjustArgs&);
__attribute__((weak)) Status token_counts_add(Context&, const TokenCountsAddArgs&);
__attribute__((weak)) Status logits_top_log_probs(Context&, const LogitsTopLogProbsArgs&);
}  // namespace avx512bf16

namespace amx {
__attribute__((weak)) Status linear_forward(Context&, const LinearForwardArgs&);
__attribute__((weak)) Status linear_group_forward(Context&, const LinearGroupForwardArgs&);
__attribute__((weak)) Status linear_backward_input(Context&, const LinearBackwardInputArgs&);
__attribute__((weak)) Status linear_backward_weight(Context&, const LinearBackwardWeightArgs&);
__attribute__((weak)) Status lora_forward(Context&, const LoraForwardArgs&);
__attribute__((weak)) Status lora_backward(Context&, const LoraBackwardArgs&);
__attribute__((weak)) Status lora_grouped_forward(Context&, const LoraGroupedForwardArgs&);
__attribute__((weak)) Status lora_paged_forward(Context&, const LoraPagedForwardArgs&);
__attribute__((weak)) Status embedding_forward(Context&, const EmbeddingForwardArgs&);
__attribute__((weak)) Status embedding_backward(Context&, const EmbeddingBackwardArgs&);
__attribute__((weak)) Status rms_norm_forward(Context&, const RmsNormForwardArgs&);
__attribute__((weak)) Status rms_norm_backward(Context&, const RmsNormBackwardArgs&);
__attribute__((weak)) Status add_rms_norm(Context&, const AddRmsNormArgs&);
__attribute__((weak)) Status layer_norm_forward(Context&, const LayerNormForwardArgs&);
__attribute__((weak)) Status layer_norm_backward(Context&, const LayerNormBackwardArgs&);
__attribute__((weak)) Status rope(Context&, const RopeArgs&);
__attribute__((weak)) Status swiglu_forward(Context&, const SwigluForwardArgs&);
__attribute__((weak)) Status swiglu_backward(Context&, const SwigluBackwardArgs&);
__attribute__((weak)) Status geglu_forward(Context&, const GegluForwardArgs&);
__attribute__((weak)) Status geglu_backward(Context&, const GegluBackwardArgs&);
__attribute__((weak)) Status gelu_forward(Context&, const GeluForwardArgs&);
__attribute__((weak)) Status gelu_backward(Context&, const GeluBackwardArgs&);
__attribute__((weak)) Status attention_forward(Context&, const AttentionForwardArgs&);
__attribute__((weak)) Status attention_backward(Context&, const AttentionBackwardArgs&);
__attribute__((weak)) Status kv_write(Context&, const KvWriteArgs&);
__attribute__((weak)) Status rope_kv_write(Context&, const RopeKvWriteArgs&);
__attribute__((weak)) Status paged_attention(Context&, const PagedAttentionArgs&);
__attribute__((weak)) Status token_log_probs_forward(Context&, const TokenLogProbsForwardArgs&);
__attribute__((weak)) Status token_log_probs_backward(Context&, const TokenLogProbsBackwardArgs&);
__attribute__((weak)) Status token_sums(Context&, const TokenSumsArgs&);
__attribute__((weak)) Status adamw_step(Context&, const AdamwStepArgs&);
__attribute__((weak)) Status adamw8bit_step(Context&, const Adamw8bitStepArgs&);
__attribute__((weak)) Status sum_squares(Context&, const SumSquaresArgs&);
__attribute__((weak)) Status tensor_fill(Context&, const TensorFillArgs&);
__attribute__((weak)) Status tensor_copy(Context&, const TensorCopyArgs&);
__attribute__((weak)) Status tensor_scale(Context&, const TensorScaleArgs&);
__attribute__((weak)) Status tensor_add(Context&, const TensorAddArgs&);
__attribute__((weak)) Status tensor_accumulate(Context&, const TensorAccumulateArgs&);
__attribute__((weak)) Status dropout(Context&, const DropoutArgs&);
__attribute__((weak)) Status gather_rows(Context&, const GatherRowsArgs&);
__attribute__((weak)) Status scatter_rows_add(Context&, const ScatterRowsAddArgs&);
__attribute__((weak)) Status slice_columns_forward(Context&, const SliceColumnsForwardArgs&);
__attribute__((weak)) Status slice_columns_backward(Context&, const SliceColumnsBackwardArgs&);
__attribute__((weak)) Status route_top_k_forward(Context&, const RouteTopKForwardArgs&);
__attribute__((weak)) Status route_top_k_backward(Context&, const RouteTopKBackwardArgs&);
__attribute__((weak)) Status route_rows(Context&, const RouteRowsArgs&);
__attribute__((weak)) Status expert_linear_forward(Context&, const ExpertLinearForwardArgs&);
__attribute__((weak)) Status expert_linear_backward_input(Context&, const ExpertLinearBackwardInputArgs&);
__attribute__((weak)) Status expert_linear_backward_weight(Context&, const ExpertLinearBackwardWeightArgs&);
__attribute__((weak)) Status expert_lora_forward(Context&, const ExpertLoraForwardArgs&);
__attribute__((weak)) Status expert_lora_backward(Context&, const ExpertLoraBackwardArgs&);
__attribute__((weak)) Status mix_rows_forward(Context&, const MixRowsForwardArgs&);
__attribute__((weak)) Status mix_rows_backward(Context&, const MixRowsBackwardArgs&);
__attribute__((weak)) Status tensor_cast(Context&, const TensorCastArgs&);
__attribute__((weak)) Status logits_add_sparse(Context&, const LogitsAddSparseArgs&);
__attribute__((weak)) Status logits_softcap(Context&, const LogitsSoftcapArgs&);
__attribute__((weak)) Status sample(Context&, const SampleArgs&);
__attribute__((weak)) Status logits_adjust(Context&, const LogitsAdjustArgs&);
__attribute__((weak)) Status token_counts_add(Context&, const TokenCountsAddArgs&);
__attribute__((weak)) Status logits_top_log_probs(Context&, const LogitsTopLogProbsArgs&);
}  // namespace amx

namespace {

Status call_linear_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const LinearForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
  };
  return reinterpret_cast<Status (*)(Context&, const LinearForwardArgs&)>(kernel)(context, args);
}

Status call_linear_group_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const LinearGroupForwardArgs&)>(kernel)(context, args);
}

Status call_linear_backward_input(AnyKernel kernel, Context& context, const ArgValue* values) {
  const LinearBackwardInputArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const LinearBackwardInputArgs&)>(kernel)(context, args);
}

Status call_linear_backward_weight(AnyKernel kernel, Context& context, const ArgValue* values) {
  const LinearBackwardWeightArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].number != 0,
      values[5].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const LinearBackwardWeightArgs&)>(kernel)(context, args);
}

Status call_lora_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const LoraForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      static_cast<double>(values[3].number),
      values[4].view,
      values[5].view,
  };
  return reinterpret_cast<Status (*)(Context&, const LoraForwardArgs&)>(kernel)(context, args);
}

Status call_lora_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const LoraBackwardArgs&)>(kernel)(context, args);
}

Status call_lora_grouped_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const LoraGroupedForwardArgs&)>(kernel)(context, args);
}

Status call_lora_paged_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const LoraPagedForwardArgs&)>(kernel)(context, args);
}

Status call_embedding_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const EmbeddingForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Context&, const EmbeddingForwardArgs&)>(kernel)(context, args);
}

Status call_embedding_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const EmbeddingBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Context&, const EmbeddingBackwardArgs&)>(kernel)(context, args);
}

Status call_rms_norm_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const RmsNormForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      static_cast<double>(values[4].number),
      static_cast<double>(values[5].number),
  };
  return reinterpret_cast<Status (*)(Context&, const RmsNormForwardArgs&)>(kernel)(context, args);
}

Status call_rms_norm_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const RmsNormBackwardArgs&)>(kernel)(context, args);
}

Status call_add_rms_norm(AnyKernel kernel, Context& context, const ArgValue* values) {
  const AddRmsNormArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      static_cast<double>(values[5].number),
      static_cast<double>(values[6].number),
  };
  return reinterpret_cast<Status (*)(Context&, const AddRmsNormArgs&)>(kernel)(context, args);
}

Status call_layer_norm_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const LayerNormForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
      static_cast<double>(values[6].number),
  };
  return reinterpret_cast<Status (*)(Context&, const LayerNormForwardArgs&)>(kernel)(context, args);
}

Status call_layer_norm_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const LayerNormBackwardArgs&)>(kernel)(context, args);
}

Status call_rope(AnyKernel kernel, Context& context, const ArgValue* values) {
  const RopeArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      static_cast<double>(values[3].number),
      values[4].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const RopeArgs&)>(kernel)(context, args);
}

Status call_swiglu_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const SwigluForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Context&, const SwigluForwardArgs&)>(kernel)(context, args);
}

Status call_swiglu_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const SwigluBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Context&, const SwigluBackwardArgs&)>(kernel)(context, args);
}

Status call_geglu_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const GegluForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const GegluForwardArgs&)>(kernel)(context, args);
}

Status call_geglu_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const GegluBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const GegluBackwardArgs&)>(kernel)(context, args);
}

Status call_gelu_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const GeluForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const GeluForwardArgs&)>(kernel)(context, args);
}

Status call_gelu_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const GeluBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const GeluBackwardArgs&)>(kernel)(context, args);
}

Status call_attention_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const AttentionForwardArgs&)>(kernel)(context, args);
}

Status call_attention_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const AttentionBackwardArgs&)>(kernel)(context, args);
}

Status call_kv_write(AnyKernel kernel, Context& context, const ArgValue* values) {
  const KvWriteArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Context&, const KvWriteArgs&)>(kernel)(context, args);
}

Status call_rope_kv_write(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const RopeKvWriteArgs&)>(kernel)(context, args);
}

Status call_paged_attention(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const PagedAttentionArgs&)>(kernel)(context, args);
}

Status call_token_log_probs_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const TokenLogProbsForwardArgs&)>(kernel)(context, args);
}

Status call_token_log_probs_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const TokenLogProbsBackwardArgs&)>(kernel)(context, args);
}

Status call_token_sums(AnyKernel kernel, Context& context, const ArgValue* values) {
  const TokenSumsArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
  };
  return reinterpret_cast<Status (*)(Context&, const TokenSumsArgs&)>(kernel)(context, args);
}

Status call_adamw_step(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const AdamwStepArgs&)>(kernel)(context, args);
}

Status call_adamw8bit_step(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const Adamw8bitStepArgs&)>(kernel)(context, args);
}

Status call_sum_squares(AnyKernel kernel, Context& context, const ArgValue* values) {
  const SumSquaresArgs args = {
      values[0].view,
      values[1].view,
      values[2].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const SumSquaresArgs&)>(kernel)(context, args);
}

Status call_tensor_fill(AnyKernel kernel, Context& context, const ArgValue* values) {
  const TensorFillArgs args = {
      values[0].view,
      static_cast<double>(values[1].number),
  };
  return reinterpret_cast<Status (*)(Context&, const TensorFillArgs&)>(kernel)(context, args);
}

Status call_tensor_copy(AnyKernel kernel, Context& context, const ArgValue* values) {
  const TensorCopyArgs args = {
      values[0].view,
      values[1].view,
  };
  return reinterpret_cast<Status (*)(Context&, const TensorCopyArgs&)>(kernel)(context, args);
}

Status call_tensor_scale(AnyKernel kernel, Context& context, const ArgValue* values) {
  const TensorScaleArgs args = {
      values[0].view,
      static_cast<double>(values[1].number),
  };
  return reinterpret_cast<Status (*)(Context&, const TensorScaleArgs&)>(kernel)(context, args);
}

Status call_tensor_add(AnyKernel kernel, Context& context, const ArgValue* values) {
  const TensorAddArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Context&, const TensorAddArgs&)>(kernel)(context, args);
}

Status call_tensor_accumulate(AnyKernel kernel, Context& context, const ArgValue* values) {
  const TensorAccumulateArgs args = {
      values[0].view,
      values[1].view,
  };
  return reinterpret_cast<Status (*)(Context&, const TensorAccumulateArgs&)>(kernel)(context, args);
}

Status call_dropout(AnyKernel kernel, Context& context, const ArgValue* values) {
  const DropoutArgs args = {
      values[0].view,
      values[1].view,
      static_cast<double>(values[2].number),
      static_cast<std::uint32_t>(values[3].number),
      static_cast<std::uint32_t>(values[4].number),
  };
  return reinterpret_cast<Status (*)(Context&, const DropoutArgs&)>(kernel)(context, args);
}

Status call_gather_rows(AnyKernel kernel, Context& context, const ArgValue* values) {
  const GatherRowsArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Context&, const GatherRowsArgs&)>(kernel)(context, args);
}

Status call_scatter_rows_add(AnyKernel kernel, Context& context, const ArgValue* values) {
  const ScatterRowsAddArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Context&, const ScatterRowsAddArgs&)>(kernel)(context, args);
}

Status call_slice_columns_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const SliceColumnsForwardArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::int64_t>(values[2].number),
  };
  return reinterpret_cast<Status (*)(Context&, const SliceColumnsForwardArgs&)>(kernel)(context, args);
}

Status call_slice_columns_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const SliceColumnsBackwardArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::int64_t>(values[2].number),
  };
  return reinterpret_cast<Status (*)(Context&, const SliceColumnsBackwardArgs&)>(kernel)(context, args);
}

Status call_route_top_k_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const RouteTopKForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const RouteTopKForwardArgs&)>(kernel)(context, args);
}

Status call_route_top_k_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const RouteTopKBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const RouteTopKBackwardArgs&)>(kernel)(context, args);
}

Status call_route_rows(AnyKernel kernel, Context& context, const ArgValue* values) {
  const RouteRowsArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Context&, const RouteRowsArgs&)>(kernel)(context, args);
}

Status call_expert_linear_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const ExpertLinearForwardArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::uint32_t>(values[2].number),
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Context&, const ExpertLinearForwardArgs&)>(kernel)(context, args);
}

Status call_expert_linear_backward_input(AnyKernel kernel, Context& context, const ArgValue* values) {
  const ExpertLinearBackwardInputArgs args = {
      values[0].view,
      values[1].view,
      static_cast<std::uint32_t>(values[2].number),
      values[3].view,
      values[4].view,
      values[5].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const ExpertLinearBackwardInputArgs&)>(kernel)(context, args);
}

Status call_expert_linear_backward_weight(AnyKernel kernel, Context& context, const ArgValue* values) {
  const ExpertLinearBackwardWeightArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      static_cast<std::uint32_t>(values[3].number),
      values[4].view,
      values[5].number != 0,
      values[6].number != 0,
  };
  return reinterpret_cast<Status (*)(Context&, const ExpertLinearBackwardWeightArgs&)>(kernel)(context, args);
}

Status call_expert_lora_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const ExpertLoraForwardArgs&)>(kernel)(context, args);
}

Status call_expert_lora_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const ExpertLoraBackwardArgs&)>(kernel)(context, args);
}

Status call_mix_rows_forward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const MixRowsForwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
  };
  return reinterpret_cast<Status (*)(Context&, const MixRowsForwardArgs&)>(kernel)(context, args);
}

Status call_mix_rows_backward(AnyKernel kernel, Context& context, const ArgValue* values) {
  const MixRowsBackwardArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
      values[5].view,
  };
  return reinterpret_cast<Status (*)(Context&, const MixRowsBackwardArgs&)>(kernel)(context, args);
}

Status call_tensor_cast(AnyKernel kernel, Context& context, const ArgValue* values) {
  const TensorCastArgs args = {
      values[0].view,
      values[1].view,
  };
  return reinterpret_cast<Status (*)(Context&, const TensorCastArgs&)>(kernel)(context, args);
}

Status call_logits_add_sparse(AnyKernel kernel, Context& context, const ArgValue* values) {
  const LogitsAddSparseArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
  };
  return reinterpret_cast<Status (*)(Context&, const LogitsAddSparseArgs&)>(kernel)(context, args);
}

Status call_logits_softcap(AnyKernel kernel, Context& context, const ArgValue* values) {
  const LogitsSoftcapArgs args = {
      values[0].view,
      static_cast<double>(values[1].number),
  };
  return reinterpret_cast<Status (*)(Context&, const LogitsSoftcapArgs&)>(kernel)(context, args);
}

Status call_sample(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const SampleArgs&)>(kernel)(context, args);
}

Status call_logits_adjust(AnyKernel kernel, Context& context, const ArgValue* values) {
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
  return reinterpret_cast<Status (*)(Context&, const LogitsAdjustArgs&)>(kernel)(context, args);
}

Status call_token_counts_add(AnyKernel kernel, Context& context, const ArgValue* values) {
  const TokenCountsAddArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
  };
  return reinterpret_cast<Status (*)(Context&, const TokenCountsAddArgs&)>(kernel)(context, args);
}

Status call_logits_top_log_probs(AnyKernel kernel, Context& context, const ArgValue* values) {
  const LogitsTopLogProbsArgs args = {
      values[0].view,
      values[1].view,
      values[2].view,
      values[3].view,
      values[4].view,
  };
  return reinterpret_cast<Status (*)(Context&, const LogitsTopLogProbsArgs&)>(kernel)(context, args);
}

const DispatchRow kRows[kOpCount] = {
    {call_linear_forward,
     {reinterpret_cast<AnyKernel>(reference::linear_forward),
      reinterpret_cast<AnyKernel>(avx2::linear_forward),
      reinterpret_cast<AnyKernel>(avx512::linear_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::linear_forward),
      reinterpret_cast<AnyKernel>(amx::linear_forward)}},
    {call_linear_group_forward,
     {reinterpret_cast<AnyKernel>(reference::linear_group_forward),
      reinterpret_cast<AnyKernel>(avx2::linear_group_forward),
      reinterpret_cast<AnyKernel>(avx512::linear_group_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::linear_group_forward),
      reinterpret_cast<AnyKernel>(amx::linear_group_forward)}},
    {call_linear_backward_input,
     {reinterpret_cast<AnyKernel>(reference::linear_backward_input),
      reinterpret_cast<AnyKernel>(avx2::linear_backward_input),
      reinterpret_cast<AnyKernel>(avx512::linear_backward_input),
      reinterpret_cast<AnyKernel>(avx512bf16::linear_backward_input),
      reinterpret_cast<AnyKernel>(amx::linear_backward_input)}},
    {call_linear_backward_weight,
     {reinterpret_cast<AnyKernel>(reference::linear_backward_weight),
      reinterpret_cast<AnyKernel>(avx2::linear_backward_weight),
      reinterpret_cast<AnyKernel>(avx512::linear_backward_weight),
      reinterpret_cast<AnyKernel>(avx512bf16::linear_backward_weight),
      reinterpret_cast<AnyKernel>(amx::linear_backward_weight)}},
    {call_lora_forward,
     {reinterpret_cast<AnyKernel>(reference::lora_forward),
      reinterpret_cast<AnyKernel>(avx2::lora_forward),
      reinterpret_cast<AnyKernel>(avx512::lora_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::lora_forward),
      reinterpret_cast<AnyKernel>(amx::lora_forward)}},
    {call_lora_backward,
     {reinterpret_cast<AnyKernel>(reference::lora_backward),
      reinterpret_cast<AnyKernel>(avx2::lora_backward),
      reinterpret_cast<AnyKernel>(avx512::lora_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::lora_backward),
      reinterpret_cast<AnyKernel>(amx::lora_backward)}},
    {call_lora_grouped_forward,
     {reinterpret_cast<AnyKernel>(reference::lora_grouped_forward),
      reinterpret_cast<AnyKernel>(avx2::lora_grouped_forward),
      reinterpret_cast<AnyKernel>(avx512::lora_grouped_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::lora_grouped_forward),
      reinterpret_cast<AnyKernel>(amx::lora_grouped_forward)}},
    {call_lora_paged_forward,
     {reinterpret_cast<AnyKernel>(reference::lora_paged_forward),
      reinterpret_cast<AnyKernel>(avx2::lora_paged_forward),
      reinterpret_cast<AnyKernel>(avx512::lora_paged_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::lora_paged_forward),
      reinterpret_cast<AnyKernel>(amx::lora_paged_forward)}},
    {call_embedding_forward,
     {reinterpret_cast<AnyKernel>(reference::embedding_forward),
      reinterpret_cast<AnyKernel>(avx2::embedding_forward),
      reinterpret_cast<AnyKernel>(avx512::embedding_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::embedding_forward),
      reinterpret_cast<AnyKernel>(amx::embedding_forward)}},
    {call_embedding_backward,
     {reinterpret_cast<AnyKernel>(reference::embedding_backward),
      reinterpret_cast<AnyKernel>(avx2::embedding_backward),
      reinterpret_cast<AnyKernel>(avx512::embedding_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::embedding_backward),
      reinterpret_cast<AnyKernel>(amx::embedding_backward)}},
    {call_rms_norm_forward,
     {reinterpret_cast<AnyKernel>(reference::rms_norm_forward),
      reinterpret_cast<AnyKernel>(avx2::rms_norm_forward),
      reinterpret_cast<AnyKernel>(avx512::rms_norm_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::rms_norm_forward),
      reinterpret_cast<AnyKernel>(amx::rms_norm_forward)}},
    {call_rms_norm_backward,
     {reinterpret_cast<AnyKernel>(reference::rms_norm_backward),
      reinterpret_cast<AnyKernel>(avx2::rms_norm_backward),
      reinterpret_cast<AnyKernel>(avx512::rms_norm_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::rms_norm_backward),
      reinterpret_cast<AnyKernel>(amx::rms_norm_backward)}},
    {call_add_rms_norm,
     {reinterpret_cast<AnyKernel>(reference::add_rms_norm),
      reinterpret_cast<AnyKernel>(avx2::add_rms_norm),
      reinterpret_cast<AnyKernel>(avx512::add_rms_norm),
      reinterpret_cast<AnyKernel>(avx512bf16::add_rms_norm),
      reinterpret_cast<AnyKernel>(amx::add_rms_norm)}},
    {call_layer_norm_forward,
     {reinterpret_cast<AnyKernel>(reference::layer_norm_forward),
      reinterpret_cast<AnyKernel>(avx2::layer_norm_forward),
      reinterpret_cast<AnyKernel>(avx512::layer_norm_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::layer_norm_forward),
      reinterpret_cast<AnyKernel>(amx::layer_norm_forward)}},
    {call_layer_norm_backward,
     {reinterpret_cast<AnyKernel>(reference::layer_norm_backward),
      reinterpret_cast<AnyKernel>(avx2::layer_norm_backward),
      reinterpret_cast<AnyKernel>(avx512::layer_norm_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::layer_norm_backward),
      reinterpret_cast<AnyKernel>(amx::layer_norm_backward)}},
    {call_rope,
     {reinterpret_cast<AnyKernel>(reference::rope),
      reinterpret_cast<AnyKernel>(avx2::rope),
      reinterpret_cast<AnyKernel>(avx512::rope),
      reinterpret_cast<AnyKernel>(avx512bf16::rope),
      reinterpret_cast<AnyKernel>(amx::rope)}},
    {call_swiglu_forward,
     {reinterpret_cast<AnyKernel>(reference::swiglu_forward),
      reinterpret_cast<AnyKernel>(avx2::swiglu_forward),
      reinterpret_cast<AnyKernel>(avx512::swiglu_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::swiglu_forward),
      reinterpret_cast<AnyKernel>(amx::swiglu_forward)}},
    {call_swiglu_backward,
     {reinterpret_cast<AnyKernel>(reference::swiglu_backward),
      reinterpret_cast<AnyKernel>(avx2::swiglu_backward),
      reinterpret_cast<AnyKernel>(avx512::swiglu_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::swiglu_backward),
      reinterpret_cast<AnyKernel>(amx::swiglu_backward)}},
    {call_geglu_forward,
     {reinterpret_cast<AnyKernel>(reference::geglu_forward),
      reinterpret_cast<AnyKernel>(avx2::geglu_forward),
      reinterpret_cast<AnyKernel>(avx512::geglu_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::geglu_forward),
      reinterpret_cast<AnyKernel>(amx::geglu_forward)}},
    {call_geglu_backward,
     {reinterpret_cast<AnyKernel>(reference::geglu_backward),
      reinterpret_cast<AnyKernel>(avx2::geglu_backward),
      reinterpret_cast<AnyKernel>(avx512::geglu_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::geglu_backward),
      reinterpret_cast<AnyKernel>(amx::geglu_backward)}},
    {call_gelu_forward,
     {reinterpret_cast<AnyKernel>(reference::gelu_forward),
      reinterpret_cast<AnyKernel>(avx2::gelu_forward),
      reinterpret_cast<AnyKernel>(avx512::gelu_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::gelu_forward),
      reinterpret_cast<AnyKernel>(amx::gelu_forward)}},
    {call_gelu_backward,
     {reinterpret_cast<AnyKernel>(reference::gelu_backward),
      reinterpret_cast<AnyKernel>(avx2::gelu_backward),
      reinterpret_cast<AnyKernel>(avx512::gelu_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::gelu_backward),
      reinterpret_cast<AnyKernel>(amx::gelu_backward)}},
    {call_attention_forward,
     {reinterpret_cast<AnyKernel>(reference::attention_forward),
      reinterpret_cast<AnyKernel>(avx2::attention_forward),
      reinterpret_cast<AnyKernel>(avx512::attention_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::attention_forward),
      reinterpret_cast<AnyKernel>(amx::attention_forward)}},
    {call_attention_backward,
     {reinterpret_cast<AnyKernel>(reference::attention_backward),
      reinterpret_cast<AnyKernel>(avx2::attention_backward),
      reinterpret_cast<AnyKernel>(avx512::attention_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::attention_backward),
      reinterpret_cast<AnyKernel>(amx::attention_backward)}},
    {call_kv_write,
     {reinterpret_cast<AnyKernel>(reference::kv_write),
      reinterpret_cast<AnyKernel>(avx2::kv_write),
      reinterpret_cast<AnyKernel>(avx512::kv_write),
      reinterpret_cast<AnyKernel>(avx512bf16::kv_write),
      reinterpret_cast<AnyKernel>(amx::kv_write)}},
    {call_rope_kv_write,
     {reinterpret_cast<AnyKernel>(reference::rope_kv_write),
      reinterpret_cast<AnyKernel>(avx2::rope_kv_write),
      reinterpret_cast<AnyKernel>(avx512::rope_kv_write),
      reinterpret_cast<AnyKernel>(avx512bf16::rope_kv_write),
      reinterpret_cast<AnyKernel>(amx::rope_kv_write)}},
    {call_paged_attention,
     {reinterpret_cast<AnyKernel>(reference::paged_attention),
      reinterpret_cast<AnyKernel>(avx2::paged_attention),
      reinterpret_cast<AnyKernel>(avx512::paged_attention),
      reinterpret_cast<AnyKernel>(avx512bf16::paged_attention),
      reinterpret_cast<AnyKernel>(amx::paged_attention)}},
    {call_token_log_probs_forward,
     {reinterpret_cast<AnyKernel>(reference::token_log_probs_forward),
      reinterpret_cast<AnyKernel>(avx2::token_log_probs_forward),
      reinterpret_cast<AnyKernel>(avx512::token_log_probs_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::token_log_probs_forward),
      reinterpret_cast<AnyKernel>(amx::token_log_probs_forward)}},
    {call_token_log_probs_backward,
     {reinterpret_cast<AnyKernel>(reference::token_log_probs_backward),
      reinterpret_cast<AnyKernel>(avx2::token_log_probs_backward),
      reinterpret_cast<AnyKernel>(avx512::token_log_probs_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::token_log_probs_backward),
      reinterpret_cast<AnyKernel>(amx::token_log_probs_backward)}},
    {call_token_sums,
     {reinterpret_cast<AnyKernel>(reference::token_sums),
      reinterpret_cast<AnyKernel>(avx2::token_sums),
      reinterpret_cast<AnyKernel>(avx512::token_sums),
      reinterpret_cast<AnyKernel>(avx512bf16::token_sums),
      reinterpret_cast<AnyKernel>(amx::token_sums)}},
    {call_adamw_step,
     {reinterpret_cast<AnyKernel>(reference::adamw_step),
      reinterpret_cast<AnyKernel>(avx2::adamw_step),
      reinterpret_cast<AnyKernel>(avx512::adamw_step),
      reinterpret_cast<AnyKernel>(avx512bf16::adamw_step),
      reinterpret_cast<AnyKernel>(amx::adamw_step)}},
    {call_adamw8bit_step,
     {reinterpret_cast<AnyKernel>(reference::adamw8bit_step),
      reinterpret_cast<AnyKernel>(avx2::adamw8bit_step),
      reinterpret_cast<AnyKernel>(avx512::adamw8bit_step),
      reinterpret_cast<AnyKernel>(avx512bf16::adamw8bit_step),
      reinterpret_cast<AnyKernel>(amx::adamw8bit_step)}},
    {call_sum_squares,
     {reinterpret_cast<AnyKernel>(reference::sum_squares),
      reinterpret_cast<AnyKernel>(avx2::sum_squares),
      reinterpret_cast<AnyKernel>(avx512::sum_squares),
      reinterpret_cast<AnyKernel>(avx512bf16::sum_squares),
      reinterpret_cast<AnyKernel>(amx::sum_squares)}},
    {call_tensor_fill,
     {reinterpret_cast<AnyKernel>(reference::tensor_fill),
      reinterpret_cast<AnyKernel>(avx2::tensor_fill),
      reinterpret_cast<AnyKernel>(avx512::tensor_fill),
      reinterpret_cast<AnyKernel>(avx512bf16::tensor_fill),
      reinterpret_cast<AnyKernel>(amx::tensor_fill)}},
    {call_tensor_copy,
     {reinterpret_cast<AnyKernel>(reference::tensor_copy),
      reinterpret_cast<AnyKernel>(avx2::tensor_copy),
      reinterpret_cast<AnyKernel>(avx512::tensor_copy),
      reinterpret_cast<AnyKernel>(avx512bf16::tensor_copy),
      reinterpret_cast<AnyKernel>(amx::tensor_copy)}},
    {call_tensor_scale,
     {reinterpret_cast<AnyKernel>(reference::tensor_scale),
      reinterpret_cast<AnyKernel>(avx2::tensor_scale),
      reinterpret_cast<AnyKernel>(avx512::tensor_scale),
      reinterpret_cast<AnyKernel>(avx512bf16::tensor_scale),
      reinterpret_cast<AnyKernel>(amx::tensor_scale)}},
    {call_tensor_add,
     {reinterpret_cast<AnyKernel>(reference::tensor_add),
      reinterpret_cast<AnyKernel>(avx2::tensor_add),
      reinterpret_cast<AnyKernel>(avx512::tensor_add),
      reinterpret_cast<AnyKernel>(avx512bf16::tensor_add),
      reinterpret_cast<AnyKernel>(amx::tensor_add)}},
    {call_tensor_accumulate,
     {reinterpret_cast<AnyKernel>(reference::tensor_accumulate),
      reinterpret_cast<AnyKernel>(avx2::tensor_accumulate),
      reinterpret_cast<AnyKernel>(avx512::tensor_accumulate),
      reinterpret_cast<AnyKernel>(avx512bf16::tensor_accumulate),
      reinterpret_cast<AnyKernel>(amx::tensor_accumulate)}},
    {call_dropout,
     {reinterpret_cast<AnyKernel>(reference::dropout),
      reinterpret_cast<AnyKernel>(avx2::dropout),
      reinterpret_cast<AnyKernel>(avx512::dropout),
      reinterpret_cast<AnyKernel>(avx512bf16::dropout),
      reinterpret_cast<AnyKernel>(amx::dropout)}},
    {call_gather_rows,
     {reinterpret_cast<AnyKernel>(reference::gather_rows),
      reinterpret_cast<AnyKernel>(avx2::gather_rows),
      reinterpret_cast<AnyKernel>(avx512::gather_rows),
      reinterpret_cast<AnyKernel>(avx512bf16::gather_rows),
      reinterpret_cast<AnyKernel>(amx::gather_rows)}},
    {call_scatter_rows_add,
     {reinterpret_cast<AnyKernel>(reference::scatter_rows_add),
      reinterpret_cast<AnyKernel>(avx2::scatter_rows_add),
      reinterpret_cast<AnyKernel>(avx512::scatter_rows_add),
      reinterpret_cast<AnyKernel>(avx512bf16::scatter_rows_add),
      reinterpret_cast<AnyKernel>(amx::scatter_rows_add)}},
    {call_slice_columns_forward,
     {reinterpret_cast<AnyKernel>(reference::slice_columns_forward),
      reinterpret_cast<AnyKernel>(avx2::slice_columns_forward),
      reinterpret_cast<AnyKernel>(avx512::slice_columns_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::slice_columns_forward),
      reinterpret_cast<AnyKernel>(amx::slice_columns_forward)}},
    {call_slice_columns_backward,
     {reinterpret_cast<AnyKernel>(reference::slice_columns_backward),
      reinterpret_cast<AnyKernel>(avx2::slice_columns_backward),
      reinterpret_cast<AnyKernel>(avx512::slice_columns_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::slice_columns_backward),
      reinterpret_cast<AnyKernel>(amx::slice_columns_backward)}},
    {call_route_top_k_forward,
     {reinterpret_cast<AnyKernel>(reference::route_top_k_forward),
      reinterpret_cast<AnyKernel>(avx2::route_top_k_forward),
      reinterpret_cast<AnyKernel>(avx512::route_top_k_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::route_top_k_forward),
      reinterpret_cast<AnyKernel>(amx::route_top_k_forward)}},
    {call_route_top_k_backward,
     {reinterpret_cast<AnyKernel>(reference::route_top_k_backward),
      reinterpret_cast<AnyKernel>(avx2::route_top_k_backward),
      reinterpret_cast<AnyKernel>(avx512::route_top_k_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::route_top_k_backward),
      reinterpret_cast<AnyKernel>(amx::route_top_k_backward)}},
    {call_route_rows,
     {reinterpret_cast<AnyKernel>(reference::route_rows),
      reinterpret_cast<AnyKernel>(avx2::route_rows),
      reinterpret_cast<AnyKernel>(avx512::route_rows),
      reinterpret_cast<AnyKernel>(avx512bf16::route_rows),
      reinterpret_cast<AnyKernel>(amx::route_rows)}},
    {call_expert_linear_forward,
     {reinterpret_cast<AnyKernel>(reference::expert_linear_forward),
      reinterpret_cast<AnyKernel>(avx2::expert_linear_forward),
      reinterpret_cast<AnyKernel>(avx512::expert_linear_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::expert_linear_forward),
      reinterpret_cast<AnyKernel>(amx::expert_linear_forward)}},
    {call_expert_linear_backward_input,
     {reinterpret_cast<AnyKernel>(reference::expert_linear_backward_input),
      reinterpret_cast<AnyKernel>(avx2::expert_linear_backward_input),
      reinterpret_cast<AnyKernel>(avx512::expert_linear_backward_input),
      reinterpret_cast<AnyKernel>(avx512bf16::expert_linear_backward_input),
      reinterpret_cast<AnyKernel>(amx::expert_linear_backward_input)}},
    {call_expert_linear_backward_weight,
     {reinterpret_cast<AnyKernel>(reference::expert_linear_backward_weight),
      reinterpret_cast<AnyKernel>(avx2::expert_linear_backward_weight),
      reinterpret_cast<AnyKernel>(avx512::expert_linear_backward_weight),
      reinterpret_cast<AnyKernel>(avx512bf16::expert_linear_backward_weight),
      reinterpret_cast<AnyKernel>(amx::expert_linear_backward_weight)}},
    {call_expert_lora_forward,
     {reinterpret_cast<AnyKernel>(reference::expert_lora_forward),
      reinterpret_cast<AnyKernel>(avx2::expert_lora_forward),
      reinterpret_cast<AnyKernel>(avx512::expert_lora_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::expert_lora_forward),
      reinterpret_cast<AnyKernel>(amx::expert_lora_forward)}},
    {call_expert_lora_backward,
     {reinterpret_cast<AnyKernel>(reference::expert_lora_backward),
      reinterpret_cast<AnyKernel>(avx2::expert_lora_backward),
      reinterpret_cast<AnyKernel>(avx512::expert_lora_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::expert_lora_backward),
      reinterpret_cast<AnyKernel>(amx::expert_lora_backward)}},
    {call_mix_rows_forward,
     {reinterpret_cast<AnyKernel>(reference::mix_rows_forward),
      reinterpret_cast<AnyKernel>(avx2::mix_rows_forward),
      reinterpret_cast<AnyKernel>(avx512::mix_rows_forward),
      reinterpret_cast<AnyKernel>(avx512bf16::mix_rows_forward),
      reinterpret_cast<AnyKernel>(amx::mix_rows_forward)}},
    {call_mix_rows_backward,
     {reinterpret_cast<AnyKernel>(reference::mix_rows_backward),
      reinterpret_cast<AnyKernel>(avx2::mix_rows_backward),
      reinterpret_cast<AnyKernel>(avx512::mix_rows_backward),
      reinterpret_cast<AnyKernel>(avx512bf16::mix_rows_backward),
      reinterpret_cast<AnyKernel>(amx::mix_rows_backward)}},
    {call_tensor_cast,
     {reinterpret_cast<AnyKernel>(reference::tensor_cast),
      reinterpret_cast<AnyKernel>(avx2::tensor_cast),
      reinterpret_cast<AnyKernel>(avx512::tensor_cast),
      reinterpret_cast<AnyKernel>(avx512bf16::tensor_cast),
      reinterpret_cast<AnyKernel>(amx::tensor_cast)}},
    {call_logits_add_sparse,
     {reinterpret_cast<AnyKernel>(reference::logits_add_sparse),
      reinterpret_cast<AnyKernel>(avx2::logits_add_sparse),
      reinterpret_cast<AnyKernel>(avx512::logits_add_sparse),
      reinterpret_cast<AnyKernel>(avx512bf16::logits_add_sparse),
      reinterpret_cast<AnyKernel>(amx::logits_add_sparse)}},
    {call_logits_softcap,
     {reinterpret_cast<AnyKernel>(reference::logits_softcap),
      reinterpret_cast<AnyKernel>(avx2::logits_softcap),
      reinterpret_cast<AnyKernel>(avx512::logits_softcap),
      reinterpret_cast<AnyKernel>(avx512bf16::logits_softcap),
      reinterpret_cast<AnyKernel>(amx::logits_softcap)}},
    {call_sample,
     {reinterpret_cast<AnyKernel>(reference::sample),
      reinterpret_cast<AnyKernel>(avx2::sample),
      reinterpret_cast<AnyKernel>(avx512::sample),
      reinterpret_cast<AnyKernel>(avx512bf16::sample),
      reinterpret_cast<AnyKernel>(amx::sample)}},
    {call_logits_adjust,
     {reinterpret_cast<AnyKernel>(reference::logits_adjust),
      reinterpret_cast<AnyKernel>(avx2::logits_adjust),
      reinterpret_cast<AnyKernel>(avx512::logits_adjust),
      reinterpret_cast<AnyKernel>(avx512bf16::logits_adjust),
      reinterpret_cast<AnyKernel>(amx::logits_adjust)}},
    {call_token_counts_add,
     {reinterpret_cast<AnyKernel>(reference::token_counts_add),
      reinterpret_cast<AnyKernel>(avx2::token_counts_add),
      reinterpret_cast<AnyKernel>(avx512::token_counts_add),
      reinterpret_cast<AnyKernel>(avx512bf16::token_counts_add),
      reinterpret_cast<AnyKernel>(amx::token_counts_add)}},
    {call_logits_top_log_probs,
     {reinterpret_cast<AnyKernel>(reference::logits_top_log_probs),
      reinterpret_cast<AnyKernel>(avx2::logits_top_log_probs),
      reinterpret_cast<AnyKernel>(avx512::logits_top_log_probs),
      reinterpret_cast<AnyKernel>(avx512bf16::logits_top_log_probs),
      reinterpret_cast<AnyKernel>(amx::logits_top_log_probs)}},
};

}  // namespace

const DispatchRow& dispatch_row(int op) { return kRows[op]; }

}  // namespace hone
