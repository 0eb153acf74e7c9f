// Cuts bytes that arrive in chunks into lines of text.

/** One line without its end; `number` counts from 1. */
export interface Line {
  number: number;
  text: string;
}

// No line of text is that long; a binary file without line ends must not fill the memory.
const longestLine = 1 << 26;

/**
 * The lines of a text, in groups as they arrive. A line ends at LF or CRLF, the last one with or
 * without; invalid UTF-8 becomes U+FFFD; a byte order mark is dropped.
 *
 * @param name says where the text is from, for messages
 * @throws (rejects) Error for a line of over 64 MiB, and what `chunks` throws
 */
export async function* lineGroups(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder();
  let number = 0;
  const toLine = (text: string): Line => {
    return { number: ++number, text: text.endsWith('\r') ? text.slice(0, -1) : text };
  };
  let rest = '';
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    parts[0] = rest + parts[0];
    rest = parts.pop()!;
    if (rest.length > longestLine) {
      throw new Error(`${name}:${number + parts.length + 1}: a line of over 64 MiB`);
    }
    if (parts.length > 0) yield parts.map(toLine);
  }
  rest += decoder.decode();
  if (rest !== '') yield [toLine(rest)];
}
