import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const nodeGlobals = { console: 'readonly', process: 'readonly', URL: 'readonly' };

export default defineConfig(
  globalIgnores(['build', 'dist', 'coverage', 'test/conformance']),
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { globals: nodeGlobals },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: ['tsconfig.core.json', 'tsconfig.node.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',

      // Handlers follow a shared signature: some need neither their `await` nor their `yield`, nor a body.
      '@typescript-eslint/require-await': 'off',
      'require-yield': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Operations live in records and are plain functions: none of them has a `this` to lose.
      '@typescript-eslint/unbound-method': 'off',
      // Hot paths index tables whose bounds were just checked.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'no-control-regex': 'off',
      // A protocol knows which extension of struct sock stands behind a socket of its family.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    // The core is deterministic and knows no host: time and randomness come from the kernel's own clock and seed.
    files: ['index.ts', 'libc/**/*.ts', 'kernel-mock/**/*.ts', 'tools/index.ts', 'tools/inject/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        { name: 'Date', message: "Take the time from the kernel's clock." },
        { name: 'performance', message: "Take the time from the kernel's clock." },
        { name: 'globalThis', message: 'The core knows no host.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: "Take randomness from the kernel's seed." },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^[^.]', message: 'The core imports its own files only.' }] },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use flat constants or an `as const` object.' },
        { selector: "ImportExpression[source.type!='Literal']", message: 'Name the imported module literally.' },
      ],
    },
  },
  {
    // Where the host's output is, if there is any, is the one thing that the entry point asks.
    files: ['index.ts'],
    rules: { 'no-console': 'off' },
  },
);
