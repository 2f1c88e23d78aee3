/** The rows of the benchmark on the mock kernel, each awaited from TypeScript through libc. Their namesakes in native.c make the same calls. */
import { file_rows } from './file_rows.js';
import { process_rows } from './process_rows.js';
import type { Row } from './row.js';
import { socket_rows } from './socket_rows.js';

export const rows: readonly Row[] = [...socket_rows, ...file_rows, ...process_rows];
