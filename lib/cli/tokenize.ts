// albert tokenize: the tokens of texts.
import { defaultModel } from '../pipelines/index.js';
import { AlbertTokenizer } from '../tokenizer.js';
import { plain } from './format.js';

/** What the command can be told. */
export interface TokenizeCommandOptions {
  model?: string;
  ids?: boolean;
  json?: boolean;
}

/** Prints one line for each text. */
export async function tokenize(texts: string[], options: TokenizeCommandOptions): Promise<void> {
  const source = options.model ?? defaultModel('text-classification');
  const tokenizer = await AlbertTokenizer.from_pretrained(source);
  for (const text of texts) {
    const tokens = tokenizer.tokenize(text);
    const input_ids = tokenizer.encode(text);
    const people = (options.ids ? input_ids : tokens.map(plain)).join(' ');
    const line = options.json ? JSON.stringify({ tokens, input_ids }) : people;
    process.stdout.write(`${line}\n`);
  }
}
