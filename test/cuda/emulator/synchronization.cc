// Barriers of the block, exchanges within a warp, tensor-core products, asynchronous copies.
#include <bit>
#include <string>

#include "block.h"
#include "sanitizers.h"
#include "shared_memory.h"
#include "tensor_core.h"

namespace emulator {

namespace {

void release_block() {
  block.arrived = 0;
  ++block.turn;
  block.warp = block.schedule.order == Order::kReverse ? block.warp_count - 1 : 0;
  if (block.schedule.order == Order::kRandom) shuffle_randomly(block.order);
  for (const unsigned i : block.order) make_ready(*block.threads[i]);
}

void release_lanes(unsigned first_thread, unsigned mask) {
  for (unsigned i = 0; i < kWarp; ++i) {
    const unsigned other = block.schedule.order == Order::kReverse ? kWarp - 1 - i : i;
    if (mask >> other & 1) make_ready(*block.threads[first_thread + other]);
  }
}

/// The rendezvous of this lane and mask; refuses lanes that are elsewhere.
Rendezvous& meet(unsigned mask, Site at) {
  const unsigned self = lane(), first_thread = block.current->index - self;
  if (!(mask >> self & 1)) {
    fail("%s:%u: lane %u is not in its own mask %08x", at.file_name(), at.line(), self, mask);
  }
  const unsigned lanes = block.thread_count - first_thread;
  if (lanes < kWarp && mask >> lanes != 0) {
    fail("%s:%u: mask %08x names lanes that this warp of %u lacks", at.file_name(), at.line(),
         mask, lanes);
  }
  Rendezvous& place = block.rendezvous[first_thread + unsigned(std::countr_zero(mask))];
  if (!place.arrived) {
    place.mask = mask;
    place.at = at;
  } else if (place.mask != mask || !is_same(place.at, at)) {
    fail("divergent warp: lane %u is at %s:%u with mask %08x, others wait at line %u with mask "
         "%08x",
         self, at.file_name(), at.line(), mask, place.at.line(), place.mask);
  }
  return place;
}

struct Meeting {
  bool is_fence;  // orders memory, as __syncwarp does and a shuffle does not
  void (*resolve)(Payload* lanes);
};

const Payload* exchange(unsigned mask, const uint32_t* mine, size_t words, Site at,
                        const Meeting& meeting) {
  Rendezvous& place = meet(mask, at);
  const unsigned self = lane(), turn = place.turn & 1;
  auto* payload = reinterpret_cast<uint32_t*>(&place.payload[turn][self]);
  for (size_t i = 0; i < words; ++i) payload[i] = mine[i];
  begin_wait(mask, at);
  if (meeting.is_fence) release(&place.place[turn]);
  place.arrived |= 1u << self;
  if (place.arrived == mask) {
    place.arrived = 0;
    ++place.turn;
    if (meeting.resolve) meeting.resolve(place.payload[turn]);
    release_lanes(block.current->index - self, mask);
  }
  go_on();
  if (meeting.is_fence) acquire(&place.place[turn]);
  return place.payload[turn];
}

double element_of(uint32_t pair, int high, MmaElement element) {
  const auto bits = uint16_t(pair >> (high ? 16 : 0));
  if (element == MmaElement::kBF16) return std::bit_cast<float>(uint32_t(bits) << 16);
  const double sign = bits & 0x8000 ? -1 : 1;
  const int exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
  if (exponent == 31) return fraction ? __builtin_nan("") : sign * __builtin_inf();
  const double significand = exponent == 0 ? fraction * 0x1p-24 : (fraction + 1024) * 0x1p-25;
  return sign * (exponent == 0 ? significand : significand * double(1u << exponent));
}

/// In: registers a[0..3], b[0..1] of each lane. Out: its four sums, exact to double precision.
template <MmaElement kElement>
void multiply_fragments(Payload* lanes) {
  double a[16][16], b[16][8], d[16][8] = {};
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    const auto* in = reinterpret_cast<const uint32_t*>(&lanes[lane]);
    const unsigned group = lane / 4, pair = lane % 4 * 2;
    for (unsigned half = 0; half < 2; ++half) {
      for (unsigned r = 0; r < 4; ++r) {
        a[group + r % 2 * 8][pair + half + r / 2 * 8] = element_of(in[r], int(half), kElement);
      }
      for (unsigned r = 0; r < 2; ++r) {
        b[pair + half + r * 8][group] = element_of(in[4 + r], int(half), kElement);
      }
    }
  }
  for (int i = 0; i < 16; ++i) {
    for (int k = 0; k < 16; ++k) {
      for (int j = 0; j < 8; ++j) d[i][j] += a[i][k] * b[k][j];
    }
  }
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    for (unsigned r = 0; r < 4; ++r) {
      lanes[lane].words[r] = std::bit_cast<uint64_t>(d[lane / 4 + r / 2 * 8][lane % 4 * 2 + r % 2]);
    }
  }
}

