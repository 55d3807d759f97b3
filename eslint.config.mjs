import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Beside the usual rules, those of this house that a machine can check; each message says why. The rest of them are in
// scripts/lint.mjs.

const typescript = ['lib/**/*.ts', 'binding/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'];

const forbidImports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

const typedImports = (patterns) => ({ '@typescript-eslint/no-restricted-imports': ['error', { patterns }] });

/** What lib's own files may not import, whatever room they are in. */
const outsideOfLib = [
  {
    group: ['**/build/**', '**/prebuilds/**', '**/*.node', '**/src-native/**'],
    message: 'lib reaches the addon through binding only, where its surface is declared once.',
  },
  { group: ['**/binding/load', '**/binding/load.js'], message: 'Import binding/native.js: it loads the addon.' },
  { group: ['seekafka', '**/test/**'], message: 'lib is the package; it imports its own files by path.' },
];

/** The rooms of lib, from the top. Each imports only those that stand below it; rooms in one row do not know each other. */
const rooms = [
  ['table', 'opentelemetry', 'prometheus'],
  ['testing'],
  ['admin', 'producer'],
  ['consumer'],
  ['seek'],
  ['assignment'],
  ['lookups'],
  ['client'],
  ['config', 'serde'],
];
const wayOut =
  'Data flows one way: what is needed from above is handed in (a function, an interface), or it belongs further down.';

/** One rule a room: what stands above it, or beside it, is not for it. */
const roomRules = rooms.flatMap((row, level) =>
  row.map((room) => {
    const above = rooms.slice(0, level).flat();
    const beside = row.filter((other) => other !== room);
    const others = (names, allowTypeImports) => ({
      group: names.map((name) => `../${name}/*`),
      allowTypeImports,
      message: `lib/${room} does not import what stands above it or beside it. ${wayOut}`,
    });
    const patterns = [...outsideOfLib, others([...above, ...beside, 'index.js'], false)];
    // A transaction names the consumer whose offsets it commits, and asks it by an internal method.
    if (room === 'producer') patterns.push(others(['consumer'], true));
    // It is a module of its own: what it took of another room would be there twice.
    if (room === 'opentelemetry') patterns.push(others(rooms.slice(1).flat(), true), others(['arguments'], true));
    if (room === 'admin') patterns.push(others(['consumer'], false));
    return { files: [`lib/${room}/**/*.ts`], rules: typedImports(patterns) };
  }),
);

/** ESLint's own rules for all code. (TypeScript checks the rest of eslint's recommended set itself.) */
const common = {
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-console': 'off',
  'no-constant-condition': ['error', { checkLoops: false }],
  'no-else-return': 'error',
  'no-empty': 'error',
  'no-fallthrough': 'error',
  'no-promise-executor-return': 'off',
  'no-return-assign': 'off',
  'no-self-compare': 'error',
  'no-template-curly-in-string': 'error',
  'no-unneeded-ternary': 'error',
  'no-unsafe-finally': 'error',
  'no-useless-catch': 'error',
  'no-useless-rename': 'error',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
};

export default defineConfig(
  globalIgnores([
    'dist/',
    'build/',
    'prebuilds/',
    '.deps/',
    '.kafka/',
    'examples/*/', // projects of their own, with their own packages: npm run examples
    '**/.built/',
    '**/*.generated.ts',
    'lib/config/properties.ts',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: typescript,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...common,
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/promise-function-async': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },

  {
    files: ['lib/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance'].map((name) => ({
          name,
          message: 'Take it from lib/client/timers.js: test runners fake those of the process.',
        })),
      ],
      ...typedImports([
        ...outsideOfLib,
        { group: ['node:timers', 'node:timers/promises'], message: 'Take it from lib/client/timers.js.' },
      ]),
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'dlopen', message: 'Only binding/load.ts loads the addon.' },
      ],
    },
  },
  // errors and arguments are the ground floor: they know nothing of the rooms.
  {
    files: ['lib/arguments/**/*.ts', 'lib/errors.ts'],
    rules: typedImports([
      ...outsideOfLib,
      {
        group: rooms.flat().flatMap((room) => [`../${room}/*`, `./${room}/*`]),
        message: `It is below all rooms. ${wayOut}`,
      },
    ]),
  },
  ...roomRules,
  { files: ['lib/client/timers.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    files: ['binding/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'no-console': 'error',
      ...forbidImports({
        group: ['**/lib/**', 'seekafka'],
        message: 'binding never imports lib: it is the one-to-one surface of the addon and knows no policy.',
      }),
    },
  },
  {
    files: ['bench/**/*.ts', 'examples/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      ...forbidImports({
        group: ['**/lib/**', '**/binding/**', '**/dist/**'],
        message: "Import 'seekafka', as users do.",
      }),
    },
  },

  {
    files: ['test/**/*.ts'],
    rules: {
      // chai's `expect(x).to.be.true` is an expression, and tests look into what they get.
      '@typescript-eslint/no-unused-expressions': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.name=/^(describe.*|it|test|specify)$/][property.name="only"]',
          message: 'The other tests would not run: use --grep.',
        },
        {
          selector:
            'MemberExpression[object.name=/^(describe.*|it|test|specify)$/][property.name="skip"], ' +
            'CallExpression[callee.name=/^x(describe|context|it|specify)$/]',
          message: 'A test that does not run proves nothing: repair it or remove it.',
        },
        {
          selector: 'CallExpression[callee.object.type="ThisExpression"][callee.property.name="skip"]',
          message: "Where a machine lacks something, say what: skip(this, 'reason') of test/helpers/groups.ts.",
        },
        {
          selector: 'CallExpression[callee.property.name="retries"]',
          message: 'A test that passes at the second try hides a bug: find it.',
        },
      ],
    },
  },
  {
    // Each of its lines exists for its types alone.
    files: ['test/types/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-vars': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-misused-promises': 'off',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
    },
  },
  { files: ['test/types/rejects/**/*.ts'], extends: [tseslint.configs.disableTypeChecked] },

  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...['AbortController', 'AbortSignal', 'Buffer', 'URL', 'console', 'fetch', 'performance', 'process'],
          ...['setImmediate', 'setInterval', 'setTimeout', 'clearImmediate', 'clearInterval', 'clearTimeout'],
          ...['structuredClone', 'TextDecoder', 'TextEncoder'],
        ].map((name) => [name, 'readonly']),
      ),
    },
    rules: {
      ...common,
      'no-undef': 'error',
      'no-unreachable': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
);
