// Cuts input lines into batches of items: enough to fill the engine, few enough to bound memory.
import type { Line } from './lines.js';
import { LineError, parseObject } from './items.js';
import type { TaskCommand } from './tasks/task.js';

/** An item and the line it came from (0: the command line). */
export interface Entry {
  item: unknown;
  line: number;
}

// A text is cut to the model's positions, some 2,500 characters, so that the characters of a batch
// bound its tokens from above.
const longestBatch = 256;
const charactersPerBatch = 1 << 15;

/** Where lines come from, and what they are for. */
export interface LineContext {
  /** The name of the source, for messages. */
  source: string;
  command: TaskCommand;
  options: unknown;
  /** Every line is plain text, also one that starts with {. */
  textOnly?: boolean | undefined;
}

/**
 * The items of lines, in batches. A group of lines that arrived together ends its last batch, so
 * that a slow source is answered at once.
 *
 * @throws Error that names the line, after the batch of all items before it
 */
export async function* toBatches(
  groups: AsyncIterable<Line[]>,
  context: LineContext,
): AsyncGenerator<Entry[]> {
  for await (const lines of groups) {
    let batch: Entry[] = [];
    let characters = 0;
    for (const { number, text } of lines) {
      characters += text.length;
      if (batch.length === longestBatch || (batch.length > 0 && characters > charactersPerBatch)) {
        yield batch;
        [batch, characters] = [[], text.length];
      }
      const item = readItem(text, context);
      if (item instanceof LineError) {
        if (batch.length > 0) yield batch;
        throw new Error(`${context.source}:${number}: ${item.message}`, { cause: item });
      }
      batch.push({ item, line: number });
    }
    if (batch.length > 0) yield batch;
  }
}

function readItem(text: string, { command, options, textOnly }: LineContext): unknown {
  try {
    const fields = textOnly ? undefined : parseObject(text);
    return fields ? command.fromObject(fields, options) : command.fromLine(text, options);
  } catch (error) {
    if (error instanceof LineError) return error;
    throw error;
  }
}
