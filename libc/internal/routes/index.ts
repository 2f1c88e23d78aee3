/** The routes by name. */
import { auto } from './auto.js';
import { dedicated } from './dedicated.js';
import { indirect } from './indirect.js';
import { legacy } from './legacy.js';
import type { Route } from './route.js';

export const routes = { auto, dedicated, indirect, legacy } satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
