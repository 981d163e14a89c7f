/** The topology holds something that cannot be written into haproxy.cfg. Nothing was produced. The text is for people. */
export class CompileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CompileError';
  }
}
