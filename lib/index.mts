// The door of ES modules to index.ts.
export * from './index.js';
