/**
 * Generated cases are the same in every run of the whole suite, so that it tells about the change at hand and not about
 * the dice. `TEST_SEED=random npm test` throws them anew, `TEST_SEED=<number>` repeats a run; fast-check names the seed of
 * whatever fails.
 */
import process from 'node:process';
import fc from 'fast-check';

const GIVEN = process.env['TEST_SEED'] ?? '20261123';

if (GIVEN !== 'random') {
  const seed = Number(GIVEN);
  if (!Number.isInteger(seed)) throw new Error(`TEST_SEED is a whole number or "random", not ${GIVEN}`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
