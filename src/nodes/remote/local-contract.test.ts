import { contract } from '../contract.test-suite.ts';
import { TestBed } from '../local/test-bed.fixture.ts';
import { wired } from './wired.fixture.ts';

/** The agent starts and stops its nodes; whoever asks it does not. */
contract('local, over a connection', async () => {
  const bed = new TestBed();
  const local = bed.driver();
  await local.start();
  const { driver, close } = await wired(local);
  return {
    driver,
    cleanUp: async () => {
      close();
      await local.stop();
      await bed.cleanUp();
    },
  };
});
