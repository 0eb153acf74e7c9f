// Objects that can be called: models and tokenizers, as in Hugging Face's libraries.

/**
 * A base class whose instances are functions that forward to one of their methods. It must be
 * extended, never used alone: fields of the derived class then land on the function.
 *
 * @example
 * class Doubler extends Callable {
 *   constructor() { super('twice'); }
 *   twice(x: number): number { return 2 * x; }
 * }
 */
export abstract class Callable {
  /** @param method the name of the method that a call of the instance runs */
  constructor(method: string) {
    const self: Record<string, (...args: unknown[]) => unknown> = Object.setPrototypeOf(
      (...args: unknown[]) => self[method]?.(...args),
      new.target.prototype,
    );
    return self as unknown as Callable;
  }
}
