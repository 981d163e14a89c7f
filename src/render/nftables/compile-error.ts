/** The topology holds something that cannot be written into a table of nftables. Nothing was produced. The text is for people. */
export class PacketError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PacketError';
  }
}
