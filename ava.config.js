// Test sources are test/**/*.test.ts; what runs is their compiled form, so `npm run compile` goes first.
// Inside build/ the name 'sys-indirect' means build/ too (scripts/self-reference.js): a test that imports both an example,
// which uses the package's name, and an internal by relative path still has one copy of every module.
export default {
  files: ['test/**/*.test.ts'],
  typescript: { rewritePaths: { 'test/': 'build/test/' }, compile: false },
  nodeArguments: ['--enable-source-maps'],
};
