#pragma once
#include <cstdint>
#include <vector>

#include "core/card.h"
#include "harness/fixture.h"

namespace hone::test {

// How a case is put on a card, where the op table leaves a choice.
struct CardForm {
  bool is_mixed_wide = false;        // `act|f32` in f32.
  bool is_parameter_narrow = false;  // `param` in bf16.
  bool is_shifted = false;           // Every plain tensor one element behind a multiple of 256 bytes.
  int alias_of[24];                  // The argument whose memory an output takes, or -1.

  CardForm();
};

// The forms that an op has: every choice of dtypes, shifted addresses, and what the op table says may be done in place.
std::vector<CardForm> card_forms(const Fixture& fixture);
// The arguments that lie on a card in bf16 where the case has f32, a bit each.
unsigned narrow_arguments(const OpSpec& spec, const CardForm& form);

// The arguments of a fixture on a card, with 256 bytes of poison around each of them.
class CardFixture {
 public:
  CardFixture(const Fixture& fixture, const CardForm& form);
  CardFixture(const CardFixture&) = delete;
  CardFixture& operator=(const CardFixture&) = delete;

  // Puts the arguments on the card, from `base` on, and packs the weights there.
  Status put(Card& card, std::byte* base);
  Status run(Card& card);
  std::int64_t bytes() const { return static_cast<std::int64_t>(image_.size()); }

  // After the run: an argument as it lies in the card's memory now.
  View result(int arg) const;
  bool is_result(int arg) const;
  const std::vector<std::uint8_t>& image() const { return image_; }
  // The name of the argument in or before which a byte changed that is none of the op's outputs; null: there is none.
  const char* strayed() const;

  ArgValue values[24];

 private:
  void place(int arg, const CardForm& form);
  void fill(int arg);
  void hide_guards() const;

  const Fixture& fixture_;
  const OpSpec& spec_;
  std::int64_t offset_[24] = {};
  std::int64_t bytes_[24] = {};
  std::int64_t weight_offset_[24] = {};
  CardWeight weights_[24];
  std::vector<std::uint8_t> image_, before_;
  std::byte* base_ = nullptr;
};

}  // namespace hone::test
