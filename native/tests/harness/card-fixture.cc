#include "harness/card-fixture.h"

#include <algorithm>
#include <cstring>

#include "core/half.h"
#include "harness/hidden.h"

namespace hone::test {
namespace {

constexpr std::int64_t kGuard = 256;  // Also what tensors are aligned to.
constexpr std::uint8_t kPoison = 0xff;

std::int64_t aligned(std::int64_t bytes) { return (bytes + kGuard - 1) / kGuard * kGuard; }

// What the formulas of the op table allow; the last name is an attribute that must be 0.
struct InPlace {
  const char* op;
  const char* output;
  const char* input;
  const char* unless;
};
constexpr InPlace kInPlace[] = {
    {"rmsNormBackward", "dx", "dy", "accumulate"}, {"swigluBackward", "dgate", "gate", nullptr}, {"swigluBackward", "dup", "up", nullptr},
    {"gegluBackward", "dgate", "gate", nullptr},   {"gegluBackward", "dup", "up", nullptr},      {"geluBackward", "dx", "x", nullptr},
    {"geluBackward", "dx", "dy", nullptr},
};

DType dtype_on_card(const ArgSpec& arg, DType dtype, const CardForm& form) {
  if (dtype != DType::f32) return dtype;
  if (arg.role == Role::kactivation) return DType::bf16;
  if (arg.role == Role::kmixed) return form.is_mixed_wide ? DType::f32 : DType::bf16;
  if (arg.role == Role::kparameter) return form.is_parameter_narrow ? DType::bf16 : DType::f32;
  return dtype;
}

bool has_role(const OpSpec& spec, Role role) {
  return std::any_of(spec.args, spec.args + spec.arg_count, [&](const ArgSpec& arg) { return arg.role == role; });
}

}  // namespace

CardForm::CardForm() { std::fill(alias_of, alias_of + 24, -1); }

std::vector<CardForm> card_forms(const Fixture& fixture) {
  std::vector<CardForm> forms(2);
  forms[1].is_shifted = true;
  if (has_role(fixture.spec, Role::kmixed) || has_role(fixture.spec, Role::kparameter)) {
    CardForm& other = forms.emplace_back();
    other.is_mixed_wide = other.is_parameter_narrow = true;
    forms.push_back(other);
    forms.back().is_shifted = true;
  }
  for (const InPlace& rule : kInPlace) {
    if (std::strcmp(rule.op, fixture.spec.name) != 0) continue;
    if (rule.unless != nullptr && fixture.values[fixture.find(rule.unless)].number != 0) continue;
    forms.emplace_back().alias_of[fixture.find(rule.output)] = fixture.find(rule.input);
  }
  return forms;
}

unsigned narrow_arguments(const OpSpec& spec, const CardForm& form) {
  unsigned bits = 0;
  for (int i = 0; i < spec.arg_count; ++i) {
    if (spec.args[i].attribute == Attribute::knone && dtype_on_card(spec.args[i], DType::f32, form) == DType::bf16) bits |= 1u << i;
  }
  return bits;
}

CardFixture::CardFixture(const Fixture& fixture, const CardForm& form) : fixture_(fixture), spec_(fixture.spec) {
  image_.assign(kGuard, kPoison);
  for (int i = 0; i < spec_.arg_count; ++i) {
    values[i] = fixture.values[i];
    if (values[i].view.present()) place(i, form);
  }
  for (int i = 0; i < spec_.arg_count; ++i) {
    if (form.alias_of[i] >= 0) offset_[i] = offset_[form.alias_of[i]];
  }
}

void CardFixture::place(int arg, const CardForm& form) {
  View& view = values[arg].view;
  const bool packed = is_packed(view.dtype);
  const View plain = packed ? fixture_.source(arg) : view;
  if (!packed) view.dtype = dtype_on_card(spec_.args[arg], view.dtype, form);
  const auto element = static_cast<std::int64_t>(dtype_bytes(packed ? plain.dtype : view.dtype));
  bytes_[arg] = plain.count() * element;
  offset_[arg] = static_cast<std::int64_t>(image_.size()) + (form.is_shifted && !packed ? element : 0);
  std::int64_t end = aligned(offset_[arg] + bytes_[arg]) + kGuard;
  if (packed) {
    CardWeight& weight = weights_[arg];
    weight.format = view.dtype;
    weight.rows = view.dim[0];
    weight.columns = view.dim[1];
    weight_offset_[arg] = end;
    end += aligned(card_weight_bytes(weight.format, weight.rows, weight.columns, weight.group, true)) + kGuard;
    view.packed = nullptr;
    view.on_card = &weight;
  }
  image_.resize(end, kPoison);
  fill(arg);
}

// Outputs start as poison.
void CardFixture::fill(int arg) {
  const View& from = values[arg].view.on_card != nullptr ? fixture_.source(arg) : fixture_.values[arg].view;
  if (spec_.args[arg].io == Io::kout) return;
  std::uint8_t* to = image_.data() + offset_[arg];
  if (values[arg].view.dtype != DType::bf16 || from.dtype == DType::bf16) {
    std::memcpy(to, from.data, bytes_[arg]);
    return;
  }
  for (std::int64_t i = 0; i < from.count(); ++i) {
    const std::uint16_t value = f32_to_bf16(from.data_as<float>()[i]);
    std::memcpy(to + 2 * i, &value, sizeof(value));
  }
}

Status CardFixture::put(Card& card, std::byte* base) {
  base_ = base;
  HONE_TRY(card.write(base, image_.data(), bytes()));
  for (int i = 0; i < spec_.arg_count; ++i) {
    View& view = values[i].view;
    if (!view.present()) continue;
    view.data = base + offset_[i];
    if (view.on_card == nullptr) continue;
    View source = fixture_.source(i);
    source.data = view.data;
    view.data = nullptr;
    place_card_weight(weights_[i], base + weight_offset_[i], true);
    HONE_TRY(card.pack(source, weights_[i]));
  }
  HONE_TRY(card.read(image_.data(), base, bytes()));
  before_ = image_;
  return check_args(fixture_.op_case.op, values, spec_.arg_count, Arithmetic::narrow, false);
}

Status CardFixture::run(Card& card) {
  HONE_TRY(card.write(base_, before_.data(), bytes()));
  HONE_TRY(card.synchronise());
  hide_guards();
  Status status = card.run(fixture_.op_case.op, values);
  if (status.ok()) status = card.synchronise();
  show(base_, static_cast<std::size_t>(bytes()));
  HONE_TRY(status);
  return card.read(image_.data(), base_, bytes());
}

// All but the tensors, so that a sanitizer sees what is read there too. Its card is always the emulated one, whose memory is the host's.
void CardFixture::hide_guards() const {
  hide(base_, image_.size());
  for (int i = 0; i < spec_.arg_count; ++i) {
    const View& view = values[i].view;
    if (!view.present()) continue;
    const CardWeight& weight = weights_[i];
    if (view.on_card == nullptr) show(base_ + offset_[i], static_cast<std::size_t>(bytes_[i]));
    else show(base_ + weight_offset_[i], static_cast<std::size_t>(card_weight_bytes(weight.format, weight.rows, weight.columns, weight.group, true)));
  }
}

View CardFixture::result(int arg) const {
  View view = values[arg].view;
  view.data = const_cast<std::uint8_t*>(image_.data()) + offset_[arg];
  return view;
}

bool CardFixture::is_result(int arg) const {
  const ArgSpec& spec = spec_.args[arg];
  return spec.attribute == Attribute::knone && spec.io != Io::kin && values[arg].view.present();
}

const char* CardFixture::strayed() const {
  std::vector<bool> is_free(image_.size(), false);
  for (int i = 0; i < spec_.arg_count; ++i) {
    if (is_result(i)) std::fill_n(is_free.begin() + offset_[i], bytes_[i], true);
  }
  for (std::size_t at = 0; at < image_.size(); ++at) {
    if (is_free[at] || image_[at] == before_[at]) continue;
    for (int i = 0; i < spec_.arg_count; ++i) {
      const std::int64_t end = std::max(offset_[i] + bytes_[i], weight_offset_[i]) + kGuard;
      if (values[i].view.present() && static_cast<std::int64_t>(at) < end) return spec_.args[i].name;
    }
    return "the last argument";
  }
  return nullptr;
}

}  // namespace hone::test