/// float32 by cutting off, which is how tensor cores round; infinities and NaN stay.
float truncated(double value) {
  return float(std::bit_cast<double>(std::bit_cast<uint64_t>(value) & ~0x1fffffffull));
}

bool is_misaligned(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % 16 != 0;
}

}  // namespace

unsigned lane() {
  return block.current->index % kWarp;
}

void sync_block(Site at) {
  if (block.done) {
    fail("%s:%u: barrier after %u threads left the kernel", at.file_name(), at.line(), block.done);
  }
  if (!block.arrived++) {
    block.barrier_at = at;
  } else if (!is_same(at, block.barrier_at)) {
    fail("divergent barrier: thread (%u,%u,%u) is at %s:%u, others wait at line %u", threadIdx.x,
         threadIdx.y, threadIdx.z, at.file_name(), at.line(), block.barrier_at.line());
  }
  begin_wait(0, at);
  char* place = &block.barrier_place[block.turn & 1];
  release(place);
  if (block.arrived == block.thread_count) release_block();
  go_on();
  acquire(place);
}

void sync_warp(unsigned mask, Site at) {
  exchange(mask, nullptr, 0, at, {.is_fence = true, .resolve = nullptr});
}

const Payload* exchange(unsigned mask, const void* mine, size_t bytes, Site at) {
  return exchange(mask, mine, bytes, at, nullptr);
}

const Payload* exchange(unsigned mask, const void* mine, size_t bytes, Site at,
                        void (*resolve)(Payload*)) {
  return exchange(mask, static_cast<const uint32_t*>(mine), bytes / sizeof(uint32_t), at,
                  Meeting{.is_fence = false, .resolve = resolve});
}

void mma(float* d, const uint32_t (&registers)[6], const float* c, MmaElement element, Site at) {
  const bool narrow = element == MmaElement::kBF16;
  const Payload* lanes = exchange(~0u, registers, sizeof registers, at,
                                  narrow ? multiply_fragments<MmaElement::kBF16>
                                         : multiply_fragments<MmaElement::kF16>);
  for (int i = 0; i < 4; ++i) {
    d[i] = truncated(std::bit_cast<double>(lanes[lane()].words[i]) + double(c[i]));
  }
}

void check_row(const void* row, const char* instruction, Site at) {
  if (is_misaligned(row)) {
    fail("%s:%u: %s row is not aligned to 16 bytes", at.file_name(), at.line(), instruction);
  }
  if (!is_shared(row, 16)) {
    fail("%s:%u: %s row is outside shared memory", at.file_name(), at.line(), instruction);
  }
}

void check_copy(const void* to, const void* from, bool valid, Site at) {
  if (is_misaligned(to) || (valid && is_misaligned(from))) {
    fail("%s:%u: cp.async is not aligned to 16 bytes", at.file_name(), at.line());
  }
  if (!is_shared(to, 16)) {
    fail("%s:%u: cp.async target is outside shared memory", at.file_name(), at.line());
  }
}

void queue_copy(const Copy& copy) {
  Thread& self = *block.current;
  if (self.queued_copies - self.taken_copies == kMaxCopies) {
    fail("more than %u asynchronous copies of one thread in flight", kMaxCopies);
  }
  self.copies[self.queued_copies++ % kMaxCopies] = {copy, self.copy_group};
}

void commit_copies() {
  ++block.current->copy_group;
}

bool take_finished_copy(int pending, Copy& copy) {
  Thread& self = *block.current;
  if (self.taken_copies == self.queued_copies) return false;
  const auto& oldest = self.copies[self.taken_copies % kMaxCopies];
  if (oldest.group + unsigned(pending) >= self.copy_group) return false;
  copy = oldest.copy;
  ++self.taken_copies;
  return true;
}

}  // namespace emulator
