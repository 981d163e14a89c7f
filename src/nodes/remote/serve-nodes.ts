/** Answers the questions about this host's nodes from their driver. What comes is checked before anything is done with it. */
import type { NodeDriver } from '../node.ts';
import { NodeError } from '../node.ts';
import type { Question } from './agreement.ts';
import { ShapeError, object, uuid } from './shape.ts';
import { configMessage, readPlan } from './wire.ts';

type Served = Exclude<Question, 'renew'>;
type Answer = (driver: NodeDriver, params: unknown) => Promise<unknown>;

const ID = object({ id: uuid });
const ORDER = object({ id: uuid, plan: readPlan });

const ANSWERS: Readonly<Record<Served, Answer>> = {
  list: (driver) => driver.list(),
  present: async (driver, params) => configMessage(await driver.present(idIn(params))),
  apply: (driver, params) => {
    const { id, plan } = ORDER(params, 'the order');
    return driver.apply(id, plan).then(() => null);
  },
  remove: (driver, params) => driver.remove(idIn(params)).then(() => null),
  read: (driver, params) => driver.read(idIn(params)),
  held: async (driver, params) => (await driver.held?.(idIn(params))) ?? null,
  tidy: (driver) => driver.tidy().then(() => null),
};

function idIn(params: unknown): string {
  return ID(params, 'the question').id;
}

/** For a channel's `answer`. Rejects with a NodeError for what is not understood. */
export async function answerFrom(driver: NodeDriver, question: string, params: unknown): Promise<unknown> {
  if (!Object.hasOwn(ANSWERS, question)) throw new NodeError(`this agent does not know '${question.slice(0, 64)}'`);
  try {
    return await ANSWERS[question as Served](driver, params);
  } catch (error) {
    if (error instanceof ShapeError) throw new NodeError(`not understood: ${error.message}`, { cause: error });
    throw error;
  }
}
