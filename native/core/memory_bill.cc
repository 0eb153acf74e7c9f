// Bills in words.
#include "core/memory_bill.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "core/error.h"

namespace albert {

namespace {

std::string mebibytes(size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", double(bytes) / (1 << 20));
  return text;
}

std::string in_words(std::vector<BillItem> bill) {
  std::stable_sort(bill.begin(), bill.end(),
                   [](const BillItem& a, const BillItem& b) { return a.bytes > b.bytes; });
  std::string words;
  for (const BillItem& item : bill) {
    words += (words.empty() ? "" : ", ") + item.name + " " + mebibytes(item.bytes);
  }
  return words;
}

}  // namespace

size_t total_bytes(const std::vector<BillItem>& bill) {
  return std::accumulate(bill.begin(), bill.end(), size_t{0},
                         [](size_t total, const BillItem& item) { return total + item.bytes; });
}

void require_room(const MemoryDemand& demand) {
  const size_t total = total_bytes(demand.bill);
  const size_t wanted = total > demand.held ? total - demand.held : 0;
  if (wanted <= demand.free) return;
  throw Error(ErrorCode::kMemory, demand.what + ": " + mebibytes(wanted) + " more are needed, " +
                                      mebibytes(demand.free) + " are free on " + demand.device +
                                      "; use a narrower dtype or smaller batches. The bill: " +
                                      in_words(demand.bill));
}

}  // namespace albert
