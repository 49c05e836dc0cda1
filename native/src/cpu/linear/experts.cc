// isa: avx2 avx512 avx512bf16 amx
#include "core/context.h"
#include "core/expert-calls.h"

namespace hone::HONE_ISA {

// Of linear.cc and lora.cc of the same level.
Status linear_forward(Context& context, const LinearForwardArgs& args);
Status linear_backward_input(Context& context, const LinearBackwardInputArgs& args);
Status linear_backward_weight(Context& context, const LinearBackwardWeightArgs& args);
Status lora_forward(Context& context, const LoraForwardArgs& args);
Status lora_backward(Context& context, const LoraBackwardArgs& args);

Status expert_linear_forward(Context& context, const ExpertLinearForwardArgs& args) {
  return expert_calls::linear_forward(context, args, linear_forward);
}

Status expert_linear_backward_input(Context& context, const ExpertLinearBackwardInputArgs& args) {
  return expert_calls::linear_backward_input(context, args, linear_backward_input);
}

Status expert_linear_backward_weight(Context& context, const ExpertLinearBackwardWeightArgs& args) {
  return expert_calls::linear_backward_weight(context, args, linear_backward_weight);
}

Status expert_lora_forward(Context& context, const ExpertLoraForwardArgs& args) {
  return expert_calls::lora_forward(context, args, lora_forward);
}

Status expert_lora_backward(Context& context, const ExpertLoraBackwardArgs& args) {
  return expert_calls::lora_backward(context, args, lora_backward);
}

}  // namespace hone::HONE_ISA
