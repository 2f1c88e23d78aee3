/** Errors of those who call: reported as one line, without a stack. */

/** What was asked for is not possible; the message says what is. */
export class UsageError extends Error {}
