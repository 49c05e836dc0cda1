// Generated from native/ops.json by tools/gen-ops.mjs; do not edit.
#include "core/op-spec.h"

namespace hone {
namespace {

constexpr ArgSpec k_linear_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("w", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4) | bit(DType::int8) | bit(DType::int4), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("bias", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{2, 0}}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_linear_group_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("w0", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4) | bit(DType::int8) | bit(DType::int4), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("bias0", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{2, 0}}, Check::knone, {-1, -1}),
    tensor("y0", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("w1", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4) | bit(DType::int8) | bit(DType::int4), Shape::kdims, -1, 2, {{3, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("bias1", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{3, 0}}, Check::knone, {-1, -1}),
    tensor("y1", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {3, 0}}, Check::knone, {-1, -1}),
    tensor("w2", Io::kin, Role::kplain, true, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4) | bit(DType::int8) | bit(DType::int4), Shape::kdims, -1, 2, {{4, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("bias2", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{4, 0}}, Check::knone, {-1, -1}),
    tensor("y2", Io::kout, Role::kactivation, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {4, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_linear_backward_input[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("w", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4) | bit(DType::int8) | bit(DType::int4), Shape::kdims, -1, 2, {{1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("dx", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("accumulate", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_linear_backward_weight[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("dw", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("dbias", Io::kinout, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    attribute("accumulate", Attribute::kbool, 0, 1, ""),
    attribute("roundsToBf16", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_lora_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("a", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("b", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("scale", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    tensor("y", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {3, 0}}, Check::knone, {-1, -1}),
    tensor("xa", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_lora_backward[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("a", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("b", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{1, 0}, {3, 0}}, Check::knone, {-1, -1}),
    tensor("xa", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {3, 0}}, Check::knone, {-1, -1}),
    attribute("scale", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    tensor("dx", Io::kinout, Role::kactivation, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("da", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("db", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{1, 0}, {3, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_lora_grouped_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("y", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("a0", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{3, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("b0", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {3, 0}}, Check::knone, {-1, -1}),
    attribute("begin0", Attribute::kuint, 0, 4294967295, ""),
    attribute("end0", Attribute::kuint, 0, 4294967295, ""),
    attribute("scale0", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    tensor("a1", Io::kin, Role::kparameter, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{4, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("b1", Io::kin, Role::kparameter, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {4, 0}}, Check::knone, {-1, -1}),
    attribute("begin1", Attribute::kuint, 0, 4294967295, ""),
    attribute("end1", Attribute::kuint, 0, 4294967295, ""),
    attribute("scale1", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    tensor("a2", Io::kin, Role::kparameter, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{5, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("b2", Io::kin, Role::kparameter, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {5, 0}}, Check::knone, {-1, -1}),
    attribute("begin2", Attribute::kuint, 0, 4294967295, ""),
    attribute("end2", Attribute::kuint, 0, 4294967295, ""),
    attribute("scale2", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    tensor("a3", Io::kin, Role::kparameter, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{6, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("b3", Io::kin, Role::kparameter, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {6, 0}}, Check::knone, {-1, -1}),
    attribute("begin3", Attribute::kuint, 0, 4294967295, ""),
    attribute("end3", Attribute::kuint, 0, 4294967295, ""),
    attribute("scale3", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
};

constexpr ArgSpec k_lora_paged_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("slots", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kunder, {5, -1}),
    tensor("a", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {3, 0}}, Check::knone, {-1, -1}),
    tensor("b", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {3, 0}}, Check::knone, {-1, -1}),
    tensor("pages", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{4, 0}}, Check::kbelow, {2, -1}),
    tensor("places", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{5, 0}, {-1, 4}}, Check::knone, {-1, -1}),
    tensor("scales", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{5, 0}}, Check::knone, {-1, -1}),
    attribute("rankMax", Attribute::kuint, 0, 4294967295, ""),
    tensor("y", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {6, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_embedding_forward[] = {
    tensor("ids", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kbelow, {1, -1}),
    tensor("table", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_embedding_backward[] = {
    tensor("ids", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kbelow, {2, -1}),
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("dtable", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_rms_norm_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("weight", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("rstd", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    attribute("eps", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("offset", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
};

constexpr ArgSpec k_rms_norm_backward[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("weight", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    tensor("rstd", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("dx", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("dweight", Io::kinout, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    attribute("offset", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    attribute("accumulate", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_add_rms_norm[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("sum", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("weight", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("rstd", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    attribute("eps", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("offset", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
};

constexpr ArgSpec k_layer_norm_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("weight", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    tensor("bias", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("mean", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("rstd", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    attribute("eps", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
};

constexpr ArgSpec k_layer_norm_backward[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("weight", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    tensor("bias", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    tensor("mean", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("rstd", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("dx", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("dweight", Io::kinout, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    tensor("dbias", Io::kinout, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{1, 0}}, Check::knone, {-1, -1}),
    attribute("accumulate", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_rope[] = {
    tensor("x", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("positions", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kfrom0, {-1, -1}),
    tensor("invFreq", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{3, 0}}, Check::knone, {-1, -1}),
    attribute("mscale", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    attribute("inverse", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_swiglu_forward[] = {
    tensor("gate", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("up", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_swiglu_backward[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("gate", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("up", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("dgate", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("dup", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_geglu_forward[] = {
    tensor("gate", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("up", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    attribute("exact", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_geglu_backward[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("gate", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("up", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("dgate", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("dup", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    attribute("exact", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_gelu_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    attribute("exact", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_gelu_backward[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("dx", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    attribute("exact", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_attention_forward[] = {
    tensor("q", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("k", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("v", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("cuSeqlens", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{4, 1}}, Check::ksegments, {0, -1}),
    tensor("o", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("lse", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    attribute("scale", Attribute::knumber, 5e-324, 3.4028234663852886e+38, "> 0"),
    attribute("window", Attribute::kint, 0, 9007199254740992, ">= 0"),
    attribute("softcap", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("rounded", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_attention_backward[] = {
    tensor("do", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("q", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("k", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("v", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("o", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("lse", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("cuSeqlens", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{4, 1}}, Check::ksegments, {0, -1}),
    tensor("dq", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("dk", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("dv", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("scale", Attribute::knumber, 5e-324, 3.4028234663852886e+38, "> 0"),
    attribute("window", Attribute::kint, 0, 9007199254740992, ">= 0"),
    attribute("softcap", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("rounded", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_kv_write[] = {
    tensor("k", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("v", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("slots", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kunder, {3, 4}),
    tensor("kCache", Io::kinout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 4, {{3, 0}, {1, 0}, {4, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("vCache", Io::kinout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 4, {{3, 0}, {1, 0}, {4, 0}, {2, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_rope_kv_write[] = {
    tensor("q", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("k", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("v", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {3, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("positions", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kfrom0, {-1, -1}),
    tensor("invFreq", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{4, 0}}, Check::knone, {-1, -1}),
    tensor("slots", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kunder, {5, 6}),
    tensor("kCache", Io::kinout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 4, {{5, 0}, {3, 0}, {6, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("vCache", Io::kinout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 4, {{5, 0}, {3, 0}, {6, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("mscale", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
};

constexpr ArgSpec k_paged_attention[] = {
    tensor("q", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("kCache", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 4, {{3, 0}, {4, 0}, {5, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("vCache", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 4, {{3, 0}, {4, 0}, {5, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("blockTable", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{6, 0}, {7, 0}}, Check::kunder, {3, -1}),
    tensor("rowSequence", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kbelow, {6, -1}),
    tensor("rowPosition", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kbelow, {7, 5}),
    tensor("o", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 3, {{0, 0}, {1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("scale", Attribute::knumber, 5e-324, 3.4028234663852886e+38, "> 0"),
    attribute("window", Attribute::kint, 0, 9007199254740992, ">= 0"),
    attribute("softcap", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
};

constexpr ArgSpec k_token_log_probs_forward[] = {
    tensor("h", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("w", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("targets", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kunder, {2, -1}),
    tensor("logp", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("lse", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("entropy", Io::kout, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("argmax", Io::kout, Role::kplain, true, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    attribute("softcap", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
};

constexpr ArgSpec k_token_log_probs_backward[] = {
    tensor("dlogp", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("h", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("w", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("targets", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kunder, {2, -1}),
    tensor("lse", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("dh", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("dw", Io::kinout, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
    attribute("softcap", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
};

constexpr ArgSpec k_token_sums[] = {
    tensor("logp", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("argmax", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("targets", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("sums", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{-1, 2}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_adamw_step[] = {
    tensor("p", Io::kinout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("g", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("m", Io::kinout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("v", Io::kinout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("squaredNorm", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{-1, 1}}, Check::knone, {-1, -1}),
    attribute("lr", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("beta1", Attribute::knumber, 0, 0.9999999999999999, ">= 0 and < 1"),
    attribute("beta2", Attribute::knumber, 0, 0.9999999999999999, ">= 0 and < 1"),
    attribute("eps", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("weightDecay", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("step", Attribute::kint, 1, 9007199254740992, ">= 1"),
    attribute("gradientScale", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    attribute("maxNorm", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("seed", Attribute::kuint, 0, 4294967295, ""),
    attribute("firstBlock", Attribute::kint, 0, 9007199254740992, ">= 0"),
};

constexpr ArgSpec k_adamw8bit_step[] = {
    tensor("p", Io::kinout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("g", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("m", Io::kinout, Role::kplain, false, bit(DType::u8), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("v", Io::kinout, Role::kplain, false, bit(DType::u8), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("mAbsmax", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("vAbsmax", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("squaredNorm", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{-1, 1}}, Check::knone, {-1, -1}),
    attribute("lr", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("beta1", Attribute::knumber, 0, 0.9999999999999999, ">= 0 and < 1"),
    attribute("beta2", Attribute::knumber, 0, 0.9999999999999999, ">= 0 and < 1"),
    attribute("eps", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("weightDecay", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("step", Attribute::kint, 1, 9007199254740992, ">= 1"),
    attribute("gradientScale", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    attribute("maxNorm", Attribute::knumber, 0, 3.4028234663852886e+38, ">= 0"),
    attribute("seed", Attribute::kuint, 0, 4294967295, ""),
    attribute("firstBlock", Attribute::kint, 0, 9007199254740992, ">= 0"),
};

constexpr ArgSpec k_sum_squares[] = {
    tensor("x", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("out", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{-1, 1}}, Check::knone, {-1, -1}),
    attribute("accumulate", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_tensor_fill[] = {
    tensor("x", Io::kout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::f16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    attribute("value", Attribute::kany, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
};

constexpr ArgSpec k_tensor_copy[] = {
    tensor("src", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::f16) | bit(DType::i32) | bit(DType::u8), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("dst", Io::kout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::f16) | bit(DType::i32) | bit(DType::u8), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_tensor_scale[] = {
    tensor("x", Io::kinout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    attribute("s", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
};

constexpr ArgSpec k_tensor_add[] = {
    tensor("a", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("b", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("out", Io::kout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_tensor_accumulate[] = {
    tensor("dst", Io::kinout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("src", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_dropout[] = {
    tensor("x", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    attribute("p", Attribute::knumber, 0, 0.9999999999999999, ">= 0 and < 1"),
    attribute("seedLow", Attribute::kuint, 0, 4294967295, ""),
    attribute("seedHigh", Attribute::kuint, 0, 4294967295, ""),
};

constexpr ArgSpec k_gather_rows[] = {
    tensor("x", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("index", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{2, 0}}, Check::kbelow, {0, -1}),
    tensor("y", Io::kout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_scatter_rows_add[] = {
    tensor("x", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("index", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kbelow, {2, -1}),
    tensor("y", Io::kinout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_slice_columns_forward[] = {
    tensor("x", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("y", Io::kout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("begin", Attribute::kint, 0, 9007199254740992, ">= 0"),
};

constexpr ArgSpec k_slice_columns_backward[] = {
    tensor("dy", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("dx", Io::kinout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("begin", Attribute::kint, 0, 9007199254740992, ">= 0"),
};

constexpr ArgSpec k_route_top_k_forward[] = {
    tensor("logits", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("ids", Io::kout, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("weights", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("renormalise", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_route_top_k_backward[] = {
    tensor("dweights", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("logits", Io::kin, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("ids", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::kbelow, {2, -1}),
    tensor("dlogits", Io::kinout, Role::kmixed, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("renormalise", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_route_rows[] = {
    tensor("ids", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::kbelow, {3, -1}),
    tensor("pieces", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{2, 1}}, Check::ksegments, {0, -1}),
    tensor("rows", Io::kout, Role::kplain, false, bit(DType::i32), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
    tensor("places", Io::kout, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("segments", Io::kout, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{3, 0}, {2, 1}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_expert_linear_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("segments", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{2, 0}, {3, 0}}, Check::knone, {-1, -1}),
    attribute("expert", Attribute::kuint, 0, 4294967295, ""),
    tensor("w", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4) | bit(DType::int8) | bit(DType::int4), Shape::kdims, -1, 2, {{4, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("y", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {4, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_expert_linear_backward_input[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("segments", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{2, 0}, {3, 0}}, Check::knone, {-1, -1}),
    attribute("expert", Attribute::kuint, 0, 4294967295, ""),
    tensor("w", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::packed_f32) | bit(DType::packed_bf16) | bit(DType::nf4) | bit(DType::int8) | bit(DType::int4), Shape::kdims, -1, 2, {{1, 0}, {4, 0}}, Check::knone, {-1, -1}),
    tensor("dx", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {4, 0}}, Check::knone, {-1, -1}),
    attribute("accumulate", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_expert_linear_backward_weight[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("segments", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{3, 0}, {4, 0}}, Check::knone, {-1, -1}),
    attribute("expert", Attribute::kuint, 0, 4294967295, ""),
    tensor("dw", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{1, 0}, {2, 0}}, Check::knone, {-1, -1}),
    attribute("accumulate", Attribute::kbool, 0, 1, ""),
    attribute("roundsToBf16", Attribute::kbool, 0, 1, ""),
};

constexpr ArgSpec k_expert_lora_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("segments", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{2, 0}, {3, 0}}, Check::knone, {-1, -1}),
    attribute("expert", Attribute::kuint, 0, 4294967295, ""),
    attribute("piece", Attribute::kuint, 0, 4294967295, ""),
    tensor("a", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{4, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("b", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{5, 0}, {4, 0}}, Check::knone, {-1, -1}),
    attribute("scale", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    tensor("y", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {5, 0}}, Check::knone, {-1, -1}),
    tensor("xa", Io::kinout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {6, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_expert_lora_backward[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("segments", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{3, 0}, {4, 0}}, Check::knone, {-1, -1}),
    attribute("expert", Attribute::kuint, 0, 4294967295, ""),
    attribute("piece", Attribute::kuint, 0, 4294967295, ""),
    tensor("a", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{5, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("b", Io::kin, Role::kparameter, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{1, 0}, {5, 0}}, Check::knone, {-1, -1}),
    tensor("xa", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {6, 0}}, Check::knone, {-1, -1}),
    attribute("scale", Attribute::knumber, -3.4028234663852886e+38, 3.4028234663852886e+38, ""),
    tensor("dx", Io::kinout, Role::kactivation, true, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("da", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{5, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("db", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{1, 0}, {5, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_mix_rows_forward[] = {
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("weights", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{2, 0}, {3, 0}}, Check::knone, {-1, -1}),
    tensor("places", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{2, 0}, {3, 0}}, Check::kbelow, {0, -1}),
    tensor("y", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_mix_rows_backward[] = {
    tensor("dy", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("x", Io::kin, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("weights", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {3, 0}}, Check::knone, {-1, -1}),
    tensor("places", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {3, 0}}, Check::kbelow, {2, -1}),
    tensor("dx", Io::kout, Role::kactivation, false, bit(DType::f32) | bit(DType::bf16), Shape::kdims, -1, 2, {{2, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("dweights", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {3, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_tensor_cast[] = {
    tensor("src", Io::kin, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::f16), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    tensor("dst", Io::kout, Role::kplain, false, bit(DType::f32) | bit(DType::bf16) | bit(DType::f16), Shape::klike, 0, 0, {}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_logits_add_sparse[] = {
    tensor("logits", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("rows", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{2, 0}}, Check::kbelow, {0, -1}),
    tensor("cols", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{2, 0}}, Check::kbelow, {1, -1}),
    tensor("values", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{2, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_logits_softcap[] = {
    tensor("logits", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kany, -1, 0, {}, Check::knone, {-1, -1}),
    attribute("cap", Attribute::knumber, 5e-324, 3.4028234663852886e+38, "> 0"),
};

constexpr ArgSpec k_sample[] = {
    tensor("logits", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("temperature", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("topK", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kfrom0, {-1, -1}),
    tensor("topP", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("minP", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("seeds", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {-1, 2}}, Check::knone, {-1, -1}),
    tensor("counters", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("tokens", Io::kout, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_logits_adjust[] = {
    tensor("logits", Io::kinout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("biasIds", Io::kin, Role::kplain, true, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::kunder, {1, -1}),
    tensor("biasValues", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("slots", Io::kin, Role::kplain, true, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kunder, {3, -1}),
    tensor("counts", Io::kin, Role::kplain, true, bit(DType::i32), Shape::kdims, -1, 2, {{3, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("frequencyPenalty", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("presencePenalty", Io::kin, Role::kplain, true, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("mask", Io::kin, Role::kplain, true, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {4, 0}}, Check::knone, {-1, -1}),
};

constexpr ArgSpec k_token_counts_add[] = {
    tensor("counts", Io::kinout, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("slots", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{2, 0}}, Check::kunder, {0, -1}),
    tensor("tokens", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{2, 0}}, Check::kbelow, {1, -1}),
};

constexpr ArgSpec k_logits_top_log_probs[] = {
    tensor("logits", Io::kin, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {1, 0}}, Check::knone, {-1, -1}),
    tensor("tokens", Io::kin, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 1, {{0, 0}}, Check::kbelow, {1, -1}),
    tensor("logp", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 1, {{0, 0}}, Check::knone, {-1, -1}),
    tensor("topIds", Io::kout, Role::kplain, false, bit(DType::i32), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
    tensor("topLogp", Io::kout, Role::kplain, false, bit(DType::f32), Shape::kdims, -1, 2, {{0, 0}, {2, 0}}, Check::knone, {-1, -1}),
};

const char* require_lora_paged_forward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[2].view.dtype != values[3].view.dtype) return "same dtype a b";
  return nullptr;
}

const char* require_rope(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (!(2 * symbols[3] <= symbols[2])) return "2 * Half <= D";
  return nullptr;
}

const char* require_attention_forward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (symbols[3] == 0 || !(symbols[1] % symbols[3] == 0)) return "H % KV == 0";
  return nullptr;
}

const char* require_attention_backward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (symbols[3] == 0 || !(symbols[1] % symbols[3] == 0)) return "H % KV == 0";
  return nullptr;
}

const char* require_kv_write(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[3].view.dtype != values[4].view.dtype) return "same dtype kCache vCache";
  return nullptr;
}

const char* require_rope_kv_write(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (!(2 * symbols[4] <= symbols[2])) return "2 * Half <= D";
  if (values[6].view.dtype != values[7].view.dtype) return "same dtype kCache vCache";
  return nullptr;
}

const char* require_paged_attention(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (symbols[4] == 0 || !(symbols[1] % symbols[4] == 0)) return "H % KV == 0";
  if (values[1].view.dtype != values[2].view.dtype) return "same dtype kCache vCache";
  return nullptr;
}

const char* require_tensor_copy(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[0].view.dtype != values[1].view.dtype) return "same dtype src dst";
  return nullptr;
}

const char* require_tensor_add(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[0].view.dtype != values[1].view.dtype) return "same dtype a b";
  if (values[0].view.dtype != values[2].view.dtype) return "same dtype a out";
  return nullptr;
}

const char* require_tensor_accumulate(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[0].view.dtype != values[1].view.dtype) return "same dtype dst src";
  return nullptr;
}

const char* require_dropout(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[0].view.dtype != values[1].view.dtype) return "same dtype x y";
  return nullptr;
}

const char* require_gather_rows(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[0].view.dtype != values[2].view.dtype) return "same dtype x y";
  return nullptr;
}

const char* require_scatter_rows_add(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[0].view.dtype != values[2].view.dtype) return "same dtype x y";
  return nullptr;
}

const char* require_slice_columns_forward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[0].view.dtype != values[1].view.dtype) return "same dtype x y";
  if (!(symbols[2] <= symbols[1])) return "W <= N";
  return nullptr;
}

const char* require_slice_columns_backward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[0].view.dtype != values[1].view.dtype) return "same dtype dy dx";
  if (!(symbols[1] <= symbols[2])) return "W <= N";
  return nullptr;
}

const char* require_route_top_k_forward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (!(symbols[2] <= symbols[1])) return "k <= E";
  return nullptr;
}

const char* require_route_top_k_backward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (values[1].view.dtype != values[3].view.dtype) return "same dtype logits dlogits";
  if (!(symbols[1] <= symbols[2])) return "k <= E";
  return nullptr;
}

const char* require_expert_lora_forward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (!(symbols[4] <= symbols[6])) return "r <= q";
  return nullptr;
}

const char* require_expert_lora_backward(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (!(symbols[5] <= symbols[6])) return "r <= q";
  return nullptr;
}

const char* require_logits_top_log_probs(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
  if (!(symbols[2] <= symbols[1])) return "k <= V";
  return nullptr;
}

constexpr OpSpec kSpecs[kOpCount] = {
    {"linearForward", k_linear_forward, 4, {"M", "K", "N"}, 3, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.01}, -1, true},
    {"linearGroupForward", k_linear_group_forward, 10, {"M", "K", "N0", "N1", "N2"}, 5, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.01}, -1, false},
    {"linearBackwardInput", k_linear_backward_input, 4, {"M", "N", "K"}, 3, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.001}, 0, false},
    {"linearBackwardWeight", k_linear_backward_weight, 6, {"M", "N", "K"}, 3, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.001}, 0, false},
    {"loraForward", k_lora_forward, 6, {"M", "K", "r", "N"}, 4, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.02, 0.001}, -1, true},
    {"loraBackward", k_lora_backward, 9, {"M", "N", "K", "r"}, 4, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.02, 0.01}, 4, false},
    {"loraGroupedForward", k_lora_grouped_forward, 22, {"M", "K", "N", "r0", "r1", "r2", "r3"}, 7, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.02, 0.001}, -1, false},
    {"loraPagedForward", k_lora_paged_forward, 9, {"T", "K", "P", "E", "L", "S", "N"}, 7, require_lora_paged_forward, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.02, 0.001}, -1, false},
    {"embeddingForward", k_embedding_forward, 3, {"T", "V", "d"}, 3, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, true},
    {"embeddingBackward", k_embedding_backward, 3, {"T", "d", "V"}, 3, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, 8, false},
    {"rmsNormForward", k_rms_norm_forward, 6, {"T", "d"}, 2, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, true},
    {"rmsNormBackward", k_rms_norm_backward, 8, {"T", "d"}, 2, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.001}, 10, false},
    {"addRmsNorm", k_add_rms_norm, 7, {"T", "d"}, 2, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, false},
    {"layerNormForward", k_layer_norm_forward, 7, {"T", "d"}, 2, nullptr, {0.000004, 0.000004, 0.000004, 0.000004, 0.000004}, 0, {0.01, 0.001}, -1, true},
    {"layerNormBackward", k_layer_norm_backward, 10, {"T", "d"}, 2, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.001}, 13, false},
    {"rope", k_rope, 5, {"T", "H", "D", "Half"}, 4, require_rope, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, true},
    {"swigluForward", k_swiglu_forward, 3, {}, 0, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, true},
    {"swigluBackward", k_swiglu_backward, 5, {}, 0, nullptr, {0.000004, 0.000004, 0.000004, 0.000004, 0.000004}, 0, {0.01, 0.001}, 16, false},
    {"gegluForward", k_geglu_forward, 4, {}, 0, nullptr, {0.000004, 0.000004, 0.000004, 0.000004, 0.000004}, 0, {0.01, 0.001}, -1, true},
    {"gegluBackward", k_geglu_backward, 6, {}, 0, nullptr, {0.000006, 0.000006, 0.000006, 0.000006, 0.000006}, 0, {0.01, 0.001}, 18, false},
    {"geluForward", k_gelu_forward, 3, {}, 0, nullptr, {0.000004, 0.000004, 0.000004, 0.000004, 0.000004}, 0, {0.01, 0.001}, -1, true},
    {"geluBackward", k_gelu_backward, 4, {}, 0, nullptr, {0.000006, 0.000006, 0.000006, 0.000006, 0.000006}, 0, {0.01, 0.001}, 20, false},
    {"attentionForward", k_attention_forward, 10, {"T", "H", "D", "KV", "S"}, 5, require_attention_forward, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0.015, {0.015, 0.001}, -1, true},
    {"attentionBackward", k_attention_backward, 14, {"T", "H", "D", "KV", "S"}, 5, require_attention_backward, {0.00002, 0.00002, 0.00002, 0.00002, 0.00002}, 0.025, {0.025, 0.001}, 22, false},
    {"kvWrite", k_kv_write, 5, {"T", "KV", "D", "P", "page"}, 5, require_kv_write, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"ropeKvWrite", k_rope_kv_write, 9, {"T", "H", "D", "KV", "Half", "P", "page"}, 7, require_rope_kv_write, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0.008, {0.01, 0.01}, -1, false},
    {"pagedAttention", k_paged_attention, 10, {"T", "H", "D", "P", "KV", "page", "S", "maxBlocks"}, 8, require_paged_attention, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0.01, {0.01, 0.001}, -1, false},
    {"tokenLogProbsForward", k_token_log_probs_forward, 8, {"T", "d", "V"}, 3, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.005}, -1, true},
    {"tokenLogProbsBackward", k_token_log_probs_backward, 8, {"T", "d", "V"}, 3, nullptr, {0.00002, 0.00002, 0.00002, 0.00002, 0.00002}, 0, {0.02, 0.02}, 27, false},
    {"tokenSums", k_token_sums, 4, {"T"}, 1, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, false},
    {"adamwStep", k_adamw_step, 15, {}, 0, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, false},
    {"adamw8bitStep", k_adamw8bit_step, 17, {"B"}, 1, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, false},
    {"sumSquares", k_sum_squares, 3, {}, 0, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, false},
    {"tensorFill", k_tensor_fill, 2, {}, 0, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"tensorCopy", k_tensor_copy, 2, {}, 0, require_tensor_copy, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"tensorScale", k_tensor_scale, 2, {}, 0, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, true},
    {"tensorAdd", k_tensor_add, 3, {}, 0, require_tensor_add, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, true},
    {"tensorAccumulate", k_tensor_accumulate, 2, {}, 0, require_tensor_accumulate, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, true},
    {"dropout", k_dropout, 5, {}, 0, require_dropout, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, true},
    {"gatherRows", k_gather_rows, 3, {"T", "d", "n"}, 3, require_gather_rows, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, true},
    {"scatterRowsAdd", k_scatter_rows_add, 3, {"n", "d", "T"}, 3, require_scatter_rows_add, {0, 0, 0, 0, 0}, 0, {0.01, 0}, -1, false},
    {"sliceColumnsForward", k_slice_columns_forward, 3, {"T", "N", "W"}, 3, require_slice_columns_forward, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, true},
    {"sliceColumnsBackward", k_slice_columns_backward, 3, {"T", "W", "N"}, 3, require_slice_columns_backward, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"routeTopKForward", k_route_top_k_forward, 4, {"T", "E", "k"}, 3, require_route_top_k_forward, {0.000004, 0.000004, 0.000004, 0.000004, 0.000004}, 0, {0.01, 0.001}, -1, true},
    {"routeTopKBackward", k_route_top_k_backward, 5, {"T", "k", "E"}, 3, require_route_top_k_backward, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.001}, 43, false},
    {"routeRows", k_route_rows, 5, {"T", "k", "P", "E"}, 4, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"expertLinearForward", k_expert_linear_forward, 5, {"R", "K", "E", "S", "N"}, 5, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.02, 0.001}, -1, true},
    {"expertLinearBackwardInput", k_expert_linear_backward_input, 6, {"R", "N", "E", "S", "K"}, 5, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.001}, 46, false},
    {"expertLinearBackwardWeight", k_expert_linear_backward_weight, 7, {"R", "N", "K", "E", "S"}, 5, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.001}, 46, false},
    {"expertLoraForward", k_expert_lora_forward, 9, {"R", "K", "E", "S", "r", "N", "q"}, 7, require_expert_lora_forward, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.02, 0.001}, -1, true},
    {"expertLoraBackward", k_expert_lora_backward, 12, {"R", "N", "K", "E", "S", "r", "q"}, 7, require_expert_lora_backward, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.02, 0.01}, 49, false},
    {"mixRowsForward", k_mix_rows_forward, 4, {"R", "d", "T", "k"}, 4, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, true},
    {"mixRowsBackward", k_mix_rows_backward, 6, {"T", "d", "R", "k"}, 4, nullptr, {0.00001, 0.00001, 0.00001, 0.00001, 0.00001}, 0, {0.01, 0.001}, 51, false},
    {"tensorCast", k_tensor_cast, 2, {}, 0, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"logitsAddSparse", k_logits_add_sparse, 4, {"B", "V", "n"}, 3, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"logitsSoftcap", k_logits_softcap, 2, {}, 0, nullptr, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, false},
    {"sample", k_sample, 8, {"B", "V"}, 2, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"logitsAdjust", k_logits_adjust, 8, {"B", "V", "n", "S", "W"}, 5, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"tokenCountsAdd", k_token_counts_add, 3, {"S", "V", "B"}, 3, nullptr, {0, 0, 0, 0, 0}, 0, {0, 0}, -1, false},
    {"logitsTopLogProbs", k_logits_top_log_probs, 5, {"B", "V", "k"}, 3, require_logits_top_log_probs, {0.000002, 0.000002, 0.000002, 0.000002, 0.000002}, 0, {0.01, 0.001}, -1, false},
};

}  // namespace

const OpSpec& op_spec(int op) { return kSpecs[op]; }

}  // namespace hone
