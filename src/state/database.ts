import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Compilable } from 'kysely';
import { HardshellError } from '../contracts/index.ts';
import { CREATE_SCHEMA, SCHEMA_VERSION, type Tables } from './schema.ts';

/** Builds queries; never runs them. One text for SQLite here and for other engines later. */
export const sql: Kysely<Tables> = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** A query of `sql`, with the type of its rows. */
export type Query<Row> = Compilable<Row>;

/** Reading side of the database, inside or outside a transaction. */
export interface Reader {
  readonly all: <Row>(query: Query<Row>) => Row[];
  readonly get: <Row>(query: Query<Row>) => Row | undefined;
}

/** Creates a database that must not exist yet (`:memory:` always may). Throws `disk_failed`. */
export function createDatabase(path: string): Database {
  return new Database(path, 'create');
}

/** Opens an existing database and distrusts it: integrity and schema version are checked. Throws `state_corrupt`. */
export function openDatabase(path: string): Database {
  return new Database(path, 'open');
}

/**
 * One SQLite file in WAL mode with full synchronisation: a commit that returned survives a power cut.
 * Statements are prepared once and kept.
 */
export class Database implements Reader {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, way: 'create' | 'open') {
    try {
      this.#db = new DatabaseSync(path, { enableForeignKeyConstraints: true, allowExtension: false, timeout: 2_000 });
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;');
      if (way === 'create') this.#db.exec(`BEGIN; ${CREATE_SCHEMA} COMMIT;`);
      else this.#distrust();
      this.#db.enableDefensive(true);
    } catch (cause) {
      if (cause instanceof HardshellError) throw cause;
      throw new HardshellError('state_corrupt', `cannot ${way} the database \`${path}\`; restore it from a backup`, {
        fate: 'stop',
        cause,
      });
    }
  }

  #distrust(): void {
    const version = this.#db.prepare('PRAGMA user_version').get()?.['user_version'];
    const check = this.#db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (version !== SCHEMA_VERSION || check !== 'ok') {
      throw new HardshellError(
        'state_corrupt',
        'the database is damaged or of another version; restore it from a backup',
        {
          fate: 'stop',
        },
      );
    }
  }

  all<Row>(query: Query<Row>): Row[] {
    const { statement, parameters } = this.#prepare(query);
    return statement.all(...parameters) as Row[];
  }

  get<Row>(query: Query<Row>): Row | undefined {
    const { statement, parameters } = this.#prepare(query);
    return statement.get(...parameters) as Row | undefined;
  }

  /** Rows changed. */
  run(query: Query<unknown>): number {
    const { statement, parameters } = this.#prepare(query);
    return Number(statement.run(...parameters).changes);
  }

  /** Raw statement of ours, without values: transaction control. */
  exec(text: string): void {
    this.#db.exec(text);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(query: Query<unknown>): { statement: StatementSync; parameters: SQLInputValue[] } {
    const { sql: text, parameters } = query.compile();
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return { statement, parameters: parameters as SQLInputValue[] };
  }
}
