// What is quick of `npm run matrix`: package managers, module systems, bundlers, and installations that cannot work, each with the
// packages of this checkout from a registry of its own. The whole matrix is one command of a release (CONTRIBUTING.md).

interface Context {
  close(): Promise<void>;
}

interface Cell {
  readonly section: string;
  readonly name: string;
  readonly quick: boolean;
  run(context: Context): unknown;
}

const scripts = '../../scripts/matrix';
const { cells } = (await import(`${scripts}/cells.mjs`)) as { cells: readonly Cell[] };
const { createContext } = (await import(`${scripts}/context.mjs`)) as {
  createContext: () => Promise<Context>;
};

describe('the packages, installed from a registry', function () {
  this.timeout(300_000);
  let context: Context | undefined;

  before('pack them, start a registry', async () => {
    context = await createContext();
  });

  after('end it', () => context?.close());

  for (const cell of cells.filter(({ quick }) => quick)) {
    const { section, name } = cell;
    it(`${section}: ${name}`, () => cell.run(context!));
  }
});
