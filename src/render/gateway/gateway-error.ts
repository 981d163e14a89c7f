/** A gateway cannot carry what is asked of it, for a reason in words. */
export class GatewayCannotError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GatewayCannotError';
  }
}
