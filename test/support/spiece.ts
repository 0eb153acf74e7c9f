// SentencePiece models: the shipped one, and small ones made from it, in protobuf wire format.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { native, type NativeTokenizer, type NativeTokenizerOptions } from '../../dist/native.js';

/** The model of the published English checkpoints. */
export const spiece = path.join(__dirname, '../../models/sst2-mini/spiece.model');

export const spieceBytes = readFileSync(spiece);

const rules: NativeTokenizerOptions = {
  do_lower_case: true,
  remove_space: true,
  keep_accents: false,
  google_rules: false,
};

/** A tokenizer at the native door, which alone can show SentencePiece without ALBERT's rules. */
export function nativeTokenizer(
  model: Uint8Array = spieceBytes,
  options: Partial<NativeTokenizerOptions> = {},
): Promise<NativeTokenizer> {
  return native.load_tokenizer(model, { ...rules, ...options });
}

/** One length-delimited field of a message. */
export interface Field {
  number: number;
  bytes: Buffer;
  /** Where it begins and ends in the message, its tag included. */
  begin: number;
  end: number;
}

/** The fields of a message that has only length-delimited ones, as a SentencePiece model has. */
export function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const begin = at;
    const tag = varint();
    if ((tag & 7) !== 2) throw new Error(`field at ${begin} is not length-delimited`);
    const length = varint();
    at += length;
    fields.push({ number: tag >> 3, bytes: message.subarray(at - length, at), begin, end: at });
  }
  return fields;
}

export function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varintOf((number << 3) | 2), varintOf(bytes.length), bytes]);
}

export function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varintOf(number << 3), varintOf(value)]);
}

function varintOf(value: number): Buffer {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

/** Types of pieces. */
export const pieceType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };

export function piece(text: string, score: number, type = pieceType.normal): Buffer {
  const float = Buffer.alloc(4);
  float.writeFloatLE(score);
  const message = [field(1, Buffer.from(text)), Buffer.from([(2 << 3) | 5]), float];
  if (type !== pieceType.normal) message.push(varintField(3, type));
  return field(1, Buffer.concat(message));
}

/** The normalizer of the shipped model, its charsmap included. */
export function shippedNormalizer(): Buffer {
  const found = readFields(spieceBytes).find(({ number }) => number === 3);
  if (!found) throw new Error('the shipped model has no normalizer');
  return field(3, found.bytes);
}
