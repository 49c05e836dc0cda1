#include "core/plan.h"

#include <string>
#include <utility>

#include "core/dispatch.h"
#include "null/null-device.h"

namespace hone {

Status Plan::add(int op, const ArgValue* values, int count, std::vector<std::shared_ptr<Storage>> held, Device device,
                 const std::vector<ValueCheck>& checks) {
  if (!steps_.empty() && device != device_) {
    return bad_argument(std::string("expected the ops of a plan on one device but received ") + device_name(device_) + " and " +
                        device_name(device));
  }
  device_ = device;
  Step step{op, values_.size(), count, {}};
  values_.insert(values_.end(), values, values + count);
  held_.insert(held_.end(), std::make_move_iterator(held.begin()), std::make_move_iterator(held.end()));
  for (const ValueCheck& check : checks) {
    if (is_written(check.view)) {
      step.checks.push_back(check);
      continue;
    }
    bool known = false;
    for (const ValueCheck& other : checks_) {
      known = known || (other.view.data == check.view.data && other.view.count() == check.view.count() &&
                        other.bound == check.bound && other.arg->check == check.arg->check);
    }
    if (!known) checks_.push_back(check);
  }
  const OpSpec& spec = op_spec(op);
  for (int i = 0; i < count; ++i) {
    const bool is_index = spec.args[i].attribute == Attribute::knone && values[i].view.dtype == DType::i32;
    if (is_index && spec.args[i].io != Io::kin && values[i].view.present()) written_.push_back(values[i].view);
  }
  steps_.push_back(std::move(step));
  return {};
}

bool Plan::is_written(const View& view) const {
  const auto* begin = static_cast<const std::int32_t*>(view.data);
  for (const View& other : written_) {
    const auto* first = static_cast<const std::int32_t*>(other.data);
    if (begin < first + other.count() && first < begin + view.count()) return true;
  }
  return false;
}

Status Plan::run(Context& context, Isa isa, Card* card, int& failed_op) {
  if (is_counted(device_)) {
    for (const Step& step : steps_) HONE_TRY(null_device::run(step.op, values_.data() + step.first_value, step.value_count));
    return {};
  }
  failed_op = steps_.empty() ? -1 : steps_.front().op;
  if (device_ == Device::cuda) return run_on(*card, failed_op);
  for (const ValueCheck& check : checks_) HONE_TRY(check_value(check));
  for (const Step& step : steps_) {
    failed_op = step.op;
    for (const ValueCheck& check : step.checks) HONE_TRY(check_value(check));
    HONE_TRY(run_op(step.op, isa, context, values_.data() + step.first_value));
  }
  return {};
}

Status Plan::run_on(Card& card, int& failed_op) {
  if (graph_ != nullptr) return card.launch(*graph_);
  const auto run_steps = [&]() -> Status {
    for (const Step& step : steps_) {
      failed_op = step.op;
      HONE_TRY(card.run(step.op, values_.data() + step.first_value));
    }
    return {};
  };
  HONE_TRY(run_steps());
  // What is captured now is only written down: the effects of this run are those of the ops above.
  HONE_TRY(card.begin_capture());
  const Status queued = run_steps();
  std::unique_ptr<CardGraph> graph;
  const Status ended = card.end_capture(graph);
  HONE_TRY(queued);
  HONE_TRY(ended);
  graph_ = std::move(graph);
  return {};
}

int PlanTable::insert(Plan plan) {
  const int number = next_++;
  plans_.emplace(number, Entry{std::move(plan), thread_owner()});
  return number;
}

Status PlanTable::find(int number, Plan*& out) {
  const auto found = plans_.find(number);
  if (found == plans_.end()) return {Code::bad_handle, "expected a live plan but received " + std::to_string(number)};
  out = &found->second.plan;
  return {};
}

Status PlanTable::release(int number) {
  if (plans_.erase(number) == 1) return {};
  return {Code::bad_handle, "expected a live plan but received " + std::to_string(number)};
}

void PlanTable::release_owner(int owner) {
  std::erase_if(plans_, [&](const auto& entry) { return entry.second.owner == owner; });
}

}  // namespace hone
