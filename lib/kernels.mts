// The door of ES modules to kernels.ts.
export * from './kernels.js';
