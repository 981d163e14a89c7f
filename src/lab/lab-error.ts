/** The lab could not do something: what, and how the reader gets out of it. */
export class LabError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LabError';
    this.remedy = remedy;
  }
}
