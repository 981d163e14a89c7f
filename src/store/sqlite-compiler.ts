/**
 * Kysely's SQL, written so that a prepared statement stays prepared. A parameter that SQLite's planner has looked at (a
 * bare one behind `limit`, or one compared with a column that a partial index names) makes it plan the statement anew at
 * each binding, which takes several times as long as a small query.
 */
import { type BinaryOperationNode, type LimitNode, SqliteQueryCompiler, ValueNode } from 'kysely';

export class SteadyQueryCompiler extends SqliteQueryCompiler {
  /** No bare parameter: the planner does not look into the cast. */
  protected override visitLimit({ limit }: LimitNode): void {
    this.append('limit cast(');
    this.visitNode(limit);
    this.append(' as integer)');
  }

  /** The two booleans stand in the statement itself, where a partial index for one of them can be chosen for good. */
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const right = node.rightOperand;
    if (!ValueNode.is(right) || typeof right.value !== 'boolean') return super.visitBinaryOperation(node);
    this.visitNode(node.leftOperand);
    this.append(' ');
    this.visitNode(node.operator);
    this.append(right.value ? ' 1' : ' 0');
  }
}
