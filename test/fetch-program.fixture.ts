/** Run inside a namespace: sends requests that come as lines of JSON, and prints what is answered. */
import { createInterface } from 'node:readline';

interface Order {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

async function answer({ method, url, headers, body }: Order): Promise<object> {
  try {
    const response = await fetch(url, { method, headers, body });
    return { status: response.status, token: response.headers.get('x-subject-token'), body: await response.text() };
  } catch (error) {
    return { status: 0, token: null, body: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Order))}\n`);
