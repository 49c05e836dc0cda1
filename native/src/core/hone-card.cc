// The GPU in the C surface.
#include <cstring>

#include "core/guarded.h"
#include "hone/hone.h"

using namespace hone;

extern "C" {

int hone_card_open(hone_card* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(runtime.open_card());
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

}  // extern "C"
