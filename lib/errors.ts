// Errors of the library: AlbertError with a code, besides TypeError, RangeError and AbortError.

/** What an {@link AlbertError} says went wrong. */
export type AlbertErrorCode =
  | 'ERR_CONFIG'
  | 'ERR_FORMAT'
  | 'ERR_SHAPE'
  | 'ERR_BACKEND'
  | 'ERR_MEMORY'
  | 'ERR_DISPOSED'
  | 'ERR_BUSY'
  | 'ERR_NOT_FOUND'
  | 'ERR_DIVERGED'
  | 'ERR_IO'
  | 'ERR_INTERNAL';

/**
 * An error with a code that programs can act on and a message that says what to do.
 *
 * @example
 * try {
 *   await AutoModel.from_pretrained('./missing');
 * } catch (error) {
 *   if (error instanceof AlbertError && error.code === 'ERR_NOT_FOUND') process.exitCode = 1;
 * }
 */
export class AlbertError extends Error {
  override readonly name = 'AlbertError';

  constructor(
    readonly code: AlbertErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The error an aborted call rejects with: a DOMException named "AbortError", as `fetch` has it. */
export function abortError(message = 'The operation was aborted'): Error {
  return new DOMException(message, 'AbortError');
}

/** Makes the JavaScript error for a native one; handed to the addon, which knows names only. */
export function errorFromNative(name: string, message: string): Error {
  if (name === 'TypeError') return new TypeError(message);
  if (name === 'RangeError') return new RangeError(message);
  if (name === 'AbortError') return abortError(message);
  return new AlbertError(name as AlbertErrorCode, message);
}
