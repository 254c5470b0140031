/** The command line, or a file it names, is not what the command takes: exit status 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}
