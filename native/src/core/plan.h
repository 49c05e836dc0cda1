#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/card.h"
#include "core/check-args.h"
#include "core/context.h"
#include "core/op-spec.h"
#include "core/tensor-table.h"

namespace hone {

// A recorded list of ops whose tensors were looked up and whose shapes were checked once. Running it costs no lookup and no
// crossing per op; only the values of index tensors, which change between runs, are checked again. It owns its tensors: freeing
// their handles does not take them away from it. On a GPU the first run goes op by op, which shows that all of it runs and makes the
// workspace as large as it has to be, and is then captured as a graph, which every later run launches.
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
  // Refused where it lies on another device than those before it.
  Status add(int op, const ArgValue* values, int count, std::vector<std::shared_ptr<Storage>> held, Device device,
             const std::vector<ValueCheck>& checks);
  // `card` is the GPU, null where there is none.
  Status run(Context& context, Isa isa, Card* card, int& failed_op);

  // Where the numbers of a run go before it, and where they are read after it; absent views have rank 0.
  Tensor input, output;

 private:
  bool is_written(const View& view) const;
  Status run_on(Card& card, int& failed_op);

  std::vector<Step> steps_;
  std::vector<ArgValue> values_;
  std::vector<ValueCheck> checks_;
  std::vector<View> written_;
  std::vector<std::shared_ptr<Storage>> held_;
  Device device_ = Device::cpu;
  std::unique_ptr<CardGraph> graph_;
};

// Plans by number; like handles they belong to the thread that made them.
class PlanTable {
 public:
  int insert(Plan plan);
  Status find(int number, Plan*& out);
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
