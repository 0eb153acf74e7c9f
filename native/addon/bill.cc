// Bills → JavaScript.
#include "addon/bill.h"

namespace albert::addon {

Napi::Value bill_to_javascript(Napi::Env env, const std::vector<BillItem>& bill) {
  Napi::Array array = Napi::Array::New(env, bill.size());
  for (size_t i = 0; i < bill.size(); ++i) {
    Napi::Object item = Napi::Object::New(env);
    item.Set("name", bill[i].name);
    item.Set("bytes", double(bill[i].bytes));
    array.Set(uint32_t(i), item);
  }
  return array;
}

void ReportedBytes::report(const std::vector<BillItem>& bill) {
  int64_t bytes = 0;
  for (const BillItem& item : bill) bytes += int64_t(item.bytes);
  report(bytes);
}

void ReportedBytes::close() {
  report(0);
  closed_ = true;
}

void ReportedBytes::report(int64_t bytes) {
  if (closed_) return;
  int64_t total = 0;
  napi_adjust_external_memory(env_, bytes - bytes_, &total);
  bytes_ = bytes;
}

}  // namespace albert::addon
