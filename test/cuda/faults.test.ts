// The emulator's own test: every planted fault of faults.cu is noticed, in the mode that can.
import t, { type Test } from 'tap';
import { needEmulator, runFault, type Sanitizer } from '../support/cuda';

needEmulator(t);

const [nan, bits] = [/^not a number$/m, /^other bits$/m];
const race = (kernel: string) =>
  new RegExp(`data race[^]*?#0 ${kernel}_kernel [^ ]*faults\\.cu:\\d+`);
const overflow = (kernel: string) =>
  new RegExp(`buffer-overflow[^]*?#0 \\S+ in ${kernel}_kernel [^ ]*faults\\.cu:\\d+`);

/** What each fault shows, plain and under the two sanitizers; none = it stays silent there. */
const faults: Record<string, { plain?: RegExp; address?: RegExp; thread?: RegExp }> = {
  read_after_write: { plain: nan, address: nan, thread: race('read_after_write') },
  write_after_read: { plain: bits, address: bits, thread: race('write_after_read') },
  dynamic_off_by_one: {
    plain: /wrote 0 bytes past its 256 bytes of dynamic shared memory/,
    address: overflow('dynamic_off_by_one'),
  },
  static_off_by_one: { plain: nan, address: overflow('static_off_by_one') },
  row_overflow: { plain: nan, address: /faults\.cu:\d+:\d+: runtime error: index 32 out of/ },
  missing_syncwarp: { plain: nan, address: nan, thread: race('missing_syncwarp') },
  short_copy_wait: { plain: nan, address: nan, thread: nan },
  divergent_barrier: { plain: /divergent barrier: .*faults\.cu:\d+, others wait at line \d+/ },
  early_exit: { plain: /left the kernel while others wait:\n.*faults\.cu:\d+ for the block/ },
  divergent_shuffle: { plain: /deadlock:\n.*faults\.cu:\d+ for lanes ffffffff/ },
  outside_mask: { plain: /faults\.cu:\d+: lane 0 reads lane 16, which is not in mask 0000ffff/ },
  global_overflow: { address: overflow('global_overflow') },
  misaligned_vector: { address: /runtime error: .* misaligned address .* 16 byte alignment/ },
  not_atomic: { thread: race('not_atomic') },
  atomic_order: { plain: bits, address: bits, thread: bits },
  between_blocks: { plain: bits, address: bits, thread: bits },
  unwritten_shared: { plain: nan, address: nan, thread: nan },
  too_many_threads: { plain: /invalid configuration/ },
  too_much_shared: { plain: /invalid configuration/ },
};

async function judge(t: Test, sanitizer: Sanitizer, key: 'plain' | 'address' | 'thread') {
  for (const [name, shows] of Object.entries(faults)) {
    const wanted = shows[key];
    if (!wanted) continue;
    const { output, errors, code } = await runFault(name, sanitizer);
    t.not(code, 0, `${name} is noticed`);
    t.match(output + errors, wanted, name);
  }
  const { output, code } = await runFault('sound', sanitizer);
  t.equal(code, 0, 'a sound kernel is not accused');
  t.match(output, /^silent$/m);
}

t.test('plain: five orders of threads, poisoned shared memory', (t) => judge(t, '', 'plain'));
t.test('AddressSanitizer and UBSan', (t) => judge(t, '_address', 'address'));
t.test('ThreadSanitizer', (t) => judge(t, '_thread', 'thread'));

t.test('ThreadSanitizer between blocks', async (t) => {
  const env = { ALBERT_EMULATOR_BETWEEN_BLOCKS: '1' };
  const { errors, code } = await runFault('between_blocks', '_thread', env);
  t.not(code, 0);
  t.match(errors, race('between_blocks'), 'two blocks write one place');
  const sound = await runFault('sound', '_thread', env);
  t.equal(sound.code, 0, 'a sound kernel is not accused');
});

t.test('the table names every kernel of the program', async (t) => {
  const { output } = await runFault('--list');
  t.same(output.trim().split('\n').sort(), [...Object.keys(faults), 'sound'].sort());
});
