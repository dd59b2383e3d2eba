export interface Migration {
  /** 1, 2, 3, …; a released migration never changes. */
  readonly id: number;
  readonly name: string;
  readonly statements: readonly string[];
}
