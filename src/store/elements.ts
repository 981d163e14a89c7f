import { type RawBuilder, sql } from 'kysely';

/**
 * To stand behind `in`, for any number of values: one statement, which is prepared once, and no bound on parameters.
 * @param values - encoded as their column is stored
 */
export function elementsOf<T>(values: readonly T[]): RawBuilder<T> {
  return sql<T>`(select value from json_each(${JSON.stringify(values)}))`;
}
