// The sets of kernels that builds of this package may have.
/** Portable first, then by processor; best last. */
export const instructionSets = [
  'portable',
  'avx2',
  'avx512',
  'avx512_vnni',
  'avx512_bf16',
  'amx',
  'neon',
  'neon_dotprod',
  'neon_bf16',
] as const;

/** A set of kernels; `info().cpu.instruction_sets` has those that this machine can run. */
export type InstructionSet = (typeof instructionSets)[number];
