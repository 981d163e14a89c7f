import { contract } from '../contract.test-suite.ts';
import { NoopNodes } from '../noop/noop-nodes.ts';
import { wired } from './wired.fixture.ts';

contract('noop, over a connection', async () => {
  const { driver, close } = await wired(new NoopNodes());
  return { driver, cleanUp: async () => close() };
});
