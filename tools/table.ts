/** Tables of text. */

/** Break `text` at spaces into lines of at most `width`; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Columns as wide as their widest cell; the last one may have several lines, and is broken so that none exceeds `width`. */
export function format_table(rows: readonly (readonly string[])[], width = 120): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns - 1 }, (_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const indent = widths.reduce((n, w) => n + w + 2, 0);
  const lines = rows.flatMap((row) => {
    const head = widths.map((w, i) => `${(row[i] ?? '').padEnd(w)}  `).join('');
    const cell = (row[columns - 1] ?? '').split('\n');
    const [first = '', ...more] = cell.flatMap((text) => wrap(text, width - indent));
    return [head + first, ...more.map((text) => ' '.repeat(indent) + text)];
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}
