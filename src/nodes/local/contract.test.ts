import { contract } from '../contract.test-suite.ts';
import { TestBed } from './test-bed.fixture.ts';

contract('local', async () => {
  const bed = new TestBed();
  return Promise.resolve({ driver: bed.driver(), cleanUp: () => bed.cleanUp() });
});
