#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { boot } from '../index.js';

const { version, description } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description?: string;
};

const program = new Command('sys-indirect').description(description ?? '').version(version);
program.command('demo').action(() => {
  console.log(boot());
});
await program.parseAsync();
