// The GPU in the C surface.
#include <cstring>
#include <string>

#include "core/guarded.h"
#include "hone/hone.h"

using namespace hone;

extern "C" {

int hone_card_open(const char* library, hone_card* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(runtime.open_card(library));
    const CardFacts& facts = runtime.card->facts();
    *out = {{},
            facts.ordinal,
            facts.compute_capability,
            facts.multiprocessors,
            facts.driver_version,
            facts.runtime_version,
            facts.total_bytes,
            facts.free_bytes,
            facts.budget_bytes};
    std::strncpy(out->name, facts.name.c_str(), sizeof(out->name) - 1);
    return {};
  });
}

int hone_card_counts(hone_card_counters* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(runtime.open_card());
    const CardCounters counters = runtime.card->counters();
    *out = {counters.launches, counters.graph_launches, counters.synchronisations, counters.bytes_to_card, counters.bytes_from_card};
    return {};
  });
}

int hone_card_synchronise(void) {
  return guarded([](Runtime& runtime) -> Status {
    HONE_TRY(runtime.open_card());
    return runtime.card->synchronise();
  });
}

int hone_copy_start(hone_handle source, hone_handle target, int64_t* ticket) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor *from = nullptr, *to = nullptr;
    HONE_TRY(runtime.tensors.find(source, from));
    HONE_TRY(runtime.tensors.find(target, to));
    const Device here = from->storage->device, there = to->storage->device;
    *ticket = 0;
    const bool is_like = from->view.dtype == to->view.dtype && from->view.count() == to->view.count();
    if (!is_like || is_packed(from->view.dtype)) {
      return bad_argument("expected two plain tensors of one dtype and count but received " + describe(from->view) + " and " +
                          describe(to->view));
    }
    if (is_counted(here) && is_counted(there)) return {};
    const bool is_crossing = (here == Device::cuda && there == Device::pinned) || (here == Device::pinned && there == Device::cuda);
    if (!is_crossing) {
      return bad_argument(std::string("expected a copy between cuda and pinned but received ") + device_name(here) + " and " +
                          device_name(there));
    }
    const auto bytes = from->view.count() * static_cast<std::int64_t>(dtype_bytes(from->view.dtype));
    return runtime.card->start_copy(from->view.data, to->view.data, bytes, *ticket);
  });
}

int hone_copy_await(int64_t ticket) {
  return guarded([&](Runtime& runtime) -> Status { return ticket == 0 ? Status{} : runtime.card->await_copy(ticket); });
}

}  // extern "C"
