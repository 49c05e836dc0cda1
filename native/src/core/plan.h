#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/check-args.h"
#include "core/context.h"
#include "core/op-spec.h"
#include "core/tensor-table.h"

namespace hone {

// A recorded list of ops whose tensors were looked up and whose shapes were checked once. Running it costs no lookup and no
// crossing per op; only the values of index tensors, which change between runs, are checked again. It owns its tensors: freeing
// their handles does not take them away from it.
class Plan {
 public:
  struct Step {
    int op = 0;
    std::size_t first_value = 0;
    int value_count = 0;
    // Of index tensors that an earlier step of the plan writes; the others are looked at before the first step.
    std::vector<ValueCheck> checks;
  };

  // One more op at the end. The values have passed check_shapes; `held` keeps their memory.
  void add(int op, const ArgValue* values, int count, std::vector<std::shared_ptr<Storage>> held, bool on_null,
           const std::vector<ValueCheck>& checks);
  Status run(Context& context, Isa isa, int& failed_op) const;

  // Where the numbers of a run go before it, and where they are read after it; absent views have rank 0.
  Tensor input, output;

 private:
  bool is_written(const View& view) const;

  std::vector<Step> steps_;
  std::vector<ArgValue> values_;
  std::vector<ValueCheck> checks_;
  std::vector<View> written_;
  std::vector<std::shared_ptr<Storage>> held_;
  bool on_null_ = false;
};

// Plans by number; like handles they belong to the thread that made them.
class PlanTable {
 public:
  int insert(Plan plan);
  Status find(int number, const Plan*& out) const;
  Status release(int number);
  void release_owner(int owner);

 private:
  struct Entry {
    Plan plan;
    int owner = 0;
  };
  std::map<int, Entry> plans_;
  int next_ = 1;
};

}  // namespace hone
