// Contract of dropout, and the definition of its mask.
#include "ops/dropout.h"

#include <cmath>

#include "ops/contract.h"

namespace albert {

namespace {

constexpr int64_t kLanes = 16;  // neighbouring columns, one in each of as many blocks
constexpr int64_t kSlots = 8;   // half words of a block
constexpr uint32_t kResolution = 1 << 16;

void check_matrices(const Contract& contract, const Tensor& x, const Tensor& y) {
  contract.expect_float("x", x, {"R", "C"});
  contract.expect("y", y, x.dtype, {x.rows(), x.columns()});
}

}  // namespace

PhiloxKey dropout_key(uint64_t seed, uint64_t update, uint32_t site, uint32_t pass) {
  const PhiloxBlock words = philox({uint32_t(update), uint32_t(update >> 32), site, pass},
                                   {uint32_t(seed), uint32_t(seed >> 32)});
  return {words[0], words[1]};
}

uint32_t dropout_threshold(const Dropout& dropout) {
  const auto threshold = uint32_t(std::lround(dropout.probability * kResolution));
  return threshold < kResolution ? threshold : kResolution - 1;
}

double dropout_scale(const Dropout& dropout) {
  return double(kResolution) / double(kResolution - dropout_threshold(dropout));
}

double dropout_factor(const Dropout& dropout, int64_t row, int64_t head, int64_t column) {
  const uint32_t threshold = dropout_threshold(dropout);
  if (threshold == 0) return 1;
  const int64_t block = kLanes * (column / (kLanes * kSlots)) + column % kLanes;
  const int64_t slot = column / kLanes % kSlots;
  const auto position = uint32_t(dropout.rows.positions.as<const int32_t>()[row]);
  const auto sequence = uint32_t(dropout.rows.sequences.as<const int32_t>()[row]);
  const PhiloxBlock words =
      philox({uint32_t(block), position, sequence, uint32_t(head)}, dropout.key);
  const uint32_t bits = words[size_t(slot / 2)] >> (slot % 2 == 0 ? 0 : 16) & (kResolution - 1);
  return bits < threshold ? 0 : dropout_scale(dropout);
}

void check(const DropoutForward& op) {
  const Contract contract("dropout");
  check_matrices(contract, op.x, op.y);
  contract.expect_dropout(op.dropout, op.x.rows());
}

double flops(const DropoutForward& op) {
  return double(op.x.size());
}

double bytes(const DropoutForward& op) {
  return bytes_of({op.y, op.x, op.dropout.rows.sequences, op.dropout.rows.positions});
}

void check(const DropoutBackward& op) {
  const Contract contract("dropout_backward");
  check_matrices(contract, op.dy, op.dx);
  contract.expect_dropout(op.dropout, op.dy.rows());
}

double flops(const DropoutBackward& op) {
  return double(op.dy.size());
}

double bytes(const DropoutBackward& op) {
  return bytes_of({op.dx, op.dy, op.dropout.rows.sequences, op.dropout.rows.positions});
}

}  // namespace albert
