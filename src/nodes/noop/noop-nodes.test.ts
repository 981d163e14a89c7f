import { contract } from '../contract.test-suite.ts';
import { NoopNodes } from './noop-nodes.ts';

contract('noop', async () => Promise.resolve({ driver: new NoopNodes(), cleanUp: async () => Promise.resolve() }));
